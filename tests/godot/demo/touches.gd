## Draws on the demo with two fingers, and takes it away by keys and by the button.
## Run in the demo's project with --script; prints what is not as it should be.
extends SceneTree

const Options := preload("res://options.gd")

var _demo: Node


func _initialize() -> void:
	await process_frame
	var scene: PackedScene = load("res://demo.tscn")
	_demo = scene.instantiate()
	root.add_child(_demo)
	_demo.call("start", "res://models/digits", Options.new(PackedStringArray()), null)
	await process_frame
	await process_frame
	_expect(_fingers() == 2, "two fingers, and the mouse that comes with them, make two strokes")
	for key: Key in [KEY_C, KEY_DELETE, KEY_BACKSPACE]:
		_fingers()
		_expect(not _demo.canvas.is_blank(), "there is ink")
		_press(key)
		_expect(_demo.canvas.is_blank(), "%s clears" % OS.get_keycode_string(key))
	_fingers()
	_tap(_demo.get_node("%Clear"))
	_expect(_demo.canvas.is_blank(), "a touch of the button clears")
	_demo.canvas.press(0, Vector2(50, 50))
	_demo.canvas.clear()
	_demo.canvas.move(0, Vector2(90, 90))
	_expect(_demo.canvas.is_blank(), "a finger that was down while it was cleared draws no more")
	print("touches are tested")
	quit()


## Draws two lines at once. Returns how many strokes that makes.
func _fingers() -> int:
	var ink: Node = _demo.canvas.get_child(0)
	var before := ink.get_child_count()
	for finger in 2:
		_touch(finger, Vector2(50, 50 + 50 * finger), true)
	for step in range(1, 10):
		for finger in 2:
			var drag := InputEventScreenDrag.new()
			drag.index = finger
			drag.position = _on_screen(_demo.canvas, Vector2(50 + 10 * step, 50 + 50 * finger))
			Input.parse_input_event(drag)
	for finger in 2:
		_touch(finger, Vector2(140, 50 + 50 * finger), false)
	return ink.get_child_count() - before


func _touch(finger: int, place: Vector2, down: bool) -> void:
	var touch := InputEventScreenTouch.new()
	touch.index = finger
	touch.pressed = down
	touch.position = _on_screen(_demo.canvas, place)
	Input.parse_input_event(touch)
	Input.flush_buffered_events()


func _tap(control: Control) -> void:
	for down: bool in [true, false]:
		var touch := InputEventScreenTouch.new()
		touch.pressed = down
		touch.position = _on_screen(control, control.size / 2)
		Input.parse_input_event(touch)
		Input.flush_buffered_events()


func _press(key: Key) -> void:
	var event := InputEventKey.new()
	event.keycode = key
	event.pressed = true
	Input.parse_input_event(event)
	Input.flush_buffered_events()


## From a control's own pixels to the window's.
func _on_screen(control: Control, place: Vector2) -> Vector2:
	return root.get_final_transform() * (control.get_global_transform() * place)


func _expect(true_that: bool, fact: String) -> void:
	if not true_that:
		printerr("SCRIPT ERROR: expected: " + fact)
