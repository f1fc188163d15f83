## Pictures for a network that takes photos, and for one that takes none.
extends "res://tests/suite.gd"

const PHOTOS := "res://photos"
const NO_PICTURES := "res://models/takes-no-pictures"


## Of the golden photos, those that are prepared as this network's bundle says.
func test_a_photo_becomes_the_numbers_that_python_makes_of_it() -> void:
	var model := opened(TENSORS)
	var how: Dictionary = manifest(TENSORS).preprocess
	var seen := 0
	for case: Dictionary in _cases():
		if case.preprocess != how:
			continue
		seen += 1
		equal(model.set_image(0, _picture(case.picture)), OK, "set_image(): %s" % model.error_message)
		var path := PHOTOS.path_join(case.expected)
		var expected := FileAccess.get_file_as_bytes(path).to_float32_array()
		near(model.get("input/0/data"), expected, case.name)
		equal(model.run(), OK, "run()")
	check(seen >= 2, "%d photos are of this network" % seen)


func test_a_texture_and_every_format_are_pictures() -> void:
	var model := opened(TENSORS)
	var picture := _picture("wide.png")
	equal(model.set_image(0, picture), OK, "set_image()")
	var expected: PackedFloat32Array = model.get("input/0/data")
	equal(model.set_image(0, ImageTexture.create_from_image(picture)), OK, "a texture")
	near(model.get("input/0/data"), expected, "a texture")
	for format: Image.Format in [Image.FORMAT_RGBA8, Image.FORMAT_RGBF, Image.FORMAT_RGBAF]:
		var other := picture.duplicate() as Image
		other.convert(format)
		equal(model.set_image(0, other), OK, "format %d" % format)
		near(model.get("input/0/data"), expected, "format %d" % format)


func test_a_photo_of_one_colour_is_a_photo() -> void:
	var model := opened(TENSORS)
	var image := Image.create(30, 20, false, Image.FORMAT_RGB8)
	image.fill(Color.RED)
	equal(model.set_image(0, image), OK, "set_image()")
	var data: PackedFloat32Array = model.get("input/0/data")
	check(absf(data[0] - (1.0 - 0.485) / 0.229) < 1e-5, "red is %f" % data[0])
	check(absf(data[64] - (0.0 - 0.456) / 0.224) < 1e-5, "green is %f" % data[64])


func test_what_is_no_photo_is_refused_and_changes_nothing() -> void:
	var model := opened(TENSORS)
	equal(model.set_image(0, _picture("tall.png")), OK, "set_image()")
	var before: PackedFloat32Array = model.get("input/0/data")
	var clear := Image.create(3, 3, false, Image.FORMAT_RGBA8)
	for value: Variant in [null, 1, "wide.png", Image.new(), ImageTexture.new(), clear]:
		refused(model, model.set_image(0, value), ERR_INVALID_PARAMETER, ["input/0"])
	contains(model.error_message, "transparent")
	equal(model.get("input/0/data"), before, "input/0/data")


func test_a_network_that_takes_no_pictures_says_so_and_what_to_do() -> void:
	var model := opened(NO_PICTURES)
	var parts: Array[String] = ["takes-no-pictures", "no preprocess", "set input/0/data"]
	refused(model, model.set_image(0, _picture("wide.png")), ERR_UNAVAILABLE, parts)
	equal(LudusModel.inspect(NO_PICTURES).preprocess, {}, "preprocess")
	equal(error_string(model.self_test()), "OK", model.error_message)


func test_a_network_that_takes_no_pictures_makes_no_numbers_of_bytes() -> void:
	var model := opened(NO_PICTURES)
	model.set("input/0/data", PackedByteArray([1, 2, 3]))
	contains(model.error_message, "input/0/data is PackedByteArray")
	contains(model.error_message, "no preprocess")
	equal(model.get("input/0/data"), PackedFloat32Array(), "input/0/data")


func test_labels_are_of_the_last_dimension() -> void:
	var model := opened("res://models/has-labels")
	equal(model.labels, PackedStringArray(["a", "b", "c", "d", "e"]), "labels")
	equal(error_string(model.self_test()), "OK", model.error_message)


func _cases() -> Array:
	return JSON.parse_string(FileAccess.get_file_as_string(PHOTOS.path_join("cases.json")))


func _picture(name: String) -> Image:
	var image := Image.new()
	image.load_png_from_buffer(FileAccess.get_file_as_bytes(PHOTOS.path_join(name)))
	return image
