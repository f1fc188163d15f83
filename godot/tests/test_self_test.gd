extends "res://tests/suite.gd"


func test_a_good_bundle_passes() -> void:
	var model := opened()
	equal(error_string(model.self_test()), "OK", model.error_message)
	equal(model.error_message, "", "error_message")


func test_digits_pass() -> void:
	if has_digits():
		equal(error_string(opened(DIGITS, "auto").self_test()), "OK", "self_test()")


func test_another_golden_answer_fails() -> void:
	var model := opened("res://models/another-golden-answer") # not of the first image
	refused(model, model.self_test(), ERR_INVALID_DATA, ["another-golden-answer", "golden", "iree-vmvx"])
	equal(model.is_open(), true, "is_open()")


func test_another_golden_answer_of_the_first_image_does_not_open() -> void:
	var model := LudusModel.new()
	var error := model.open("res://models/another-first-golden-answer", "iree-vmvx")
	refused(model, error, ERR_INVALID_DATA, ["another-first-golden-answer", "golden", "iree-vmvx"])
	equal(model.is_open(), false, "is_open()")


func test_inputs_and_outputs_are_left_as_they_are() -> void:
	var model := loaded(2)
	equal(model.run(), OK, "run()")
	var took := model.run_milliseconds
	var inputs: PackedFloat32Array = model.get("input/0/data")
	equal(model.self_test(), OK, "self_test()")
	equal(model.get("input/0/data"), inputs, "input/0/data")
	equal(model.get("input/0/shape"), PackedInt64Array([2, 1, 28, 28]), "input/0/shape")
	equal(model.get("output/0/shape"), PackedInt64Array([2, LABELS]), "output/0/shape")
	near(model.get("output/0/data"), golden_answers(2), "output/0/data")
	equal(model.run_milliseconds, took, "run_milliseconds")


func test_a_model_that_is_not_open_has_nothing_to_test() -> void:
	var model := LudusModel.new()
	refused(model, model.self_test(), ERR_UNCONFIGURED, ["open()"])
