@tool
extends EditorPlugin
## Opens resources in the inspector, one after the other, and writes what Ludus shows of each to
## probe.json: the text of its labels and buttons that can be seen. Then the editor quits.

const Template := preload("res://addons/ludus/template.gd")
const Summary := preload("res://addons/ludus/bundle_summary.gd")


func _enter_tree() -> void:
	_probe.call_deferred()


func _probe() -> void:
	while EditorInterface.get_resource_filesystem().is_scanning():
		await get_tree().process_frame
	var seen: Dictionary = {}
	seen["manifest"] = await _shown(load("res://models/good/manifest.json"))
	seen["other"] = await _shown(load("res://other/manifest.json"))
	var model: LudusModel = load("res://models/good.tres")
	seen["model"] = await _shown(model)
	for button: Button in _summary().find_children("*", "Button", true, false):
		button.pressed.emit()
	seen["unfolded"] = _text(_summary())
	model.bundle = "res://models/broken"
	seen["changed"] = await _shown(model)
	model.bundle = ""
	seen["empty"] = await _shown(model)
	seen["setting"] = ProjectSettings.get_setting("ludus/export/allow_unproven")
	Template.add()
	Template.add()
	var file := FileAccess.open("res://probe.json", FileAccess.WRITE)
	file.store_string(JSON.stringify(seen))
	file.close()
	get_tree().quit()


## What the inspector shows of a resource's bundle; null where it shows no bundle.
func _shown(resource: Resource) -> Variant:
	EditorInterface.edit_resource(resource)
	for frame in 10:
		await get_tree().process_frame
	var summary := _summary()
	return null if summary == null else _text(summary)


func _summary() -> Node:
	for node in EditorInterface.get_inspector().find_children("*", "VBoxContainer", true, false):
		if node.get_script() == Summary and not node.is_queued_for_deletion():
			return node
	return null


func _text(node: Node) -> String:
	var lines := PackedStringArray()
	for child in node.find_children("*", "Control", true, false):
		if (child is Label or child is Button) and _is_shown(child, node):
			lines.append(child.get("text"))
	return "\n".join(lines)


## Whether nothing between a control and its ancestor is hidden: the editor itself has no window.
func _is_shown(control: Control, ancestor: Node) -> bool:
	var node: Node = control
	while node != ancestor:
		if not (node as Control).visible:
			return false
		node = node.get_parent()
	return true
