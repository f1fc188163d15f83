extends "res://tests/suite.gd"

const READ_ONLY: Array[String] = [
	"error_message", "input_count", "output_count", "labels", "variant", "device", "device_name",
	"run_milliseconds", "input/0/name", "input/0/datatype", "output/0/name", "output/0/shape",
	"output/0/datatype", "output/0/data",
]


func test_an_open_model_says_what_goes_in_and_comes_out() -> void:
	var model := opened()
	equal(model.input_count, 1, "input_count")
	equal(model.output_count, 1, "output_count")
	equal(model.labels, PackedStringArray("0123456789".split("")), "labels")
	equal(model.get("input/0/name"), "image", "input/0/name")
	equal(model.get("input/0/datatype"), "FP32", "input/0/datatype")
	equal(model.get("input/0/shape"), PackedInt64Array([1, 1, 28, 28]), "input/0/shape")
	equal(model.get("input/0/data"), PackedFloat32Array(), "input/0/data")
	equal(model.get("output/0/name"), "probabilities", "output/0/name")
	equal(model.get("output/0/datatype"), "FP32", "output/0/datatype")
	equal(model.get("output/0/shape"), PackedInt64Array([1, 10]), "output/0/shape")
	equal(model.get("output/0/data"), PackedFloat32Array(), "output/0/data")


func test_a_model_that_is_not_open_has_no_inputs() -> void:
	var model := LudusModel.new()
	equal(model.input_count, 0, "input_count")
	equal(model.output_count, 0, "output_count")
	equal(model.labels, PackedStringArray(), "labels")
	equal(model.get("input/0/data"), null, "input/0/data")
	equal(model.run_milliseconds, 0.0, "run_milliseconds")
	equal(_listed(model).size(), 0, "the list of properties")


func test_what_is_open_is_in_the_list_of_properties_and_not_stored() -> void:
	var model := opened()
	var listed := _listed(model)
	for side: String in ["input/0/", "output/0/"]:
		for field: String in ["name", "shape", "datatype", "data"]:
			check(side + field in listed, "%s%s is not listed" % [side, field])
	for property: Dictionary in listed.values():
		equal(property.usage & PROPERTY_USAGE_STORAGE, 0, "storage of %s" % property.name)
	equal(listed["input/0/data"].type, TYPE_PACKED_FLOAT32_ARRAY, "the type of input/0/data")
	equal(listed["input/0/shape"].type, TYPE_PACKED_INT64_ARRAY, "the type of input/0/shape")
	check(listed["output/0/data"].usage & PROPERTY_USAGE_READ_ONLY != 0, "output/0/data is writable")


func test_floats_are_taken_as_they_are() -> void:
	var model := opened()
	var numbers := PackedFloat32Array([0.0, -1.5, 1e30, INF, 0.25])
	model.set("input/0/data", numbers)
	equal(model.error_message, "", "error_message")
	equal(model.get("input/0/data"), numbers, "input/0/data")


func test_any_array_of_numbers_is_taken() -> void:
	var model := opened()
	var typed: Array[float] = [1.0, 2.0, 3.0]
	var whole: Array[int] = [1, 2, 3]
	var arrays: Array = [
		PackedFloat32Array([1, 2, 3]), PackedFloat64Array([1, 2, 3]), PackedInt32Array([1, 2, 3]),
		PackedInt64Array([1, 2, 3]), [1.0, 2, 3.0], typed, whole,
	]
	for array: Variant in arrays:
		model.set("input/0/data", PackedFloat32Array())
		model.set("input/0/data", array)
		equal(model.error_message, "", "error_message after %s" % type_string(typeof(array)))
		equal(model.get("input/0/data"), PackedFloat32Array([1, 2, 3]), type_string(typeof(array)))


func test_bytes_are_grey_levels_made_floats_by_the_bundle() -> void:
	var model := opened()
	var how: Dictionary = manifest().preprocess
	model.set("input/0/data", PackedByteArray([0, 1, 128, 255]))
	var got: PackedFloat32Array = model.get("input/0/data")
	equal(got.size(), 4, "the size")
	for index: int in 4:
		var grey: int = [0, 1, 128, 255][index]
		var expected: float = grey * how.scale - how.mean
		check(absf(got[index] - expected) < 1e-6, "%d is %f" % [grey, got[index]])


func test_what_is_no_array_of_numbers_is_refused_and_changes_nothing() -> void:
	var model := loaded(1)
	var before: PackedFloat32Array = model.get("input/0/data")
	var freed := Node.new()
	freed.free()
	var values: Array = [
		null, 1, 1.0, true, "text", &"name", {}, Vector2(), Image.new(), freed, Callable(), [1, "2"],
		[null], [[1.0]], ["1"], PackedStringArray(["1"]), PackedVector2Array([Vector2()]),
	]
	for value: Variant in values:
		model.set("input/0/data", value)
		var named := type_string(typeof(value))
		contains(model.error_message, "input/0/data")
		equal(model.get("input/0/data"), before, "input/0/data after %s" % named)


func test_a_bad_value_is_named_with_its_place() -> void:
	var model := opened()
	model.set("input/0/data", [1.0, 2.0, "three"])
	contains(model.error_message, "input/0/data")
	contains(model.error_message, "[2]")
	contains(model.error_message, "String")


func test_the_array_that_was_set_may_be_changed() -> void:
	var model := opened()
	var numbers := PackedFloat32Array([1, 2, 3])
	model.set("input/0/data", numbers)
	numbers[0] = 9
	equal(model.get("input/0/data"), PackedFloat32Array([1, 2, 3]), "input/0/data")
	var got: PackedFloat32Array = model.get("input/0/data")
	got[1] = 9
	equal(model.get("input/0/data"), PackedFloat32Array([1, 2, 3]), "input/0/data")


func test_the_first_dimension_of_a_shape_may_be_set() -> void:
	var model := opened()
	var typed: Array[int] = [5, 1, 28, 28]
	var shapes: Array = [
		[5, 1, 28, 28], typed, PackedInt32Array([5, 1, 28, 28]), PackedInt64Array([5, 1, 28, 28]),
	]
	for shape: Variant in shapes:
		model.set("input/0/shape", [1, 1, 28, 28])
		model.set("input/0/shape", shape)
		equal(model.error_message, "", "error_message")
		equal(model.get("input/0/shape"), PackedInt64Array([5, 1, 28, 28]), "input/0/shape")


func test_any_other_shape_is_refused_and_changes_nothing() -> void:
	var model := opened()
	var shapes: Array = [
		null, 5, "5", [], [5], [784], [0, 1, 28, 28], [-1, 1, 28, 28], [1, 1, 28], [1, 1, 28, 29],
		[1, 28, 28, 1], [1, 1, 1, 28, 28], [1.0, 1, 28, 28], ["1", 1, 28, 28],
		PackedFloat32Array([1, 1, 28, 28]),
	]
	for shape: Variant in shapes:
		model.set("input/0/shape", shape)
		contains(model.error_message, "input/0/shape")
		equal(model.get("input/0/shape"), PackedInt64Array([1, 1, 28, 28]), "after %s" % [shape])


func test_a_shape_beyond_all_memory_is_refused_when_run() -> void:
	var model := loaded(1)
	for count: int in [1 << 31, 1 << 53, 1 << 62, 0x7fffffffffffffff]:
		model.set("input/0/shape", [count, 1, 28, 28])
		refused(model, model.run(), ERR_INVALID_PARAMETER, ["input/0/"])


func test_what_is_read_only_stays_as_it_is() -> void:
	var model := loaded(1)
	equal(model.run(), OK, "run()")
	for property: String in READ_ONLY:
		var before: Variant = model.get(property)
		model.set(property, before)
		contains(model.error_message, property + " is read-only")
		if property != "error_message": # which says so now
			equal(model.get(property), before, property)


func test_properties_that_there_are_not_are_refused() -> void:
	var model := opened()
	var names: Array[String] = [
		"input/1/data", "input/-1/data", "input/x/data", "input/0/colour", "input/0", "input/",
		"output/1/data", "input/0/data/more", "input/99999999999999999999/data", "input//data",
	]
	for name: String in names:
		equal(model.get(name), null, name)
		model.set(name, PackedFloat32Array([1]))
		check(model.error_message != "", "nothing is said of %s" % name)
	equal(model.get("input/0/data"), PackedFloat32Array(), "input/0/data")


func test_properties_of_a_resource_are_as_ever() -> void:
	var model := opened()
	model.resource_name = "digits"
	model.set_meta("mine", 7)
	equal(model.resource_name, "digits", "resource_name")
	equal(model.get_meta("mine"), 7, "the meta data")
	equal(model.get("no such thing"), null, "what there is not")


func test_setting_data_of_a_model_that_is_not_open_is_refused() -> void:
	var model := LudusModel.new()
	model.set("input/0/data", PackedFloat32Array([1]))
	contains(model.error_message, "open()")


func test_who_shows_properties_is_told_when_they_change() -> void:
	var model := LudusModel.new()
	var told := [0]
	model.property_list_changed.connect(func() -> void: told[0] += 1)
	equal(model.open(GOLDEN, "cpu"), OK, "open()")
	await tree.process_frame
	check(told[0] > 0, "property_list_changed was not emitted after open()")
	told[0] = 0
	model.close()
	await tree.process_frame
	check(told[0] > 0, "property_list_changed was not emitted after close()")


func _listed(model: LudusModel) -> Dictionary:
	var listed := {}
	for property: Dictionary in model.get_property_list():
		var name: String = property.name
		if name.begins_with("input/") or name.begins_with("output/"):
			listed[name] = property
	return listed
