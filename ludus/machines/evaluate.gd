## Gives raw images to a bundle of one variant and writes down its answers.
##
##     godot --headless --path PROJECT --script res://evaluate.gd -- BUNDLE DEVICE IMAGES OUT
##
## IMAGES is uint8 [N, height, width]. Writes OUT/about.json, and where the variant ran
## OUT/probabilities.bin, float32 [N, labels]. Run by ludus/machines/godot.py.
extends SceneTree

const CHUNK := 256

var _model := LudusModel.new()
var _seconds := 0.0


func _init() -> void:
	var given := OS.get_cmdline_user_args()
	var error := _model.open(given[0], given[1])
	var status := "unavailable" if error == ERR_UNAVAILABLE else "failed"
	if error == OK and _evaluate(given[2], given[3]):
		status = "ran"
	var about := {
		"status": status,
		"message": _reason() if status == "unavailable" else _model.error_message,
		"variant": _model.variant,
		"device_name": _model.device_name,
		"seconds": _seconds,
	}
	FileAccess.open(given[3].path_join("about.json"), FileAccess.WRITE).store_string(JSON.stringify(about))
	quit()


## Runs all images, after one to warm up; whether all went well.
func _evaluate(images: String, out: String) -> bool:
	var shape: PackedInt64Array = _model.get("input/0/shape")
	var size := shape[2] * shape[3]
	var source := FileAccess.open(images, FileAccess.READ)
	var answers := FileAccess.open(out.path_join("probabilities.bin"), FileAccess.WRITE)
	if not _run(source.get_buffer(size), shape):
		return false
	source.seek(0)
	_seconds = 0.0
	while source.get_position() < source.get_length():
		if not _run(source.get_buffer(CHUNK * size), shape):
			return false
		var data: PackedFloat32Array = _model.get("output/0/data")
		answers.store_buffer(data.to_byte_array())
	return true


## Why the variant cannot run here: without the bundle's path, which is another in each run.
func _reason() -> String:
	return _model.variants()[0]["reason"]


func _run(grey: PackedByteArray, shape: PackedInt64Array) -> bool:
	shape[0] = grey.size() / (shape[2] * shape[3])
	_model.set("input/0/shape", shape)
	_model.set("input/0/data", grey)
	var began := Time.get_ticks_usec()
	var error := _model.run()
	_seconds += (Time.get_ticks_usec() - began) / 1e6
	return error == OK
