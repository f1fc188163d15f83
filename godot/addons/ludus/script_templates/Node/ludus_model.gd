# meta-name: Ludus Model
# meta-description: Opens a model and runs it without stalling a frame
# meta-default: false
extends _BASE_

@export_dir var bundle := "res://models/digits"

var model := LudusModel.new()


func _ready() -> void:
	if model.open(bundle) != OK:
		push_error(model.error_message)


## What the model takes a picture for: the label of its highest score, or the score's index where
## the bundle has no labels; "" after an error.
func recognise(picture: Image) -> String:
	if model.set_image(0, picture) != OK: # numbers go to model.set("input/0/data", numbers) instead
		push_error(model.error_message)
		return ""
	return await _answer()


func _answer() -> String:
	if await model.run_async() != OK:
		push_error(model.error_message)
		return ""
	var scores: PackedFloat32Array = model.get("output/0/data")
	var best := 0
	for index in scores.size():
		if scores[index] > scores[best]:
			best = index
	return model.labels[best] if best < model.labels.size() else str(best)
