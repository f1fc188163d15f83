## Paper for mouse and fingers: shows ink as it is drawn, and holds the drawing as an [Image].
extends Control

const Stroke := preload("stroke.gd")

## The drawing is another than before.
signal changed

## Side of the drawing in its own pixels, whatever size it is shown at.
const SIDE := 448
## Motions shorter than this, in the drawing's pixels, are left out: they are a mouse's steps.
const NEAREST := 2.5
## Lines in which curves are drawn are about so long.
const SMOOTH := 4.0
## The mouse's index among those of fingers.
const MOUSE := -1

## Width of the pen, in the drawing's pixels.
var pen := 24

var _image := Image.create_empty(SIDE, SIDE, false, Image.FORMAT_RGBA8)
var _inked := Rect2i()
var _brush: Image
var _strokes: Dictionary = {}  # of each finger that is down, and of the mouse: its stroke
var _ink := Node2D.new()


func _ready() -> void:
	add_child(_ink)
	Input.use_accumulated_input = false  # each motion, not one a frame: fast curves stay round
	resized.connect(_fit)
	_fit()
	clear()


## Takes all ink away.
func clear() -> void:
	_image.fill(Color.BLACK)
	_inked = Rect2i()
	_strokes.clear()
	for stroke in _ink.get_children():
		stroke.queue_free()
	changed.emit()


## Whether there is nothing on it.
func is_blank() -> bool:
	return not _inked.has_area()


## The drawing, light on dark, [constant SIDE] square. It is the canvas's own: not to be changed.
func drawing() -> Image:
	return _image


## The inked part only, with a margin.
func cropped() -> Image:
	return _image.get_region(_inked.grow(8).intersection(Rect2i(0, 0, SIDE, SIDE)))


## Puts a pen down, at a point in the drawing's pixels.
func press(pointer: int, point: Vector2) -> void:
	var stroke := Stroke.new()
	stroke.width = pen
	stroke.tip = point
	_ink.add_child(stroke)
	_strokes[pointer] = stroke
	_extend(stroke, point)


## Moves a pen that is down. The ink turns smoothly: it goes from the middle of one motion to the
## middle of the next.
func move(pointer: int, point: Vector2) -> void:
	if not _strokes.has(pointer):
		return
	var stroke: Stroke = _strokes[pointer]
	if stroke.tip.distance_to(point) < NEAREST:
		return
	var start := stroke.last_point()
	var middle := stroke.tip.lerp(point, 0.5)
	var steps := ceili(start.distance_to(middle) / SMOOTH)
	for step in range(1, steps + 1):
		var t := step / float(steps)
		_extend(stroke, start.lerp(stroke.tip, t).lerp(stroke.tip.lerp(middle, t), t))
	stroke.tip = point


## Takes a pen up.
func lift(pointer: int) -> void:
	if _strokes.has(pointer):
		var stroke: Stroke = _strokes[pointer]
		_extend(stroke, stroke.tip)
	_strokes.erase(pointer)


func _gui_input(event: InputEvent) -> void:
	# Godot sends a touch a second time as a mouse event, for buttons.
	if event is InputEventMouse and event.device == InputEvent.DEVICE_ID_EMULATION:
		return
	var touch := event as InputEventScreenTouch
	var drag := event as InputEventScreenDrag
	var button := event as InputEventMouseButton
	var motion := event as InputEventMouseMotion
	if touch:
		_put(touch.index, touch.position, touch.pressed)
	elif drag:
		move(drag.index, _inside(drag.position))
	elif button and button.button_index == MOUSE_BUTTON_LEFT:
		_put(MOUSE, button.position, button.pressed)
	elif motion and motion.button_mask & MOUSE_BUTTON_MASK_LEFT:
		move(MOUSE, _inside(motion.position))
	elif motion:
		lift(MOUSE)  # it was let go elsewhere, or while the window was given the focus


func _put(pointer: int, place: Vector2, down: bool) -> void:
	if down:
		press(pointer, _inside(place))
	else:
		lift(pointer)


## From the control's pixels to the drawing's.
func _inside(place: Vector2) -> Vector2:
	return place * SIDE / size.x


func _fit() -> void:
	_ink.scale = Vector2.ONE * size.x / SIDE


## Makes a stroke longer, on the screen and in the image.
func _extend(stroke: Stroke, point: Vector2) -> void:
	_stamp(stroke.last_point() if stroke.has_points() else point, point)
	stroke.add_point(point)


## Inks the image from one point to another with a round brush.
func _stamp(from: Vector2, to: Vector2) -> void:
	if not _brush or _brush.get_width() != pen + 2:
		_brush = _round(pen)
	var steps := maxi(1, ceili(from.distance_to(to) / maxf(1, pen / 8.0)))
	var whole := Rect2i(Vector2i.ZERO, _brush.get_size())
	for step in range(1, steps + 1):
		var middle := from.lerp(to, step / float(steps))
		var corner := Vector2i((middle - _brush.get_size() / 2.0).round())
		_image.blend_rect(_brush, whole, corner)
		var inked := Rect2i(corner, _brush.get_size())
		_inked = _inked.merge(inked) if _inked.has_area() else inked
	changed.emit()


## A disc with a soft edge of one pixel.
static func _round(width: int) -> Image:
	var side := width + 2
	var brush := Image.create_empty(side, side, false, Image.FORMAT_RGBA8)
	for y in side:
		for x in side:
			var away := Vector2(x, y).distance_to(Vector2.ONE * (side - 1) / 2)
			brush.set_pixel(x, y, Color(1, 1, 1, clampf(width / 2.0 + 0.5 - away, 0, 1)))
	return brush
