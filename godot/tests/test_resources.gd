extends "res://tests/suite.gd"


func test_path_and_device_are_stored_and_loaded() -> void:
	var model := LudusModel.new()
	model.bundle = GOLDEN
	model.preferred_device = "cpu"
	var again := _stored_and_loaded(model, "user://stored.tres")
	equal(again.bundle, GOLDEN, "bundle")
	equal(again.preferred_device, "cpu", "preferred_device")
	equal(again.is_open(), false, "is_open()")
	equal(again.open(), OK, "open()")
	equal(again.variant, "iree-vmvx", "variant")


func test_nothing_else_is_stored() -> void:
	var model := loaded(1)
	model.bundle = GOLDEN
	equal(model.run(), OK, "run()")
	_stored_and_loaded(model, "user://small.tres")
	var text := FileAccess.get_file_as_string("user://small.tres")
	contains(text, "bundle = \"%s\"" % GOLDEN)
	for word: String in ["input/0", "output/0", "error_message", "variant", "Packed"]:
		check(word not in text, "'%s' is in %s" % [word, text])


func test_binary_resources_are_stored_and_loaded() -> void:
	var model := LudusModel.new()
	model.bundle = GOLDEN
	equal(_stored_and_loaded(model, "user://stored.res").bundle, GOLDEN, "bundle")


func test_a_written_resource_is_loaded() -> void:
	var file := FileAccess.open("user://written.tres", FileAccess.WRITE)
	file.store_string('[gd_resource type="LudusModel" format=3]\n\n[resource]\nbundle = "%s"\n' % GOLDEN)
	file.close()
	var model: LudusModel = load("user://written.tres")
	equal(model.bundle, GOLDEN, "bundle")
	equal(model.preferred_device, "auto", "preferred_device")
	equal(model.open(), OK, "open()")


func test_a_scene_holds_one() -> void:
	var node := Node.new()
	var model := LudusModel.new()
	model.bundle = GOLDEN
	node.set_meta("model", model)
	var scene := PackedScene.new()
	equal(scene.pack(node), OK, "pack()")
	equal(ResourceSaver.save(scene, "user://scene.tscn"), OK, "save()")
	node.free()
	var again := ResourceLoader.load("user://scene.tscn", "", ResourceLoader.CACHE_MODE_IGNORE)
	var other: Node = (again as PackedScene).instantiate()
	equal((other.get_meta("model") as LudusModel).bundle, GOLDEN, "bundle")
	other.free()


func test_a_duplicate_is_a_model_of_its_own_that_is_not_open() -> void:
	var model := loaded(1)
	model.bundle = GOLDEN
	model.preferred_device = "cpu"
	var other: LudusModel = model.duplicate()
	equal(other.bundle, GOLDEN, "bundle")
	equal(other.is_open(), false, "is_open()")
	equal(other.open(), OK, "open()")
	load_images(other, 2)
	equal(other.run(), OK, "run()")
	equal(model.run(), OK, "run()")
	near(model.get("output/0/data"), golden_answers(1), "output/0/data")


func _stored_and_loaded(model: LudusModel, path: String) -> LudusModel:
	equal(ResourceSaver.save(model, path), OK, "save()")
	return ResourceLoader.load(path, "", ResourceLoader.CACHE_MODE_IGNORE)
