extends "res://tests/suite.gd"

const BATCHES: Array[int] = [1, 2, 3, 5, 17, 300]


func test_a_model_that_is_not_open_does_not_run() -> void:
	var model := LudusModel.new()
	refused(model, model.run(), ERR_UNCONFIGURED, ["open()"])


func test_a_model_without_data_does_not_run() -> void:
	var model := opened()
	refused(model, model.run(), ERR_INVALID_PARAMETER, ["input/0/data", "input/0/shape"])
	equal(model.get("output/0/data"), PackedFloat32Array(), "output/0/data")


func test_data_that_does_not_fit_the_shape_does_not_run() -> void:
	var model := loaded(2)
	for size: int in [0, 1, PIXELS - 1, PIXELS, 2 * PIXELS - 1, 2 * PIXELS + 1, 3 * PIXELS]:
		var data := PackedFloat32Array()
		data.resize(size)
		model.set("input/0/data", data)
		refused(model, model.run(), ERR_INVALID_PARAMETER, ["input/0/data", str(size)])


func test_batches_of_any_size_give_the_golden_answers() -> void:
	_check_batches(GOLDEN)


func test_batches_of_any_size_give_the_golden_answers_of_digits() -> void:
	if has_digits():
		_check_batches(DIGITS)


func test_batches_of_any_size_give_the_golden_answers_on_vulkan() -> void:
	var model := LudusModel.new()
	if model.open(GOLDEN, "vulkan") != OK:
		skip(model.error_message)
		return
	_check_batches(GOLDEN, "vulkan")


func test_all_variants_of_digits_that_run_give_the_golden_answers() -> void:
	if not has_digits():
		return
	var model := opened(DIGITS, "auto")
	for variant: Dictionary in model.variants():
		if not variant.runs:
			continue
		if model.open(DIGITS, variant.target) != OK: # of a device, this is known once it is tried
			equal(model.is_open(), false, "is_open()")
			continue
		load_images(model, 5, DIGITS)
		equal(error_string(model.run()), "OK", "run() on %s: %s" % [variant.target, model.error_message])
		near(model.get("output/0/data"), golden_answers(5, DIGITS), variant.target)


func test_images_of_one_batch_do_not_touch_each_other() -> void:
	var model := opened()
	var images := golden_images(10)
	var reversed := PackedByteArray()
	for index: int in 10:
		reversed.append_array(images.slice((9 - index) * PIXELS, (10 - index) * PIXELS))
	model.set("input/0/shape", [10, 1, 28, 28])
	model.set("input/0/data", reversed)
	equal(model.run(), OK, "run()")
	var answers: PackedFloat32Array = model.get("output/0/data")
	for index: int in 10:
		var expected := golden_answers(10).slice((9 - index) * LABELS, (10 - index) * LABELS)
		near(answers.slice(index * LABELS, (index + 1) * LABELS), expected, "image %d" % index)


func test_a_run_after_another_answers_its_own_images() -> void:
	var model := opened()
	for count: int in [1, 300, 2, 17, 1]:
		load_images(model, count)
		equal(model.run(), OK, "run()")
		near(model.get("output/0/data"), golden_answers(count), "%d images" % count)


func test_answers_that_were_taken_stay_as_they_are() -> void:
	var model := loaded(1)
	equal(model.run(), OK, "run()")
	var kept: PackedFloat32Array = model.get("output/0/data")
	model.set("input/0/data", golden_images(2).slice(PIXELS))
	equal(model.run(), OK, "run()")
	near(kept, golden_answers(1), "what was kept")
	near(model.get("output/0/data"), golden_answers(2).slice(LABELS), "output/0/data")


func test_answers_are_probabilities() -> void:
	var model := loaded(3)
	equal(model.run(), OK, "run()")
	var answers: PackedFloat32Array = model.get("output/0/data")
	for row: int in 3:
		var sum := 0.0
		for index: int in LABELS:
			sum += answers[row * LABELS + index]
		check(absf(sum - 1.0) < 1e-4, "row %d adds up to %f" % [row, sum])


func test_the_time_of_a_run_is_told() -> void:
	var model := loaded(1)
	equal(model.run_milliseconds, 0.0, "run_milliseconds")
	var start := Time.get_ticks_usec()
	equal(model.run(), OK, "run()")
	var outside := (Time.get_ticks_usec() - start) / 1000.0
	var inside := model.run_milliseconds
	check(inside > 0.0 and inside <= outside + 0.001, "%f ms of %f ms" % [inside, outside])


func test_outputs_stay_as_they_were_after_an_error() -> void:
	var model := loaded(2)
	equal(model.run(), OK, "run()")
	model.set("input/0/data", PackedFloat32Array([1, 2, 3]))
	equal(model.run(), ERR_INVALID_PARAMETER, "run()")
	equal(model.get("output/0/shape"), PackedInt64Array([2, 10]), "output/0/shape")
	near(model.get("output/0/data"), golden_answers(2), "output/0/data")


func test_numbers_that_are_none_do_no_harm() -> void:
	var model := opened()
	for value: float in [NAN, INF, -INF, 1e38, -1e38, 1e-45]:
		var data := PackedFloat32Array()
		data.resize(PIXELS)
		data.fill(value)
		model.set("input/0/data", data)
		equal(model.run(), OK, "run()")
		equal((model.get("output/0/data") as PackedFloat32Array).size(), LABELS, "the answers")
	load_images(model, 1)
	equal(model.run(), OK, "run()")
	near(model.get("output/0/data"), golden_answers(1), "output/0/data")


func test_several_models_do_not_disturb_each_other() -> void:
	var models: Array[LudusModel] = []
	for index: int in 10:
		var model := opened()
		model.set("input/0/data", golden_images(10).slice(index * PIXELS, (index + 1) * PIXELS))
		models.append(model)
	for model: LudusModel in models:
		equal(model.run(), OK, "run()")
	models.remove_at(0) # frees it
	for index: int in 9:
		var expected := golden_answers(10).slice((index + 1) * LABELS, (index + 2) * LABELS)
		near(models[index].get("output/0/data"), expected, "model %d" % (index + 1))


func _check_batches(path: String, device := "cpu") -> void:
	var model := opened(path, device)
	for count: int in BATCHES:
		load_images(model, count, path)
		equal(error_string(model.run()), "OK", "run() of %d: %s" % [count, model.error_message])
		equal(model.get("output/0/shape"), PackedInt64Array([count, LABELS]), "output/0/shape")
		near(model.get("output/0/data"), golden_answers(count, path), "%d images" % count)
