@tool
extends RefCounted
## Copies the script template to where Godot looks for one: it has a single folder for a project's
## templates, so that an add-on cannot provide its own.

const TEMPLATE := "res://addons/ludus/script_templates/Node/ludus_model.gd"


## Copies the template into the project, unless there is one of its name, and says where.
static func add() -> void:
	var folder: String = ProjectSettings.get_setting("editor/script/templates_search_path")
	var path := folder.path_join("Node").path_join(TEMPLATE.get_file())
	if FileAccess.file_exists(path):
		print("Ludus: %s is there already" % path)
		return
	DirAccess.make_dir_recursive_absolute(path.get_base_dir())
	var error := DirAccess.copy_absolute(TEMPLATE, path)
	if error != OK:
		push_error("Ludus: %s cannot be copied to %s: %s" % [TEMPLATE, path, error_string(error)])
		return
	print("Ludus: %s is offered for a new script of a Node" % path)
	EditorInterface.get_resource_filesystem().scan()
