## The recorded drawings of strokes.json, and how they come onto a canvas.
extends RefCounted

const Canvas := preload("canvas.gd")
const PATH := "res://strokes.json"

## Of each: digit, form, pen, and strokes as [PackedVector2Array]s in the canvas's pixels.
var all: Array[Dictionary] = []


func _init() -> void:
	var file: Dictionary = JSON.parse_string(FileAccess.get_file_as_string(PATH))
	for drawing: Dictionary in file["drawings"]:
		var strokes: Array[PackedVector2Array] = []
		for numbers: Array in drawing["strokes"]:
			strokes.append(_points(numbers))
		all.append({
			"digit": int(drawing["digit"]),
			"form": drawing["form"],
			"pen": int(drawing["pen"]),
			"strokes": strokes,
		})


## The tallest drawing of a digit.
func tallest(digit: int) -> Dictionary:
	var best: Dictionary = {}
	for drawing in all:
		if drawing["digit"] == digit and (not best or height(drawing) > height(best)):
			best = drawing
	return best


## Height of a drawing in the canvas's pixels, from the uppermost point to the lowest.
static func height(drawing: Dictionary) -> float:
	var highest := INF
	var lowest := -INF
	for stroke: PackedVector2Array in drawing["strokes"]:
		for point in stroke:
			highest = minf(highest, point.y)
			lowest = maxf(lowest, point.y)
	return lowest - highest


## Draws on a canvas with a mouse: by the events that a player's mouse would send to its window.
## All at once, or point by point, one each [param pause] seconds.
static func draw(drawing: Dictionary, canvas: Canvas, pause := 0.0) -> void:
	canvas.clear()
	canvas.pen = drawing["pen"]
	for stroke: PackedVector2Array in drawing["strokes"]:
		_button(canvas, stroke[0], true)
		for point in stroke:
			_motion(canvas, point)
			if pause > 0:
				await canvas.get_tree().create_timer(pause).timeout
		_button(canvas, stroke[-1], false)


static func _button(canvas: Canvas, point: Vector2, down: bool) -> void:
	var event := InputEventMouseButton.new()
	event.button_index = MOUSE_BUTTON_LEFT
	event.pressed = down
	event.button_mask = MOUSE_BUTTON_MASK_LEFT if down else 0
	_send(canvas, event, point)


static func _motion(canvas: Canvas, point: Vector2) -> void:
	var event := InputEventMouseMotion.new()
	event.button_mask = MOUSE_BUTTON_MASK_LEFT
	_send(canvas, event, point)


static func _send(canvas: Canvas, event: InputEventMouse, point: Vector2) -> void:
	event.position = canvas.get_global_transform() * (point * canvas.size.x / Canvas.SIDE)
	event.global_position = event.position
	canvas.get_viewport().push_input(event, true)


static func _points(numbers: Array) -> PackedVector2Array:
	var points := PackedVector2Array()
	for index in range(0, numbers.size(), 2):
		points.append(Vector2(numbers[index], numbers[index + 1]))
	return points
