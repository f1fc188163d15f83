extends "res://tests/suite.gd"

const PACKED := "res://packed/golden" ## only there in a .pck


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
		"res://nowhere", "user://nowhere", "/nowhere", "uid://nowhere", "ftp://nowhere",
		"res://", "/", "/dev/null", "res://models", "/nowhere\nat all",
	]
	for place: String in places:
		equal(error_string(model.open(place, "cpu")), error_string(ERR_FILE_NOT_FOUND), place)
		check(model.error_message != "", "nothing is said of %s" % place)


func test_a_relative_path_is_refused() -> void:
	var model := LudusModel.new()
	for place: String in ["models/golden", "nowhere", "../..", "./models/golden"]:
		var parts: Array[String] = ["relative", "res://" + place]
		refused(model, model.open(place, "cpu"), ERR_INVALID_PARAMETER, parts)
		contains(LudusModel.inspect(place).error, "relative")


func test_a_folder_that_is_not_there_is_said_not_to_be() -> void:
	_check_says("res://nowhere", "there is no folder res://nowhere")
	_check_says("user://nowhere", "there is no folder user://nowhere")
	_check_says("/nowhere", "there is no folder /nowhere")


func test_a_folder_without_a_manifest_is_said_to_be_no_bundle() -> void:
	_check_says("res://models", "res://models has no such file, and so is no bundle")


func test_of_a_file_its_folder_is_asked_for() -> void:
	_check_says(GOLDEN + "/manifest.json", "is a file; give the folder of a bundle, as " + GOLDEN)


func test_the_root_of_the_user_s_folder_is_a_folder() -> void:
	_copy(GOLDEN, "user://")
	DirAccess.make_dir_absolute("user://more")
	FileAccess.open("user://more/file", FileAccess.WRITE)
	var model := LudusModel.new()
	for path: String in ["user://", "user:///"]:
		refused(model, model.open(path, "cpu"), ERR_FILE_CORRUPT, ["is not named by manifest.json"])
	for file: String in _files(GOLDEN):
		DirAccess.remove_absolute("user://".path_join(file))


func test_texts_whose_line_ends_git_changed_are_told_as_such() -> void:
	_copy(GOLDEN, "user://crlf")
	var text := FileAccess.get_file_as_string(GOLDEN + "/README.md")
	FileAccess.open("user://crlf/README.md", FileAccess.WRITE).store_string(text.replace("\n", "\r\n"))
	var model := LudusModel.new()
	var parts: Array[String] = ["README.md has ", "models/** -text", "copy the bundle again"]
	refused(model, model.open("user://crlf", "cpu"), ERR_FILE_CORRUPT, parts)


func _check_says(path: String, what: String) -> void:
	var model := LudusModel.new()
	refused(model, model.open(path, "cpu"), ERR_FILE_NOT_FOUND, ["manifest.json cannot be read", what])


func _check_opens(path: String) -> void:
	var model := opened(path)
	if model.is_open():
		load_images(model, 3)
		equal(model.run(), OK, "run()")
		near(model.get("output/0/data"), golden_answers(3), "output/0/data")


## Pack the golden bundle, without one of its files or with more, and load the pack.
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
