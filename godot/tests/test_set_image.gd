extends "res://tests/suite.gd"

func test_the_ten_drawings_are_recognised() -> void:
	var model := opened()
	for digit: int in 10:
		equal(model.set_image(0, drawing(digit)), OK, "set_image()")
		equal(model.run(), OK, "run()")
		equal(digit_of(model), digit, "the answer")


func test_the_ten_drawings_are_recognised_by_digits() -> void:
	if not has_digits():
		return
	var model := opened(DIGITS, "cpu")
	for digit: int in 10:
		equal(model.set_image(0, drawing(digit)), OK, "set_image()")
		equal(model.run(), OK, "run()")
		equal(digit_of(model), digit, "the answer")


func test_a_picture_becomes_the_numbers_that_the_bundle_was_made_with() -> void:
	var model := opened()
	var golden := golden_images(10)
	for digit: int in 10:
		equal(model.set_image(0, drawing(digit)), OK, "set_image()")
		var got: PackedFloat32Array = model.get("input/0/data")
		equal(got.size(), PIXELS, "the size")
		for pixel: int in got.size():
			if roundi(got[pixel] * 255.0) != golden[digit * PIXELS + pixel]:
				check(false, "pixel %d of %d is %f" % [pixel, digit, got[pixel]])
				break


func test_a_picture_is_one_image() -> void:
	var model := loaded(4)
	equal(model.set_image(0, drawing(7)), OK, "set_image()")
	equal(model.get("input/0/shape"), PackedInt64Array([1, 1, 28, 28]), "input/0/shape")
	equal((model.get("input/0/data") as PackedFloat32Array).size(), PIXELS, "the data")


func test_a_texture_is_a_picture() -> void:
	_check_recognised(func(image: Image) -> Variant: return ImageTexture.create_from_image(image))


func test_every_format_is_a_picture() -> void:
	var formats: Array[Image.Format] = [
		Image.FORMAT_L8, Image.FORMAT_LA8, Image.FORMAT_RGB8, Image.FORMAT_RGBA8,
		Image.FORMAT_RGBF, Image.FORMAT_RGBAF, Image.FORMAT_RGBH, Image.FORMAT_RGBAH,
	]
	for format: Image.Format in formats:
		_check_recognised(func(image: Image) -> Variant:
			image.convert(format)
			return image)


## Godot 4.6 has formats that 4.3, whose interface the library is built for, does not know.
func test_every_format_that_this_engine_has_is_taken() -> void:
	var model := opened()
	for format: int in Image.FORMAT_MAX:
		if Image.create_empty(64, 64, false, format as Image.Format).is_compressed():
			continue
		var image := drawing(7)
		image.convert(format as Image.Format)
		equal(image.get_format(), format as Image.Format, "the format")
		equal(error_string(model.set_image(0, image)), "OK", "set_image() of format %d" % format)


## Image.decompress() of Godot 4.6 returns OK for this format, and leaves it unchanged.
func test_a_picture_that_stays_compressed_is_refused() -> void:
	var image := Image.create_empty(64, 64, false, Image.FORMAT_ETC2_R11S)
	var parts: Array[String] = ["input/0", "ETC2_R11S cannot be decompressed"]
	var model := opened()
	refused(model, model.set_image(0, image), ERR_INVALID_PARAMETER, parts)


func test_a_picture_with_mipmaps_is_a_picture() -> void:
	_check_recognised(func(image: Image) -> Variant:
		image.generate_mipmaps()
		return image)


func test_a_compressed_picture_is_a_picture_and_stays_compressed() -> void:
	if not _compressed(drawing(0)).is_compressed():
		skip("this engine cannot compress pictures")
		return
	_check_recognised(_compressed)
	var image := _compressed(drawing(3))
	equal(opened().set_image(0, image), OK, "set_image()")
	equal(image.is_compressed(), true, "is_compressed()")


func test_a_picture_of_any_size_is_a_picture() -> void:
	for size: int in [29, 100, 777]:
		_check_recognised(func(image: Image) -> Variant:
			image.resize(size, size, Image.INTERPOLATE_LANCZOS)
			return image)


func test_a_drawing_anywhere_on_a_large_picture_is_found() -> void:
	_check_recognised(func(image: Image) -> Variant:
		image.convert(Image.FORMAT_RGBA8)
		var large := Image.create(640, 480, false, Image.FORMAT_RGBA8)
		large.fill(image.get_pixel(0, 0))
		large.blit_rect(image, Rect2i(Vector2i(), image.get_size()), Vector2i(333, 111))
		return large)


func test_the_picture_is_left_as_it_is() -> void:
	var image := drawing(4)
	var before := image.get_data()
	var format := image.get_format()
	equal(opened().set_image(0, image), OK, "set_image()")
	equal(image.get_data(), before, "the pixels")
	equal(image.get_format(), format, "the format")


func test_what_is_no_picture_is_refused_and_changes_nothing() -> void:
	var model := loaded(2)
	var before: PackedFloat32Array = model.get("input/0/data")
	var node := Node.new()
	var values: Array = [null, 1, "drawing.png", {}, [], PackedByteArray([1, 2]), node, Resource.new()]
	for value: Variant in values:
		refused(model, model.set_image(0, value), ERR_INVALID_PARAMETER, ["input/0", "Image"])
	node.free()
	refused(model, model.set_image(0, node), ERR_INVALID_PARAMETER, ["input/0"])
	equal(model.get("input/0/data"), before, "input/0/data")
	equal(model.get("input/0/shape"), PackedInt64Array([2, 1, 28, 28]), "input/0/shape")


func test_an_empty_picture_is_refused() -> void:
	var model := opened()
	refused(model, model.set_image(0, Image.new()), ERR_INVALID_PARAMETER, ["input/0", "empty"])
	refused(model, model.set_image(0, ImageTexture.new()), ERR_INVALID_PARAMETER, ["input/0"])
	var placeholder := PlaceholderTexture2D.new()
	refused(model, model.set_image(0, placeholder), ERR_INVALID_PARAMETER, ["input/0"])


func test_a_picture_of_one_colour_is_refused() -> void:
	var model := loaded(1)
	var before: PackedFloat32Array = model.get("input/0/data")
	for colour: Color in [Color.BLACK, Color.WHITE, Color.RED, Color.TRANSPARENT]:
		for size: int in [1, 28, 300]:
			var image := Image.create(size, size, false, Image.FORMAT_RGBA8)
			image.fill(colour)
			refused(model, model.set_image(0, image), ERR_INVALID_PARAMETER, ["input/0"])
	equal(model.get("input/0/data"), before, "input/0/data")


func test_the_strangest_sizes_do_no_harm() -> void:
	var model := opened()
	for size: Vector2i in [Vector2i(1, 2), Vector2i(2, 1), Vector2i(1, 3000), Vector2i(3000, 1)]:
		var image := Image.create(size.x, size.y, false, Image.FORMAT_L8)
		image.set_pixel(size.x - 1, size.y - 1, Color.WHITE)
		var error := model.set_image(0, image)
		check(error in [OK, ERR_INVALID_PARAMETER], "%s: %s" % [size, error_string(error)])
		if error == OK:
			equal(model.run(), OK, "run() of %s" % size)


func test_an_input_that_there_is_not_is_refused() -> void:
	var model := opened()
	for index: int in [1, -1, 1 << 40]:
		var error := model.set_image(index, drawing(1))
		refused(model, error, ERR_INVALID_PARAMETER, ["input/%d" % index, "expected 0 to input_count - 1"])


func test_an_index_that_there_is_not_is_told_before_what_is_wrong_with_the_picture() -> void:
	var model := opened()
	var blank := Image.create(28, 28, false, Image.FORMAT_L8)
	for value: Variant in [blank, null]:
		refused(model, model.set_image(1, value), ERR_INVALID_PARAMETER, ["got the index 1"])
	refused(model, model.set_image(0, blank), ERR_INVALID_PARAMETER, ["input/0", "shows nothing"])


func test_a_model_that_is_not_open_takes_no_picture() -> void:
	var model := LudusModel.new()
	refused(model, model.set_image(0, drawing(1)), ERR_UNCONFIGURED, ["open()"])


## Each drawing, changed, is still recognised.
func _check_recognised(change: Callable) -> void:
	var model := opened()
	for digit: int in 10:
		var error := model.set_image(0, change.call(drawing(digit)))
		equal(error_string(error), "OK", "set_image(): %s:" % model.error_message)
		equal(model.run(), OK, "run()")
		equal(digit_of(model), digit, "the answer")


func _compressed(image: Image) -> Image:
	image.resize(64, 64, Image.INTERPOLATE_LANCZOS)
	image.convert(Image.FORMAT_RGB8)
	image.compress(Image.COMPRESS_S3TC)
	return image
