extends SceneTree
## Has a script that was made from the template recognise picture.png.


func _initialize() -> void:
	var picture := Image.new()
	picture.load_png_from_buffer(FileAccess.get_file_as_bytes("res://picture.png"))
	var node: Node = load("res://template.gd").new()
	root.add_child(node)
	await process_frame
	print("RECOGNISED ", await node.recognise(picture))
	node.free()
	quit()
