## Sends a picture to a server and prints its answer: a client without a window.
extends Node

const Judgement := preload("shared/judgement.gd")
const Messages := preload("shared/messages.gd")
const Options := preload("options.gd")
const Remote := preload("shared/remote.gd")


## Asks, and returns what the program ends with: 0 if the server judged the picture, else 1.
func ask(options: Options, messages: Messages) -> int:
	var picture := drawn_one()
	if options.picture:
		picture = Image.load_from_file(options.picture)
		if not picture:
			printerr("error: --picture: cannot read '%s'" % options.picture)
			return 1
		Remote.make_small(picture)
	var remote := Remote.new(options.address, options.port, messages)
	add_child(remote)
	var judgement: Judgement = await remote.judge(picture)
	if judgement.error:
		printerr("error: " + judgement.error)
		return 1
	print(judgement)
	return 0


## A drawing of 28 x 28 pixels that is a 1.
static func drawn_one() -> Image:
	var drawing := Image.create_empty(28, 28, false, Image.FORMAT_L8)
	drawing.fill_rect(Rect2i(14, 5, 2, 18), Color.WHITE)
	return drawing
