@tool
extends RefCounted
## Where a project's bundles are.

const MANIFEST := "manifest.json"


## Whether a folder is meant to be a bundle: one that is broken still is.
static func is_bundle(folder: String) -> bool:
	return (
		FileAccess.file_exists(folder.path_join(MANIFEST))
		and DirAccess.dir_exists_absolute(folder.path_join("variants"))
	)


## All bundles in a folder and below, but for what Godot ignores.
static func find(folder: String) -> PackedStringArray:
	if is_bundle(folder):
		return [folder]
	var found := PackedStringArray()
	for name in DirAccess.get_directories_at(folder):
		var below := folder.path_join(name)
		if not name.begins_with(".") and not FileAccess.file_exists(below.path_join(".gdignore")):
			found.append_array(find(below))
	return found
