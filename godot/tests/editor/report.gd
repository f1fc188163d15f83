extends SceneTree
## Run in an exported game: says what is in its bundle, and whether it opens and computes rightly.

const BUNDLE := "res://models/good"


func _initialize() -> void:
	await process_frame
	var model := LudusModel.new()
	var opened := model.open(BUNDLE, "cpu")
	var tested := model.self_test() if opened == OK else FAILED
	var report := {
		"files": below(BUNDLE),
		"other": FileAccess.file_exists("res://other/manifest.json"),
		"opened": error_string(opened),
		"tested": error_string(tested),
		"message": model.error_message,
		"variants": model.variants().map(func(variant: Dictionary) -> String: return variant.target),
	}
	print("REPORT %s" % JSON.stringify(report))
	quit()


func below(folder: String) -> Array:
	var files: Array = Array(DirAccess.get_files_at(folder))
	for name in DirAccess.get_directories_at(folder):
		for file: String in below(folder.path_join(name)):
			files.append(name.path_join(file))
	files.sort()
	return files
