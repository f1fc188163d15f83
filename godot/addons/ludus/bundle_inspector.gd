@tool
extends EditorInspectorPlugin
## Shows a bundle at the top of the inspector: that of a LudusModel, and the one whose
## manifest.json is opened from the FileSystem dock.

const Bundles := preload("bundles.gd")
const BundleSummary := preload("bundle_summary.gd")


func _can_handle(object: Object) -> bool:
	return object is LudusModel or _is_manifest(object)


func _parse_begin(object: Object) -> void:
	var summary := BundleSummary.new()
	if object is LudusModel:
		summary.follow(object)
	else:
		summary.show_bundle((object as JSON).resource_path.get_base_dir())
	add_custom_control(summary)


func _is_manifest(object: Object) -> bool:
	if not object is JSON:
		return false
	var path := (object as JSON).resource_path
	return path.get_file() == Bundles.MANIFEST and Bundles.is_bundle(path.get_base_dir())
