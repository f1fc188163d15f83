## What every file of tests extends: checks that are counted, and what most tests need.
extends RefCounted

const GOLDEN := "res://models/golden" ## tests/golden/bundle
const TENSORS := "res://models/tensors" ## tests/golden/tensor-bundle
const DIGITS := "res://models/digits" ## artifacts/bundle, where it was built
const DRAWINGS := "res://drawings"
const PIXELS := 28 * 28
const LABELS := 10
const TOLERANCE := 1e-4 ## of a probability; the golden bundle's own

var tree: SceneTree
var checks := 0
var wrong: PackedStringArray = []
var skipped := ""


func check(holds: bool, otherwise: String) -> void:
	checks += 1
	if not holds:
		wrong.append(otherwise)


func equal(got: Variant, expected: Variant, what: String) -> void:
	var alike: bool = typeof(got) == typeof(expected) and got == expected
	check(alike, "%s is %s, expected %s" % [what, _shown(got), _shown(expected)])


func contains(text: String, part: String) -> void:
	check(part in text, "expected '%s' in '%s'" % [part, text])


## Rows of probabilities that agree; NaN agrees with nothing.
func near(got: PackedFloat32Array, expected: PackedFloat32Array, what: String) -> void:
	if got.size() != expected.size():
		check(false, "%s has %d values, expected %d" % [what, got.size(), expected.size()])
		return
	for index: int in got.size():
		if not absf(got[index] - expected[index]) <= TOLERANCE:
			var values := [what, index, got[index], expected[index]]
			check(false, "%s[%d] is %f, expected %f" % values)
			return
	checks += 1


## The call failed with this error and a message that holds each of these parts.
func refused(model: LudusModel, error: Error, expected: Error, parts: Array[String]) -> void:
	equal(error_string(error), error_string(expected), "the error")
	for part: String in parts:
		contains(model.error_message, part)


## The test cannot be run here. It returns after this.
func skip(reason: String) -> void:
	skipped = reason


## The digits' bundle is there; otherwise the test is skipped.
func has_digits() -> bool:
	if not FileAccess.file_exists(DIGITS.path_join("manifest.json")):
		skip("artifacts/bundle is not there; run `dvc repro`")
	return skipped.is_empty()


func opened(path := GOLDEN, device := "cpu") -> LudusModel:
	var model := LudusModel.new()
	equal(error_string(model.open(path, device)), "OK", "open(): %s:" % model.error_message)
	return model


## The golden bundle with the first `count` golden images as input, again and again.
func loaded(count: int, device := "cpu") -> LudusModel:
	var model := opened(GOLDEN, device)
	load_images(model, count)
	return model


func load_images(model: LudusModel, count: int, path := GOLDEN) -> void:
	model.set("input/0/shape", [count, 1, 28, 28])
	model.set("input/0/data", golden_images(count, path))


## Grey levels, image after image.
func golden_images(count: int, path := GOLDEN) -> PackedByteArray:
	var images := FileAccess.get_file_as_bytes(path.path_join("golden/images.bin"))
	return _repeated(images, count * PIXELS)


## The answers that the bundle says.
func golden_answers(count: int, path := GOLDEN) -> PackedFloat32Array:
	var answers: PackedFloat32Array = []
	for row: Array in manifest(path).golden.probabilities:
		answers.append_array(PackedFloat32Array(row))
	return _repeated(answers, count * LABELS)


func manifest(path := GOLDEN) -> Dictionary:
	return JSON.parse_string(FileAccess.get_file_as_string(path.path_join("manifest.json")))


func drawing(digit: int) -> Image:
	var path := DRAWINGS.path_join("%d.png" % digit)
	var image := Image.new()
	image.load_png_from_buffer(FileAccess.get_file_as_bytes(path))
	return image


## The index of the largest of ten probabilities.
func digit_of(model: LudusModel) -> int:
	var answers: PackedFloat32Array = model.get("output/0/data")
	var best := 0
	for index: int in answers.size():
		if answers[index] > answers[best]:
			best = index
	return best if answers.size() == LABELS else -1


func _repeated(values: Variant, size: int) -> Variant:
	while values.size() < size:
		values.append_array(values)
	return values.slice(0, size)


func _shown(value: Variant) -> String:
	var text := var_to_str(value)
	return text if text.length() <= 200 else text.left(200) + "..."
