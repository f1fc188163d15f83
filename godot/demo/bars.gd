## One bar a label, as long as the label is likely; they glide to where they belong.
extends Control

const TRACK := Color(0.118, 0.133, 0.169)
const BAR := Color(0.33, 0.38, 0.47)
const BEST := Color(1, 0.72, 0.3)
const TEXT := Color(0.56, 0.6, 0.68)
const BRIGHT := Color(0.93, 0.94, 0.97)
const THICKEST := 14.0  # pixels
const PERCENTS := 62.0  # pixels for the numbers behind the bars
const HASTE := 16.0  # the larger the sooner they arrive; a half in 1/23 s

var _labels := PackedStringArray()
var _wanted := PackedFloat32Array()
var _shown := PackedFloat32Array()
var _box := StyleBoxFlat.new()


func _ready() -> void:
	set_process(false)


## Says which bars there are; all are empty.
func set_labels(labels: PackedStringArray) -> void:
	_labels = labels
	_shown.resize(labels.size())
	_shown.fill(0)
	show_probabilities(PackedFloat32Array())


## Moves the bars: one value a label, 0 to 1; none at all empties them.
func show_probabilities(probabilities: PackedFloat32Array) -> void:
	_wanted = probabilities
	_wanted.resize(_labels.size())  # with zeros
	set_process(true)


## Whether the bars are where they belong.
func is_settled() -> bool:
	return not is_processing()


func _process(delta: float) -> void:
	var nearer := 1 - exp(-HASTE * delta)
	var farthest := 0.0
	for index in _shown.size():
		_shown[index] = lerpf(_shown[index], _wanted[index], nearer)
		farthest = maxf(farthest, absf(_shown[index] - _wanted[index]))
	if farthest < 0.0005:
		_shown = _wanted.duplicate()
		set_process(false)
	queue_redraw()


func _draw() -> void:
	var font := get_theme_default_font()
	var font_size := get_theme_default_font_size()
	var row := size.y / maxi(1, _labels.size())
	var from := 28.0
	var room := size.x - from - PERCENTS - 12
	var thick := minf(THICKEST, row * 0.5)
	var best := _best()
	for index in _labels.size():
		var middle := row * (index + 0.5)
		var base := middle + (font.get_ascent(font_size) - font.get_descent(font_size)) / 2
		var text := BRIGHT if index == best else TEXT
		draw_string(font, Vector2(0, base), _labels[index], HORIZONTAL_ALIGNMENT_LEFT, -1, font_size, text)
		_bar(Rect2(from, middle - thick / 2, room, thick), TRACK)
		if _shown[index] > 0.002:
			var length := room * _shown[index]
			_bar(Rect2(from, middle - thick / 2, length, thick), BEST if index == best else BAR)
		var percent := "%.1f %%" % (100 * _shown[index])
		draw_string(
			font, Vector2(size.x - PERCENTS, base), percent, HORIZONTAL_ALIGNMENT_RIGHT, PERCENTS, font_size, text
		)


func _bar(place: Rect2, colour: Color) -> void:
	_box.bg_color = colour
	_box.set_corner_radius_all(ceili(place.size.y * 0.3))
	draw_style_box(_box, place)


## The longest bar to be, or -1 where all are empty.
func _best() -> int:
	var best := -1
	for index in _wanted.size():
		if _wanted[index] > (_wanted[best] if best >= 0 else 0.0):
			best = index
	return best
