## Shows the picture that the network was given, pixel by pixel.
extends TextureRect

var _texture := ImageTexture.new()


## Shows a square picture of one byte a pixel; none at all shows nothing.
func show_seen(grey: PackedByteArray) -> void:
	texture = null
	if grey.is_empty():
		return
	var side := roundi(sqrt(grey.size()))
	_texture.set_image(Image.create_from_data(side, side, false, Image.FORMAT_L8, grey))
	texture = _texture
