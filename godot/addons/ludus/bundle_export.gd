@tool
extends EditorExportPlugin
## Packs the variants of each bundle that the export's platform can run, and says so.
##
## The packed bundle is whole: its manifest names only the packed variants. An export fails where
## a bundle is broken, where its platform runs none of the variants, where the platform's library is
## missing, and where none of the variants that it runs was verified or attested, unless the project
## setting allows that. A pack alone holds no library and may be for a game that has one: a missing
## library is a warning then.

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
const NO_LIBRARY := "%s, so that the exported game could not open %s; %s"
const BUILD_ONE := (
	"build it (docs/how-to/build-the-addon.md) or copy it there, or leave the bundle's files out by the "
	+ "preset's exclude filter"
)
const HAVE_ONE := "it opens only in a game that has one"
## Of EditorExportPlatform, which Godot 4.3 does not tell scripts of.
const MESSAGE_WARNING := 2
const MESSAGE_ERROR := 3

var _path := ""
## When the pack beside `_path` was written before this export; 0 where there was none.
var _pack_time := 0
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
	_pack_time = FileAccess.get_modified_time(_pack_beside()) if _has_pack_beside() else 0
	_failed = false
	_features = features.duplicate()
	if _is_dedicated_server() and "dedicated_server" not in _features:
		_features.append("dedicated_server")
	_bundles.clear()
	for folder in Bundles.find("res://"):
		_bundles[folder] = false


func _export_file(path: String, _type: String, _with: PackedStringArray) -> void:
	if _failed:
		skip()  # so that no remains of this export can start
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
	var bundle: Dictionary = Bundles.inspect(folder)
	if bundle["error"]:
		_fail(bundle["error"])
		return
	for missing in Platforms.missing_libraries(_features):
		if not _is_pack_only():
			_fail(NO_LIBRARY % [missing, folder, BUILD_ONE])
			return
		_say(MESSAGE_WARNING, NO_LIBRARY % [missing, folder, HAVE_ONE])
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
		add_file(folder.path_join(Bundles.MANIFEST), Bundles.subset(folder, targets), false)
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


## Whether this export is a pack and no game. For a .zip of macOS the path does not say: a whole
## application may be one too. A command line says which; the editor's dialog does not, and there
## the .zip counts as an application.
func _is_pack_only() -> bool:
	match _path.get_extension().to_lower():
		"pck":
			return true
		"zip":
			return Platforms.system_of(_features) != "macos" or _exports_by("--export-pa")
	return false


## Whether the command line exports, by one of the options that begin so.
func _exports_by(option: String) -> bool:
	return Array(OS.get_cmdline_args()).any(
		func(argument: String) -> bool: return argument.begins_with(option)
	)


## Says why this export fails. Godot has no way for a plug-in to end an export: this makes the
## export dialog say "Failed", and `_leave_nothing` does the rest.
func _fail(message: String) -> void:
	_failed = true
	_say(MESSAGE_ERROR, message)


func _say(kind: int, message: String) -> void:
	if has_method("get_export_platform"):  # since Godot 4.4
		var platform: Object = call("get_export_platform")
		platform.call("add_message", kind, "Ludus", message)
	elif kind == MESSAGE_ERROR:
		push_error("Ludus: %s" % message)
	else:
		push_warning("Ludus: %s" % message)


## Where Godot puts the pack of a game that is several files.
func _pack_beside() -> String:
	return _path.get_basename() + ".pck"


func _has_pack_beside() -> bool:
	return FileAccess.file_exists(_pack_beside())


## Removes what a failed export wrote, and has a command-line export end with 1. A pack that another
## export left beside it stays.
func _leave_nothing() -> void:
	if FileAccess.file_exists(_path):
		DirAccess.remove_absolute(_path)
	if _has_pack_beside() and FileAccess.get_modified_time(_pack_beside()) != _pack_time:
		DirAccess.remove_absolute(_pack_beside())
	if _exports_by("--export-"):
		# Deferred: Godot itself asks to quit with 0 when it is through with the export.
		(Engine.get_main_loop() as SceneTree).quit.call_deferred(1)
