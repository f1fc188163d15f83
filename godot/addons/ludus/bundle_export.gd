@tool
extends EditorExportPlugin
## Packs of each bundle in the project what the export's platform can run, and says so.
##
## The packed bundle is whole: its manifest names the packed variants alone. An export fails where
## a bundle is broken, where its platform runs none of the variants, and where none of those that
## it runs was verified or attested, unless the project setting allows that.

const Bundles := preload("bundles.gd")
const Platforms := preload("platforms.gd")

const SETTING := "ludus/export/allow_unproven"
const PROVEN: PackedStringArray = ["verified", "attested"]
const NONE_RUNS := (
	"%s has no variant that runs on %s; build one, or leave the bundle's files out by the preset's "
	+ "exclude filter"
)
const NONE_PROVEN := (
	"%s has no variant for %s that is verified or attested; run its evaluations, or set %s in "
	+ "Project Settings to export it on purpose"
)
## EditorExportPlatform.EXPORT_MESSAGE_ERROR, which Godot 4.3 lacks.
const MESSAGE_ERROR := 3

var _path := ""
var _features := PackedStringArray()
## The project's bundles; whether each was packed.
var _bundles: Dictionary = {}
var _failed := false


## Makes the project setting known, with its default, so that Project Settings show it.
static func define_setting() -> void:
	if not ProjectSettings.has_setting(SETTING):
		ProjectSettings.set_setting(SETTING, false)
	ProjectSettings.set_initial_value(SETTING, false)
	ProjectSettings.set_as_basic(SETTING, true)
	ProjectSettings.add_property_info({"name": SETTING, "type": TYPE_BOOL})


func _get_name() -> String:
	return "Ludus"


func _export_begin(features: PackedStringArray, _debug: bool, path: String, _flags: int) -> void:
	_path = path
	_failed = false
	_features = features.duplicate()
	if _is_dedicated_server() and "dedicated_server" not in _features:
		_features.append("dedicated_server")
	_bundles.clear()
	for folder in Bundles.find("res://"):
		_bundles[folder] = false


func _export_file(path: String, _type: String, _with: PackedStringArray) -> void:
	if _failed:
		skip()  # so that nothing that is left of this export can start
		return
	for folder: String in _bundles:
		if path.begins_with(folder.path_join("")):
			skip()
			if path == folder.path_join(Bundles.MANIFEST):
				_bundles[folder] = true
				_pack(folder)


func _export_end() -> void:
	if _failed:
		_leave_nothing()
		return
	for folder: String in _bundles:
		if not _bundles[folder]:
			push_warning(
				(
					"Ludus: %s is not in this export: the preset's filters leave out its %s"
					% [folder, Bundles.MANIFEST]
				)
			)


## Adds a bundle's files to the export: those of the variants that run, and those of all.
func _pack(folder: String) -> void:
	var bundle: Dictionary = LudusModel.inspect(folder)
	if bundle["error"]:
		_fail(bundle["error"])
		return
	var allowed: bool = ProjectSettings.get_setting(SETTING, false)
	var platform := Platforms.describe(_features)
	var targets := PackedStringArray()
	var proven := false
	var files := Array(bundle["files"])
	print("Ludus: %s for %s" % [folder, platform])
	for variant: Dictionary in bundle["variants"]:
		var reason := Platforms.why_not(variant, _features)
		if not reason and variant["status"] == "failed" and not allowed:
			reason = "an evaluation of it failed"
		if reason:
			files = files.filter(func(file: String) -> bool: return file not in variant["files"])
			print(_line("left out", variant, reason))
		else:
			targets.append(variant["target"])
			proven = proven or variant["status"] in PROVEN
			print(_line("packed", variant, variant["status"]))
	if targets.is_empty():
		_fail(NONE_RUNS % [folder, platform])
	elif not proven and not allowed:
		_fail(NONE_PROVEN % [folder, platform, SETTING])
	else:
		add_file(folder.path_join(Bundles.MANIFEST), LudusModel.subset(folder, targets), false)
		for file: String in files:
			var path := folder.path_join(file)
			add_file(path, FileAccess.get_file_as_bytes(path), false)


func _line(what: String, variant: Dictionary, why: String) -> String:
	var size := String.humanize_size(variant["bytes"])
	return "  %s %s %s  %s" % [what.rpad(8), variant["target"].rpad(20), size.lpad(10), why]


func _is_dedicated_server() -> bool:
	if not has_method("get_export_preset"):  # Godot 4.3
		return false
	var preset: Object = call("get_export_preset")
	return preset != null and preset.call("is_dedicated_server")


## Says why this export fails. Godot has no way for a plug-in to end an export: this makes the
## export dialog say "Failed", and `_leave_nothing` does the rest.
func _fail(message: String) -> void:
	_failed = true
	if has_method("get_export_platform"):  # since Godot 4.4
		var platform: Object = call("get_export_platform")
		platform.call("add_message", MESSAGE_ERROR, "Ludus", message)
	else:
		push_error("Ludus: %s" % message)


## Removes what a failed export wrote, and has a command-line export end with 1.
func _leave_nothing() -> void:
	for path: String in [_path, _path.get_basename() + ".pck"]:
		if FileAccess.file_exists(path):
			DirAccess.remove_absolute(path)
	for argument in OS.get_cmdline_args():
		if argument.begins_with("--export-"):
			# Deferred: Godot itself asks to quit with 0 when it is through with the export.
			(Engine.get_main_loop() as SceneTree).quit.call_deferred(1)
