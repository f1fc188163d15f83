@tool
extends RefCounted
## Finds and describes a project's bundles.
##
## No script of the plug-in uses the name LudusModel, only a text of it: without the library such a
## script would not load, and an export would pack bundles unchecked.

const Platforms := preload("platforms.gd")

const MANIFEST := "manifest.json"
const CLASS := &"LudusModel"


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


## What a bundle is, as LudusModel.inspect() says it; only an "error" where that cannot be asked.
static func inspect(folder: String) -> Dictionary:
	var reason := why_no_class()
	return {"error": reason} if reason else _model().call("inspect", folder)


## LudusModel.subset().
static func subset(folder: String, targets: PackedStringArray) -> PackedByteArray:
	return _model().call("subset", folder, targets)


## Why the editor does not know LudusModel, and what would help; "" if it does.
static func why_no_class() -> String:
	if ClassDB.class_exists(CLASS):
		return ""
	var path := Platforms.own_library()
	if not path:
		return "%s lists no library for this editor's system" % Platforms.EXTENSION
	if not FileAccess.file_exists(path):
		return "the library %s is missing; build it by `make addon`, or copy it there" % path
	return (
		"the library %s is not loaded: Godot's log says why, or has not seen it yet; start the "
		+ "editor once more, or run `godot --headless --import`"
	) % path


static func _model() -> Object:
	return ClassDB.instantiate(CLASS)
