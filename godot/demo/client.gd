## Sends a recorded drawing to a server and prints its answer: a client without a window.
extends Node

const Canvas := preload("canvas.gd")
const Drawings := preload("drawings.gd")
const Judgement := preload("judgement.gd")
const Messages := preload("messages.gd")
const Options := preload("options.gd")
const Remote := preload("remote.gd")


## Asks, and returns what the program ends with: 0 if the server recognised the digit, else 1.
func ask(options: Options, messages: Messages) -> int:
	var remote := Remote.new(options.address, options.port, messages)
	add_child(remote)
	var canvas := Canvas.new()
	canvas.size = Vector2.ONE * Canvas.SIDE
	add_child(canvas)
	Drawings.draw(Drawings.new().tallest(options.digit), canvas)
	var judgement: Judgement = await remote.judge(canvas.cropped(Remote.LONGEST))
	if judgement.error:
		printerr("error: " + judgement.error)
	else:
		print(judgement)
	return 0 if judgement.label == str(options.digit) else 1
