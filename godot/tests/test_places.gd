extends "res://tests/suite.gd"

const PACKED := "res://packed/golden" ## there in a .pck alone


func test_a_folder_of_the_project() -> void:
	_check_opens("res://models/golden")


func test_a_slash_at_the_end() -> void:
	_check_opens("res://models/golden/")


func test_an_absolute_path() -> void:
	_check_opens(ProjectSettings.globalize_path(GOLDEN))


func test_a_folder_of_the_user() -> void:
	_copy(GOLDEN, "user://golden")
	_check_opens("user://golden")


func test_a_path_of_other_letters() -> void:
	_copy(GOLDEN, "user://モデル des chiffres")
	_check_opens("user://モデル des chiffres")


func test_inside_a_pack() -> void:
	if not _pack("user://good.pck", PACKED):
		return
	_check_opens(PACKED)
	equal(LudusModel.inspect(PACKED).error, "", "the error of inspect()")
	equal(opened(PACKED).self_test(), OK, "self_test()")


func test_inside_a_pack_what_is_wrong_is_refused() -> void:
	var folder := "res://packed/broken"
	if not _pack("user://broken.pck", folder, "variants/iree-vmvx/model.vmfb"):
		return
	var model := LudusModel.new()
	var parts: Array[String] = [folder, "variants/iree-vmvx/model.vmfb"]
	refused(model, model.open(folder, "cpu"), ERR_FILE_NOT_FOUND, parts)


func test_inside_a_pack_what_does_not_belong_there_is_refused() -> void:
	var folder := "res://packed/extra"
	var more := {folder.path_join("extra.txt"): "res://project.godot"}
	if not _pack("user://extra.pck", folder, "", more):
		return
	var model := LudusModel.new()
	refused(model, model.open(folder, "cpu"), ERR_FILE_CORRUPT, [folder, "extra.txt"])


func test_places_that_there_are_not_are_refused() -> void:
	var model := LudusModel.new()
	var places: Array[String] = [
		"res://nowhere", "user://nowhere", "/nowhere", "nowhere", "uid://nowhere", "http://nowhere",
		"res://", "/", "/dev/null", "res://models", "../..", "nowhere\nat all",
	]
	for place: String in places:
		equal(error_string(model.open(place, "cpu")), error_string(ERR_FILE_NOT_FOUND), place)
		check(model.error_message != "", "nothing is said of %s" % place)


func _check_opens(path: String) -> void:
	var model := opened(path)
	if model.is_open():
		load_images(model, 3)
		equal(model.run(), OK, "run()")
		near(model.get("output/0/data"), golden_answers(3), "output/0/data")


## Pack the golden bundle, without one of its files or with more, and bring the pack in.
func _pack(pack: String, folder: String, without := "", more := {}) -> bool:
	var packer := PCKPacker.new()
	equal(packer.pck_start(pack), OK, "pck_start()")
	var files := more.duplicate()
	for file: String in _files(GOLDEN):
		if file != without:
			files[folder.path_join(file)] = GOLDEN.path_join(file)
	for place: String in files:
		equal(packer.add_file(place, files[place]), OK, "add_file()")
	equal(packer.flush(), OK, "flush()")
	var brought := ProjectSettings.load_resource_pack(pack)
	check(brought, "%s cannot be loaded" % pack)
	return brought


func _copy(from: String, to: String) -> void:
	for file: String in _files(from):
		var place := to.path_join(file)
		DirAccess.make_dir_recursive_absolute(place.get_base_dir())
		var copy := FileAccess.open(place, FileAccess.WRITE)
		copy.store_buffer(FileAccess.get_file_as_bytes(from.path_join(file)))


## All files below a folder, relative to it.
func _files(folder: String, below := "") -> PackedStringArray:
	var found: PackedStringArray = []
	for file: String in DirAccess.get_files_at(folder.path_join(below)):
		found.append(below.path_join(file))
	for inner: String in DirAccess.get_directories_at(folder.path_join(below)):
		found.append_array(_files(folder, below.path_join(inner)))
	return found
