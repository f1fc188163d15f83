## Draws recorded drawings in the demo's window: for a picture of it, and as a check of it.
extends Node

const Demo := preload("demo.gd")
const Drawings := preload("drawings.gd")
const Judgement := preload("shared/judgement.gd")

const PAUSE := 0.008  # seconds between two points, where a player looks on

var _demo: Demo
var _drawings := Drawings.new()


func _init(demo: Demo) -> void:
	_demo = demo


## Draws a digit as a hand would.
func draw(digit: int) -> void:
	await _layout()
	Drawings.draw(_drawings.tallest(digit), _demo.canvas, PAUSE)


## Draws a digit, and saves a picture of the window once the bars stand still.
func photograph(digit: int, path: String) -> Error:
	await _layout()
	await Drawings.draw(_drawings.tallest(digit), _demo.canvas, PAUSE)
	while not _demo.is_settled():
		await get_tree().process_frame
	await RenderingServer.frame_post_draw
	return get_viewport().get_texture().get_image().save_png(path)


## Draws all, prints what the network makes of each, and returns how many it did not recognise.
func check() -> int:
	await _layout()
	var wrong := 0
	for drawing in _drawings.all:
		Drawings.draw(drawing, _demo.canvas)
		var judgement: Judgement = await _demo.judged
		var right := judgement.label == str(drawing["digit"])
		wrong += int(not right)
		print(
			"%s  %d, %s, %d pixels high, pen of %d: %s"
			% [
				"ok   " if right else "WRONG",
				drawing["digit"],
				drawing["form"],
				Drawings.height(drawing),
				drawing["pen"],
				judgement,
			]
		)
	print("%d of %d recognised" % [_drawings.all.size() - wrong, _drawings.all.size()])
	return wrong


## Until all controls have their places.
func _layout() -> void:
	await get_tree().process_frame
	await get_tree().process_frame
