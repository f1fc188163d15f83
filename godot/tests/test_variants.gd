extends "res://tests/suite.gd"


func test_a_model_that_is_not_open_has_none() -> void:
	var model := LudusModel.new()
	equal(model.variants().size(), 0, "variants().size()")


func test_they_are_the_bundles_in_its_order() -> void:
	var listed: Array = manifest().variants
	var variants := opened(GOLDEN, "auto").variants()
	equal(variants.size(), listed.size(), "variants().size()")
	for index: int in variants.size():
		var variant := variants[index]
		equal(variant.target, listed[index].target, "target")
		equal(variant.backend, listed[index].backend, "backend")
		equal(variant.device, listed[index].driver, "device")
		equal(variant.bytes, int(listed[index].files[0].bytes), "bytes")


func test_each_says_whether_it_runs_and_if_not_why() -> void:
	for variant: Dictionary in opened("res://models/first-cannot-run", "auto").variants():
		equal(typeof(variant.runs), TYPE_BOOL, "the type of runs")
		equal(variant.runs, variant.reason == "", "runs, where the reason is '%s'" % variant.reason)


func test_each_has_its_status_and_figures() -> void:
	var variants := opened().variants()
	equal(variants[0].status, "not run", "the status of iree-vulkan")
	equal(variants[1].status, "verified", "the status of iree-vmvx")
	var figures: Dictionary = variants[1].evaluations[0]
	equal(figures.evaluation, "iree-vmvx", "evaluation")
	equal(figures.device, "cpu", "device")
	equal(figures.status, "verified", "status")
	equal(figures.images, 10, "images")
	equal(figures.accuracy, 1.0, "accuracy")
	equal(variants[0].evaluations[0].accuracy, null, "what was not measured")
	check(variants[0].evaluations[0].reason != "", "there is no reason why it was not run")


func test_they_are_there_after_an_open_that_failed() -> void:
	var model := LudusModel.new()
	equal(model.open("res://models/nothing-runs", "auto"), ERR_UNAVAILABLE, "open()")
	equal(model.variants().size(), 2, "variants().size()")
	for variant: Dictionary in model.variants():
		contains(variant.reason, "3.11.0")


func test_a_refused_bundle_has_none() -> void:
	var model := opened()
	equal(model.open("res://nowhere"), ERR_FILE_NOT_FOUND, "open()")
	equal(model.variants().size(), 0, "variants().size()")


func test_what_another_runtime_runs_is_listed_with_a_reason() -> void:
	if not has_digits():
		return
	for variant: Dictionary in opened(DIGITS, "cpu").variants():
		if variant.backend != "iree":
			equal(variant.runs, false, "runs of %s" % variant.target)
			contains(variant.reason, variant.backend)


func test_what_was_got_may_be_changed() -> void:
	var model := opened()
	model.variants()[0].target = "other"
	equal(model.variants()[0].target, "iree-vulkan", "target")
