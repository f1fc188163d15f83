extends "res://tests/suite.gd"


func test_a_bundle_opens_on_the_cpu() -> void:
	var model := LudusModel.new()
	equal(model.open(GOLDEN, "cpu"), OK, "open()")
	equal(model.is_open(), true, "is_open()")
	equal(model.error_message, "", "error_message")
	equal(model.variant, "iree-vmvx", "variant")
	equal(model.device, "cpu", "device")
	check(model.device_name != "", "device_name is empty")


func test_auto_takes_the_first_variant_that_runs() -> void:
	var model := opened(GOLDEN, "auto")
	for variant: Dictionary in model.variants():
		if variant.runs:
			equal(model.variant, variant.target, "variant")
			equal(model.device, variant.device, "device")
			return
		check(variant.reason != "", "%s has no reason" % variant.target)
	check(false, "none of variants() runs")


func test_auto_passes_over_what_cannot_run_and_says_why() -> void:
	var model := opened("res://models/first-cannot-run", "auto")
	equal(model.variant, "iree-vmvx", "variant")
	equal(model.variants()[0].runs, false, "variants()[0].runs")
	contains(model.variants()[0].reason, "3.11.0")


func test_auto_passes_over_what_computes_wrongly_and_says_why() -> void:
	var model := opened("res://models/first-computes-wrongly", "auto")
	equal(model.variant, "iree-vmvx", "variant")
	equal(model.variants()[0].runs, false, "variants()[0].runs")
	contains(model.variants()[0].reason, "golden")
	equal(model.variants()[1].runs, true, "variants()[1].runs")


func test_auto_fails_with_every_reason_where_nothing_runs() -> void:
	var model := LudusModel.new()
	var error := model.open("res://models/nothing-runs", "auto")
	refused(model, error, ERR_UNAVAILABLE, ["iree-vulkan", "iree-vmvx", "3.11.0", "auto"])
	equal(model.is_open(), false, "is_open()")


func test_no_device_is_auto() -> void:
	equal(opened(GOLDEN, "").variant, opened(GOLDEN, "auto").variant, "variant")


func test_stored_path_and_device_are_what_is_opened() -> void:
	var model := LudusModel.new()
	equal(model.preferred_device, "auto", "preferred_device")
	model.bundle = GOLDEN
	model.preferred_device = "cpu"
	equal(model.open(), OK, "open()")
	equal(model.variant, "iree-vmvx", "variant")


func test_given_path_and_device_come_before_the_stored_ones() -> void:
	var model := LudusModel.new()
	model.bundle = "res://nowhere"
	model.preferred_device = "cuda"
	equal(model.open(GOLDEN, "cpu"), OK, "open()")
	equal(model.bundle, "res://nowhere", "bundle")
	equal(model.preferred_device, "cuda", "preferred_device")


func test_a_variant_is_opened_by_its_name() -> void:
	equal(opened(GOLDEN, "iree-vmvx").variant, "iree-vmvx", "variant")
	if has_digits():
		equal(opened(DIGITS, "iree-vmvx").variant, "iree-vmvx", "variant")


func test_an_unknown_device_is_refused_with_those_there_are() -> void:
	var model := LudusModel.new()
	var error := model.open(GOLDEN, "gpu")
	refused(model, error, ERR_INVALID_PARAMETER, ["gpu", "auto", "vulkan", "cpu", "iree-vmvx"])


func test_a_misspelt_device_is_told_with_the_nearest() -> void:
	var model := LudusModel.new()
	var parts: Array[String] = ["'vulcan' is neither", "did you mean 'vulkan'?", "known: auto, cpu"]
	refused(model, model.open(GOLDEN, "vulcan"), ERR_INVALID_PARAMETER, parts)
	equal(model.open(GOLDEN, "gpu"), ERR_INVALID_PARAMETER, "open()")
	check("did you mean" not in model.error_message, "gpu is taken for cpu")


func test_a_device_that_no_variant_is_for_is_told_in_a_line() -> void:
	var model := LudusModel.new()
	var expected := "is for 'cuda'; it has iree-vulkan (vulkan), iree-vmvx (cpu)"
	refused(model, model.open(GOLDEN, "cuda"), ERR_UNAVAILABLE, ["no variant of ", expected])
	equal(model.error_message.count("\n"), 0, "lines")


func test_of_a_device_its_own_variants_are_told_alone() -> void:
	var model := LudusModel.new()
	refused(model, model.open("res://models/nothing-runs", "cpu"), ERR_UNAVAILABLE, ["iree-vmvx: "])
	check("iree-vulkan" not in model.error_message, "it also tells of Vulkan's variant")


func test_a_named_device_never_falls_back() -> void:
	var model := LudusModel.new()
	var error := model.open(GOLDEN, "cuda")
	refused(model, error, ERR_UNAVAILABLE, ["cuda", "iree-vulkan", "iree-vmvx"])
	equal(model.is_open(), false, "is_open()")
	equal(model.variant, "", "variant")
	equal(model.device, "", "device")


func test_a_named_variant_never_falls_back() -> void:
	var model := LudusModel.new()
	var error := model.open("res://models/first-cannot-run", "iree-vulkan")
	refused(model, error, ERR_UNAVAILABLE, ["iree-vulkan", "3.11.0"])
	equal(model.is_open(), false, "is_open()")


func test_an_absent_device_is_named_with_what_is_missing() -> void:
	if not has_digits():
		return
	var model := LudusModel.new()
	var error := model.open(DIGITS, "cuda")
	if error == OK:
		skip("there is a CUDA device")
		return
	refused(model, error, ERR_UNAVAILABLE, ["iree-cuda", "NVIDIA"])


func test_a_variant_for_another_processor_is_refused_before_it_runs() -> void:
	if not has_digits():
		return
	var other := "iree-cpu-x86_64" if "arm64" in Engine.get_architecture_name() else "iree-cpu-aarch64"
	var model := LudusModel.new()
	refused(model, model.open(DIGITS, other), ERR_UNAVAILABLE, [other])


func test_a_device_that_is_there_is_opened_by_its_word() -> void:
	for variant: Dictionary in opened(GOLDEN, "auto").variants():
		var model := LudusModel.new()
		if model.open(GOLDEN, variant.device) == OK:
			equal(model.device, variant.device, "device")
			equal(model.self_test(), OK, "self_test()")


func test_a_folder_that_is_not_there_is_named() -> void:
	var model := LudusModel.new()
	refused(model, model.open("res://nowhere"), ERR_FILE_NOT_FOUND, ["nowhere", "manifest.json"])


func test_a_file_is_no_bundle() -> void:
	var model := LudusModel.new()
	var path := GOLDEN.path_join("manifest.json")
	refused(model, model.open(path), ERR_FILE_NOT_FOUND, ["manifest.json"])


func test_no_path_is_refused() -> void:
	var model := LudusModel.new()
	refused(model, model.open(), ERR_INVALID_PARAMETER, ["bundle"])


func test_what_fails_to_open_leaves_nothing_open() -> void:
	var model := loaded(1)
	equal(model.run(), OK, "run()")
	equal(model.open("res://nowhere"), ERR_FILE_NOT_FOUND, "open()")
	equal(model.is_open(), false, "is_open()")
	equal(model.input_count, 0, "input_count")
	equal(model.variants().size(), 0, "variants().size()")
	equal(model.get("output/0/data"), null, "output/0/data")


func test_what_is_opened_again_is_as_new() -> void:
	var model := loaded(4)
	equal(model.run(), OK, "run()")
	equal(model.open(GOLDEN, "cpu"), OK, "open()")
	equal(model.get("input/0/shape"), PackedInt64Array([1, 1, 28, 28]), "input/0/shape")
	equal(model.get("input/0/data"), PackedFloat32Array(), "input/0/data")
	equal(model.run_milliseconds, 0.0, "run_milliseconds")


func test_close_closes_and_may_come_twice() -> void:
	var model := loaded(1)
	model.close()
	model.close()
	equal(model.error_message, "", "error_message")
	equal(model.is_open(), false, "is_open()")
	equal(model.variant, "", "variant")
	equal(model.device_name, "", "device_name")
	equal(model.labels, PackedStringArray(), "labels")
	equal(model.run(), ERR_UNCONFIGURED, "run()")


func test_a_good_call_clears_the_message_of_a_bad_one() -> void:
	var model := LudusModel.new()
	equal(model.open("res://nowhere"), ERR_FILE_NOT_FOUND, "open()")
	check(model.error_message != "", "error_message is empty")
	equal(model.open(GOLDEN, "cpu"), OK, "open()")
	equal(model.error_message, "", "error_message")
