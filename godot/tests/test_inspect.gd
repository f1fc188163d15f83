extends "res://tests/suite.gd"


func test_a_good_bundle_is_described() -> void:
	var about := LudusModel.inspect(GOLDEN)
	equal(about.error, "", "error")
	equal(about.name, "golden", "name")
	equal(about.version, "1.0.0", "version")
	equal(about.labels, PackedStringArray("0123456789".split("")), "labels")
	equal(about.revision, "", "revision, which it has not")
	var how := {"kind": "drawing", "height": 28, "width": 28, "channels": "grey", "fit": "box"}
	equal(about.preprocess, how, "preprocess")
	var input: Dictionary = about.inputs[0]
	equal(input.name, "image", "the input's name")
	equal(input.datatype, "FP32", "the input's datatype")
	equal(input.shape, PackedInt64Array([-1, 1, 28, 28]), "the input's shape")
	equal(about.outputs[0].shape, PackedInt64Array([-1, 10]), "the output's shape")
	var files: PackedStringArray = about.files
	files.sort()
	var expected: PackedStringArray = [
		"README.md", "golden/images.bin", "variants/iree-vmvx/model.vmfb",
		"variants/iree-vulkan/model.vmfb",
	]
	equal(files, expected, "files")


func test_its_variants_are_described_in_its_order() -> void:
	var variants: Array = LudusModel.inspect(GOLDEN).variants
	equal(variants.map(_target), ["iree-vulkan", "iree-vmvx"], "the targets")
	var vmvx: Dictionary = variants[1]
	equal(vmvx.backend, "iree", "backend")
	equal(vmvx.driver, "cpu", "driver")
	equal(vmvx.architecture, "", "architecture, which it has not")
	equal(vmvx.features, PackedStringArray(), "features, which it has not")
	equal(vmvx.iree_version, "3.13.0", "iree_version")
	equal(vmvx.fits, true, "fits")
	equal(vmvx.bytes, 44430, "bytes")
	equal(vmvx.files, PackedStringArray(["variants/iree-vmvx/model.vmfb"]), "files")
	equal(vmvx.status, "verified", "status")
	equal(vmvx.evaluations[0].evaluation, "iree-vmvx", "evaluation")


func test_what_processors_need_is_described() -> void:
	if not has_digits():
		return
	for variant: Dictionary in LudusModel.inspect(DIGITS).variants:
		if variant.target == "iree-cpu-x86_64-v3":
			equal(variant.architecture, "x86_64", "architecture")
			check("avx2" in variant.features, "features are %s" % variant.features)
			return
	check(false, "there is no iree-cpu-x86_64-v3")


func test_a_bad_bundle_is_an_error_and_nothing_more() -> void:
	var about := LudusModel.inspect("res://nowhere")
	contains(about.error, "nowhere")
	equal(about.size(), 1, "the number of keys")


func test_a_subset_has_these_variants_only_and_is_a_manifest() -> void:
	var json := LudusModel.subset(GOLDEN, ["iree-vmvx"])
	_write_subset("user://subset", json)
	var about := LudusModel.inspect("user://subset")
	equal(about.error, "", "error")
	equal(about.variants.map(_target), ["iree-vmvx"], "the targets")
	var model := opened("user://subset", "auto")
	equal(model.variant, "iree-vmvx", "variant")
	equal(model.self_test(), OK, "self_test()")


func test_a_subset_of_all_is_as_it_was() -> void:
	var whole: Variant = JSON.parse_string(FileAccess.get_file_as_string(GOLDEN + "/manifest.json"))
	var json := LudusModel.subset(GOLDEN, ["iree-vmvx", "iree-vulkan"])
	equal(JSON.parse_string(json.get_string_from_utf8()), whole, "the manifest")


func test_a_subset_keeps_the_bundles_order() -> void:
	if not has_digits():
		return
	var json := LudusModel.subset(DIGITS, ["iree-vulkan", "iree-cpu-x86_64", "iree-cpu-x86_64-v3"])
	var variants: Array = JSON.parse_string(json.get_string_from_utf8()).variants
	equal(variants.map(_target), ["iree-cpu-x86_64-v3", "iree-cpu-x86_64", "iree-vulkan"], "targets")


func test_a_subset_of_what_there_is_not_is_empty() -> void:
	equal(LudusModel.subset(GOLDEN, ["iree-vmvx", "iree-qpu"]).size(), 0, "of an unknown target")
	equal(LudusModel.subset(GOLDEN, []).size(), 0, "of no target")
	equal(LudusModel.subset("res://nowhere", ["iree-vmvx"]).size(), 0, "of no bundle")


func _target(variant: Dictionary) -> String:
	return variant.target


func _write_subset(folder: String, json: PackedByteArray) -> void:
	var files := {"manifest.json": json}
	for file: String in ["README.md", "golden/images.bin", "variants/iree-vmvx/model.vmfb"]:
		files[file] = FileAccess.get_file_as_bytes(GOLDEN.path_join(file))
	for file: String in files:
		var path := folder.path_join(file)
		DirAccess.make_dir_recursive_absolute(path.get_base_dir())
		FileAccess.open(path, FileAccess.WRITE).store_buffer(files[file])
