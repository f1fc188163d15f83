## Chooses the server among the demo's devices and draws the ten digits; prints the judgements.
## Run in the demo's project with --script and, after --, --connect ADDRESS:PORT.
extends SceneTree

const Drawings := preload("res://drawings.gd")


func _initialize() -> void:
	await process_frame
	var scene: PackedScene = load("res://main.tscn")
	root.add_child(scene.instantiate())
	await process_frame
	await process_frame
	var demo: Node = root.get_node("Main/Demo")
	var devices: OptionButton = demo.get_node("%Devices")
	var last := devices.item_count - 1
	print(devices.get_item_text(last))
	devices.select(last)
	devices.item_selected.emit(last)
	for digit in 10:
		Drawings.draw(Drawings.new().tallest(digit), demo.canvas)
		print("%d is %s" % [digit, await demo.judged])
	quit()
