## Opens bundles and runs them, in one process. Driven by tests/godot/test_broken_bundles.py.
##
##     godot --headless --path PROJECT --script res://tests/try_bundles.gd -- LIST
##
## LIST has a line of JSON for each bundle: its `path`, the `device` to open it on and, where it is
## to be in a pack, its `files`. Says `TRYING path`, and `TRIED` with the error and its message.
extends SceneTree

var _packs := 0


func _initialize() -> void:
	var list := FileAccess.get_file_as_string(OS.get_cmdline_user_args()[0])
	for line: String in list.split("\n", false):
		var asked: Dictionary = JSON.parse_string(line)
		print("TRYING ", asked.path)
		var path: String = _packed(asked.path, asked.files) if asked.has("files") else asked.path
		print("TRIED ", JSON.stringify(_tried(path, asked.device)))
	quit()


func _tried(path: String, device: String) -> Dictionary:
	var about := LudusModel.inspect(path)
	var model := LudusModel.new()
	var error := model.open(path, device)
	if error == OK:
		error = model.self_test()
	return {
		"error": error_string(error),
		"message": model.error_message,
		"inspected": about.error,
		"place": path,
	}


## Where the files of a bundle are, once they are in a pack that was loaded.
func _packed(path: String, files: Array) -> String:
	_packs += 1
	var folder := "res://packed/%d" % _packs
	var pack := "user://%d.pck" % _packs
	var packer := PCKPacker.new()
	packer.pck_start(pack)
	for file: String in files:
		packer.add_file(folder.path_join(file), path.path_join(file))
	packer.flush()
	ProjectSettings.load_resource_pack(pack)
	return folder
