@tool
extends EditorPlugin
## Puts Ludus into the editor: what the inspector shows of a bundle, what an export packs of it,
## the project setting of exports, and a script template.

const BundleInspector := preload("bundle_inspector.gd")
const BundleExport := preload("bundle_export.gd")
const Template := preload("template.gd")

const MENU_ITEM := "Add Ludus Script Template"

var _inspector := BundleInspector.new()
var _export := BundleExport.new()


func _enter_tree() -> void:
	add_inspector_plugin(_inspector)
	add_export_plugin(_export)
	add_tool_menu_item(MENU_ITEM, Template.add)
	BundleExport.define_setting()


func _exit_tree() -> void:
	remove_tool_menu_item(MENU_ITEM)
	remove_export_plugin(_export)
	remove_inspector_plugin(_inspector)
