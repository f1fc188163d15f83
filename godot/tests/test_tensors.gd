## A network that is no classifier of drawings: [N, 3, 8, 8] to [N, 4, 5], without labels.
extends "res://tests/suite.gd"

const VALUES := 3 * 8 * 8
const ANSWERS := 4 * 5
const COUNT := 6 ## golden inputs


func test_an_open_model_says_what_goes_in_and_comes_out() -> void:
	var model := opened(TENSORS)
	equal(model.input_count, 1, "input_count")
	equal(model.output_count, 1, "output_count")
	equal(model.get("input/0/name"), "picture", "input/0/name")
	equal(model.get("input/0/shape"), PackedInt64Array([1, 3, 8, 8]), "input/0/shape")
	equal(model.get("output/0/name"), "features", "output/0/name")
	equal(model.get("output/0/shape"), PackedInt64Array([1, 4, 5]), "output/0/shape")
	equal(model.labels, PackedStringArray(), "labels")


func test_the_golden_inputs_give_the_golden_answers() -> void:
	var model := opened(TENSORS)
	for count: int in [1, 2, 5, COUNT]:
		_run(model, count)
		equal(model.get("output/0/shape"), PackedInt64Array([count, 4, 5]), "output/0/shape")
		near(model.get("output/0/data"), _floats("outputs").slice(0, count * ANSWERS), "answers")


func test_the_golden_inputs_give_the_golden_answers_on_vulkan() -> void:
	var model := LudusModel.new()
	if model.open(TENSORS, "vulkan") != OK:
		skip(model.error_message)
		return
	_run(model, COUNT)
	near(model.get("output/0/data"), _floats("outputs"), "answers")


func test_a_run_on_a_thread_gives_the_same() -> void:
	var model := opened(TENSORS)
	_load(model, COUNT)
	equal(await model.run_async(), OK, "run_async()")
	near(model.get("output/0/data"), _floats("outputs"), "answers")


func test_the_self_test_passes() -> void:
	var model := opened(TENSORS)
	equal(error_string(model.self_test()), "OK", model.error_message)


func test_data_that_does_not_fit_the_shape_does_not_run() -> void:
	var model := opened(TENSORS)
	model.set("input/0/data", _floats("inputs"))
	var error := model.run()
	refused(model, error, ERR_INVALID_PARAMETER, ["input/0/data", str(COUNT * VALUES), str(VALUES)])


func test_any_other_shape_is_refused() -> void:
	var model := opened(TENSORS)
	for shape: Array in [[], [1], [1, 3, 8], [1, 8, 8, 3], [0, 3, 8, 8], [1, 3, 8, 8, 1]]:
		model.set("input/0/shape", shape)
		contains(model.error_message, "expected [N, 3, 8, 8]")
	equal(model.get("input/0/shape"), PackedInt64Array([1, 3, 8, 8]), "input/0/shape")


func test_bytes_are_levels_made_floats_by_mean_and_std_of_their_channel() -> void:
	var model := opened(TENSORS)
	var how: Dictionary = manifest(TENSORS).preprocess
	var levels := PackedByteArray()
	for index: int in VALUES:
		levels.append(index)
	model.set("input/0/data", levels)
	var got: PackedFloat32Array = model.get("input/0/data")
	for index: int in [0, 63, 64, 127, 128, 191]:
		@warning_ignore("integer_division")
		var channel := index / 64
		var expected: float = (index * how.scale - how.mean[channel]) / how.std[channel]
		check(absf(got[index] - expected) < 1e-5, "%d is %f, expected %f" % [index, got[index], expected])


func test_what_becomes_of_pictures_is_described() -> void:
	var about := LudusModel.inspect(TENSORS)
	var expected := {"kind": "photo", "height": 8, "width": 8, "channels": "RGB", "fit": "crop"}
	equal(about.preprocess, expected, "preprocess")
	equal(about.labels, PackedStringArray(), "labels")
	check("golden/inputs.f32" in about.files and "golden/outputs.f32" in about.files, "the files")


func test_a_subset_is_a_manifest() -> void:
	var json := LudusModel.subset(TENSORS, ["iree-vmvx", "iree-vulkan"])
	equal(JSON.parse_string(json.get_string_from_utf8()), manifest(TENSORS), "the manifest")


func _run(model: LudusModel, count: int) -> void:
	_load(model, count)
	equal(error_string(model.run()), "OK", "run() of %d: %s" % [count, model.error_message])


func _load(model: LudusModel, count: int) -> void:
	model.set("input/0/shape", [count, 3, 8, 8])
	model.set("input/0/data", _floats("inputs").slice(0, count * VALUES))


func _floats(name: String) -> PackedFloat32Array:
	var path := TENSORS.path_join("golden/%s.f32" % name)
	return FileAccess.get_file_as_bytes(path).to_float32_array()
