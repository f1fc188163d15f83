## The window: a player draws a digit and sees what the network makes of it as he draws.
extends MarginContainer

const Bars := preload("bars.gd")
const Canvas := preload("canvas.gd")
const Judgement := preload("shared/judgement.gd")
const Messages := preload("shared/messages.gd")
const Options := preload("options.gd")
const Preview := preload("preview.gd")
const Recogniser := preload("shared/recogniser.gd")
const Remote := preload("shared/remote.gd")

## The windows that demo.tscn is made for; in others everything grows, or shrinks a bit.
const PLANNED := Vector2(1152, 648)
const PLANNED_TALL := Vector2(560, 1040)
const LEAST_WINDOW := Vector2i(560, 420)

## The newest drawing is judged, or the canvas is blank.
signal judged(judgement: Judgement)

var _bundle: String
var _recogniser := Recogniser.new()
var _remote: Remote = null
var _asks_remote := false
var _chosen := 0  # index in the list of devices
var _changed := false
var _judging := false

@onready var canvas: Canvas = %Canvas
@onready var bars: Bars = %Bars
@onready var _preview: Preview = %Preview
@onready var _devices: OptionButton = %Devices


func _ready() -> void:
	set_process(false)
	get_window().min_size = LEAST_WINDOW
	get_window().size_changed.connect(_fit)
	_fit()
	canvas.pen = roundi(%Pen.value)
	canvas.changed.connect(_on_canvas_changed)
	%Pen.value_changed.connect(func(width: float) -> void: canvas.pen = roundi(width))
	%Clear.pressed.connect(canvas.clear)
	_devices.item_selected.connect(_on_device_selected)


## Opens the bundle and does what the command line says. Returns why it cannot, or "".
func start(bundle: String, options: Options, messages: Messages) -> String:
	_bundle = bundle
	var error := _recogniser.open(bundle, options.device)
	if error:
		return error
	if options.address:
		_remote = Remote.new(options.address, options.port, messages)
		add_child(_remote)
	_list_devices(options)
	bars.set_labels(_recogniser.model.labels)
	set_process(true)
	return ""


## Whether all that is drawn is judged and shown.
func is_settled() -> bool:
	return not _changed and not _judging and bars.is_settled()


func _unhandled_key_input(event: InputEvent) -> void:
	var key := event as InputEventKey
	if key.pressed and key.keycode in [KEY_C, KEY_DELETE, KEY_BACKSPACE]:
		canvas.clear()


# Judging: one drawing at a time. While one is judged, the canvas holds the newest, which is next.


func _on_canvas_changed() -> void:
	_changed = true
	%Hint.visible = canvas.is_blank()


func _process(_delta: float) -> void:
	if _changed and not _judging:
		_judge()


func _judge() -> void:
	_judging = true
	_changed = false
	var judgement := Judgement.new()
	if canvas.is_blank():
		pass
	elif _asks_remote:
		judgement = await _judge_remotely()
	else:
		judgement = await _recogniser.judge(canvas.drawing())
	_judging = false
	_show(judgement)
	if not _changed:
		judged.emit(judgement)


func _judge_remotely() -> Judgement:
	var drawing := canvas.cropped()
	Remote.make_small(drawing)
	return await _remote.judge(drawing)


func _show(judgement: Judgement) -> void:
	%Answer.text = judgement.label
	%Certainty.text = ""
	%Remark.text = judgement.error
	bars.show_probabilities(judgement.probabilities)
	_preview.show_seen(judgement.seen)
	if judgement.label:
		%Answer.modulate.a = maxf(0.3, judgement.certainty())
		%Certainty.text = "%.1f %%" % (100 * judgement.certainty())
		%Remark.text = "in %.3f ms" % judgement.milliseconds
		_show_at_work(judgement.variant, judgement.device)


func _show_at_work(variant: String, device: String) -> void:
	%AtWork.text = "%s on %s" % [variant, device]
	%AtWork.tooltip_text = %AtWork.text


# The list of devices: an item's metadata is the name to ask for the device by.


func _list_devices(options: Options) -> void:
	_add_device("Best of this machine", "auto")
	for variant: Dictionary in _recogniser.model.variants():
		_add_device(variant["target"], variant["target"], "" if variant["runs"] else variant["reason"])
	if _remote:
		_add_device("Server %s:%d" % [options.address, options.port], null)
	for index in _devices.item_count:
		if _devices.get_item_metadata(index) == options.device:
			_chosen = index
	_devices.select(_chosen)
	_show_at_work(_recogniser.model.variant, _recogniser.model.device_name)


## A device with a reason against it cannot be chosen.
func _add_device(text: String, device: Variant, reason := "") -> void:
	_devices.add_item(text)
	var index := _devices.item_count - 1
	_devices.set_item_metadata(index, device)
	_refuse_device(index, reason)


func _refuse_device(index: int, reason: String) -> void:
	_devices.set_item_disabled(index, reason != "")
	_devices.set_item_tooltip(index, reason)


func _on_device_selected(index: int) -> void:
	var device: Variant = _devices.get_item_metadata(index)
	var error := "" if device == null else _recogniser.open(_bundle, device)
	if error:
		_refuse_device(index, error)
		_devices.select(_chosen)
		%Remark.text = error
		return
	_chosen = index
	_asks_remote = device == null
	_show_at_work(_recogniser.model.variant, _recogniser.model.device_name)
	_changed = true


# Size of the window: paper beside the answers where there is room, else above them.


func _fit() -> void:
	var window := get_window()
	var tall := window.size.y > window.size.x
	var planned := PLANNED_TALL if tall else PLANNED
	var fitting := Vector2(window.size) / planned
	window.content_scale_factor = clampf(minf(fitting.x, fitting.y), 0.8, 4)
	var margins := Vector2(
		get_theme_constant(&"margin_left") + get_theme_constant(&"margin_right"),
		get_theme_constant(&"margin_top") + get_theme_constant(&"margin_bottom")
	)
	var room := Vector2(window.size) / window.content_scale_factor - margins
	room.y -= %Tools.get_combined_minimum_size().y + %Drawing.get_theme_constant(&"separation")
	var answers: Vector2 = %Answers.get_combined_minimum_size()
	answers += Vector2.ONE * %Columns.get_theme_constant(&"separation")
	var side := minf(room.x, room.y - answers.y)
	if not tall:
		side = minf(room.y, minf(room.x * 0.52, room.x - answers.x))
	%Columns.vertical = tall
	%Paper.custom_minimum_size = Vector2.ONE * floorf(side)
