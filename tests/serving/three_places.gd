## Has drawings judged at three places, and writes down each answer: test_three_places.py.
##
##     godot --headless --path SERVER --script res://three_places.gd -- PORT URL DRAWINGS OUT
##
## PORT: of the game's server. DRAWINGS: uint8 [N, SIDE, SIDE]. OUT: three files of float32 [N, 10]:
## here.bin, game-server.bin and served.bin.
extends SceneTree

const SIDE := 64

const Judgement := preload("res://shared/judgement.gd")
const Messages := preload("res://shared/messages.gd")
const Recogniser := preload("res://shared/recogniser.gd")
const Remote := preload("res://shared/remote.gd")


func _initialize() -> void:
	var given := OS.get_cmdline_user_args()
	await process_frame
	var main := Node.new() # the messages are where the server has them
	main.name = "Main"
	var messages := Messages.new()
	messages.name = "Messages"
	main.add_child(messages)
	root.add_child(main)
	var game_server := Remote.new("127.0.0.1", int(given[0]), messages)
	main.add_child(game_server)
	var here := Recogniser.new()
	var served := Recogniser.new()
	var error := here.open("res://models/digits", "cpu") + served.open(given[1], "auto")
	if error:
		push_error(error)
	var drawings := _read(given[2])
	for place: Array in [["here", here], ["game-server", game_server], ["served", served]]:
		error = error if error else await _judge_all(drawings, place[1], given[3].path_join(place[0]))
	print("judged" if error.is_empty() else error)
	quit()


func _judge_all(drawings: Array[Image], place: Object, out: String) -> String:
	var file := FileAccess.open(out + ".bin", FileAccess.WRITE)
	for drawing: Image in drawings:
		var judgement: Judgement = await place.call("judge", drawing)
		if judgement.error:
			return judgement.error
		file.store_buffer(judgement.probabilities.to_byte_array())
	return ""


func _read(path: String) -> Array[Image]:
	var found: Array[Image] = []
	var file := FileAccess.open(path, FileAccess.READ)
	while file.get_position() < file.get_length():
		var bytes := file.get_buffer(SIDE * SIDE)
		found.append(Image.create_from_data(SIDE, SIDE, false, Image.FORMAT_L8, bytes))
	return found
