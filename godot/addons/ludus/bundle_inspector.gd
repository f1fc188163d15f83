@tool
extends EditorInspectorPlugin
## Shows a bundle in the inspector: of a LudusModel below the property that names its folder, and of
## a manifest.json that is opened from the FileSystem dock.

const Bundles := preload("bundles.gd")
const BundleSummary := preload("bundle_summary.gd")


func _can_handle(object: Object) -> bool:
	# null: for the values of arrays and Variants, such as a JSON's data, the editor has no object.
	return object != null and (object.is_class(Bundles.CLASS) or _is_manifest(object))


func _parse_begin(object: Object) -> void:
	if _is_manifest(object):
		var summary := BundleSummary.new()
		summary.show_bundle((object as Resource).resource_path.get_base_dir())
		add_custom_control(summary)


func _parse_property(
	object: Object,
	_type: Variant.Type,
	name: String,
	_hint: PropertyHint,
	_hint_string: String,
	_usage: int,
	_wide: bool
) -> bool:
	if object.is_class(Bundles.CLASS) and name == "bundle":
		var summary := BundleSummary.new()
		summary.follow(object)
		add_property_editor(name, summary, true)  # below Godot's own editor of it
	return false


func _is_manifest(object: Object) -> bool:
	if not object is JSON:
		return false
	var path := (object as JSON).resource_path
	return path.get_file() == Bundles.MANIFEST and Bundles.is_bundle(path.get_base_dir())
