## Gives raw inputs to a bundle of one variant and writes down its answers.
##
##     godot --headless --path PROJECT --script res://evaluate.gd -- BUNDLE DEVICE KIND INPUTS OUT
##
## INPUTS is uint8 [N, height, width] where KIND is "drawings", float32 [N, ...] where it is
## "tensors". Writes OUT/run.json, and where the variant ran OUT/outputs.bin, float32 [N, ...].
## Run by ludus/evaluation/executors/godot.py.
extends SceneTree

const CHUNK := 256

var _model := LudusModel.new()
var _seconds := 0.0
var _drawings: bool


func _init() -> void:
	var given := OS.get_cmdline_user_args()
	var error := _model.open(given[0], given[1])
	var status := "unavailable" if error == ERR_UNAVAILABLE else "failed"
	_drawings = given[2] == "drawings"
	if error == OK and _evaluate(given[3], given[4]):
		status = "ran"
	var description := {
		"status": status,
		"message": _reason() if status == "unavailable" else _model.error_message,
		"variant": _model.variant,
		"device_name": _model.device_name,
		"seconds": _seconds,
	}
	FileAccess.open(given[4].path_join("run.json"), FileAccess.WRITE).store_string(JSON.stringify(description))
	quit()


## Runs all inputs, after one to warm up; whether all went well.
func _evaluate(inputs: String, out: String) -> bool:
	var shape: PackedInt64Array = _model.get("input/0/shape")
	var size := 1 if _drawings else 4  # bytes of an input
	for dimension in shape.slice(1):
		size *= dimension
	var source := FileAccess.open(inputs, FileAccess.READ)
	var answers := FileAccess.open(out.path_join("outputs.bin"), FileAccess.WRITE)
	if not _run(source.get_buffer(size), shape, size):
		return false
	source.seek(0)
	_seconds = 0.0
	while source.get_position() < source.get_length():
		if not _run(source.get_buffer(CHUNK * size), shape, size):
			return false
		var data: PackedFloat32Array = _model.get("output/0/data")
		answers.store_buffer(data.to_byte_array())
	return true


## Why the variant cannot run here: without the bundle's path, which is another in each run.
func _reason() -> String:
	return _model.variants()[0]["reason"]


func _run(bytes: PackedByteArray, shape: PackedInt64Array, size: int) -> bool:
	shape[0] = bytes.size() / size
	_model.set("input/0/shape", shape)
	_model.set("input/0/data", bytes if _drawings else bytes.to_float32_array())
	var began := Time.get_ticks_usec()
	var error := _model.run()
	_seconds += (Time.get_ticks_usec() - began) / 1e6
	return error == OK
