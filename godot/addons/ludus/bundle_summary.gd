@tool
extends VBoxContainer
## A bundle in the inspector: whether it is whole, what goes in and comes out, and of each variant
## the size, the status and, unfolded, what it needs and what each evaluation found.

const Bundles := preload("bundles.gd")

## Icons of the editor's theme, by status.
const ICONS: Dictionary = {
	"verified": &"StatusSuccess",
	"attested": &"StatusSuccess",
	"not run": &"StatusWarning",
	"failed": &"StatusError",
}

const LABELS_SHOWN := 20

var _model: Resource  # a LudusModel, see bundles.gd
var _folder := ""


## Shows the bundle of a model, and another one when the model's changes.
func follow(model: Resource) -> void:
	_model = model
	show_bundle(model.get("bundle"))


## Shows the bundle in a folder; nothing for "".
func show_bundle(folder: String) -> void:
	_folder = folder
	if is_node_ready():
		_build()


func _ready() -> void:
	add_theme_constant_override(&"separation", 0)
	_build()


func _process(_delta: float) -> void:
	if _model != null and _model.get("bundle") != _folder:
		show_bundle(_model.get("bundle"))


func _build() -> void:
	for child in get_children():
		child.queue_free()
	if _folder.is_empty():
		return
	var bundle: Dictionary = Bundles.inspect(_folder)
	if bundle["error"]:
		_add_verdict(&"StatusError", bundle["error"])
		return
	_add_verdict(&"StatusSuccess", _whole(bundle))
	for kind: String in ["input", "output"]:
		var tensors: Array = bundle[kind + "s"]
		for index in tensors.size():
			add_child(_label("%s/%d: %s" % [kind, index, _tensor(tensors[index])]))
	add_child(_label("set_image(): %s" % _pictures(bundle["preprocess"])))
	add_child(_label("labels: %s" % _labels(bundle["labels"])))
	for variant: Dictionary in bundle["variants"]:
		_add_variant(variant)


func _add_verdict(icon: StringName, text: String) -> void:
	var row := HBoxContainer.new()
	var picture := TextureRect.new()
	picture.texture = get_theme_icon(icon, &"EditorIcons")
	picture.stretch_mode = TextureRect.STRETCH_KEEP_CENTERED
	row.add_child(picture)
	row.add_child(_label(text))
	add_child(row)


## A variant: its target, and below it size and status, or every detail when the target is
## pressed.
func _add_variant(variant: Dictionary) -> void:
	var target := Button.new()
	target.text = variant["target"]
	target.icon = get_theme_icon(ICONS.get(variant["status"], &"StatusError"), &"EditorIcons")
	target.tooltip_text = "What %s needs, and what was found" % variant["target"]
	target.flat = true
	target.alignment = HORIZONTAL_ALIGNMENT_LEFT
	target.text_overrun_behavior = TextServer.OVERRUN_TRIM_ELLIPSIS
	add_child(target)
	var runs_on: String = variant["driver"] if variant["driver"] else variant["backend"]
	var size := String.humanize_size(variant["bytes"])
	var line := "%s, %s, %s" % [variant["status"], runs_on, size]
	var brief := _add_details(line)
	var found: Array = (variant["evaluations"] as Array).map(_found)
	var full := _add_details("\n".join([line, _needs(variant)] + found))
	full.hide()
	target.pressed.connect(func() -> void: _swap(brief, full))


## Text in grey, a little to the right.
func _add_details(text: String) -> Control:
	var margin := MarginContainer.new()
	margin.add_theme_constant_override(&"margin_left", int(24 * EditorInterface.get_editor_scale()))
	margin.modulate.a = 0.6
	margin.add_child(_label(text))
	add_child(margin)
	return margin


func _swap(one: Control, other: Control) -> void:
	one.visible = not one.visible
	other.visible = not one.visible


func _label(text: String) -> Label:
	var label := Label.new()
	label.text = text
	label.autowrap_mode = TextServer.AUTOWRAP_WORD_SMART
	label.size_flags_horizontal = SIZE_EXPAND_FILL
	return label


## A bundle in words, such as "digits 1.0.0: 13.41 MiB in 16 files, every checksum holds".
func _whole(bundle: Dictionary) -> String:
	var files: PackedStringArray = bundle["files"] + PackedStringArray([Bundles.MANIFEST])
	var bytes := 0
	for file in files:
		bytes += FileAccess.open(_folder.path_join(file), FileAccess.READ).get_length()
	return (
		"%s %s: %s in %d files, every checksum holds"
		% [bundle["name"], bundle["version"], String.humanize_size(bytes), files.size()]
	)


## An input or output in words, such as "image, FP32 [N, 1, 28, 28]".
func _tensor(tensor: Dictionary) -> String:
	var lengths := PackedStringArray()
	for length: int in tensor["shape"]:
		lengths.append("N" if length == -1 else str(length))
	return "%s, %s [%s]" % [tensor["name"], tensor["datatype"], ", ".join(lengths)]


## What becomes of a picture, such as "a photo, crop to 224 x 224 RGB".
func _pictures(preprocess: Dictionary) -> String:
	if preprocess.is_empty():
		return "no pictures; set input/0/data"
	return "a {kind}, {fit} to {width} x {height} {channels}".format(preprocess)


## The labels, or as many of them as can be read.
func _labels(labels: PackedStringArray) -> String:
	if labels.is_empty():
		return "none"
	var shown := ", ".join(labels.slice(0, LABELS_SHOWN))
	var more := labels.size() - LABELS_SHOWN
	return shown if more <= 0 else "%s and %d more" % [shown, more]


## What a variant needs, such as "needs iree 3.13.0, cpu, x86_64 with avx2 fma f16c".
func _needs(variant: Dictionary) -> String:
	var text := "needs %s" % variant["backend"]
	if variant["iree_version"]:
		text += " %s" % variant["iree_version"]
	if variant["driver"]:
		text += ", %s" % variant["driver"]
	if variant["architecture"]:
		text += ", %s" % variant["architecture"]
	if variant["features"]:
		text += " with %s" % " ".join(variant["features"] as PackedStringArray)
	return text


## What an evaluation found, such as "verified on cpu: accuracy 0.9942, agreement 1.0000, ...".
func _found(evaluation: Dictionary) -> String:
	var words := PackedStringArray()
	if evaluation["accuracy"] != null:
		words.append("accuracy %.4f" % evaluation["accuracy"])
	if evaluation["agreement"] != null:
		words.append("agreement %.4f" % evaluation["agreement"])
	if evaluation["max_abs_diff"] != null:
		words.append("largest difference %s" % _scientific(evaluation["max_abs_diff"]))
	if evaluation["reason"]:
		words.append(evaluation["reason"])
	return "%s on %s: %s" % [evaluation["status"], evaluation["device"], ", ".join(words)]


## A number with two digits, such as 8.3e-07: GDScript's formats have no such one.
func _scientific(number: float) -> String:
	if number == 0.0:
		return "0"
	var exponent := floori(log(absf(number)) / log(10.0))
	return "%.1fe%03d" % [number / pow(10.0, exponent), exponent]
