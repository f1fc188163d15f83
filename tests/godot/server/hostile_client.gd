## Sends a server what it must refuse, then far too much; prints each answer as a line of JSON.
## Run in the server's project with --script and the server's port.
extends SceneTree

const Client := preload("res://client.gd")
const Messages := preload("res://shared/messages.gd")

const PATIENCE := 30.0  # seconds

var _messages := Messages.new()
var _answers: Array[Dictionary] = []
var _is_connected := true


func _initialize() -> void:
	await process_frame
	var main := Node.new()
	main.name = "Main"
	_messages.name = "Messages"
	main.add_child(_messages)
	root.add_child(main)
	_messages.answered.connect(func(answer: Variant) -> void: _answers.append(answer))
	var peer := ENetMultiplayerPeer.new()
	peer.create_client("127.0.0.1", OS.get_cmdline_user_args()[0].to_int())
	get_multiplayer().multiplayer_peer = peer
	get_multiplayer().server_disconnected.connect(func() -> void: _is_connected = false)
	await get_multiplayer().connected_to_server
	var stroke := Client.drawn_one().get_data()
	await _ask("a drawing", 28, 28, stroke)
	await _ask("bytes short", 28, 29, stroke)
	await _ask("no bytes", 28, 28, PackedByteArray())
	await _ask("no pixels", 0, 0, PackedByteArray())
	await _ask("negative", -28, -28, stroke)
	await _ask("huge", 1 << 40, 1 << 40, stroke)
	await _ask("wide", 257, 8, _blank(257 * 8))
	await _ask("megabytes", 28, 28, _blank(1 << 20))
	await _ask("blank", 28, 28, _blank(28 * 28))
	await _ask("words", "28", "28", stroke)
	await _ask("nothing", null, null, null)
	await _ask("a tree", {}, [], {"grey": stroke})
	await _ask("floats", 28.0, 28.0, stroke)
	await _ask("a drawing after all that", 28, 28, stroke)
	_answers.clear()
	for copy in 1000:
		_messages.judge.rpc_id(1, 28, 28, stroke)
	await _wait(func() -> bool: return not _is_connected)
	_print("a flood", _answers)
	quit()


func _ask(what: String, width: Variant, height: Variant, grey: Variant) -> void:
	_answers.clear()
	_messages.judge.rpc_id(1, width, height, grey)
	await _wait(func() -> bool: return not _answers.is_empty())
	_print(what, _answers)


func _wait(until: Callable) -> void:
	var deadline := Time.get_ticks_msec() + 1000 * PATIENCE
	while not until.call() and Time.get_ticks_msec() < deadline:
		await process_frame


func _print(what: String, answers: Array[Dictionary]) -> void:
	var said: Array = answers.map(
		func(answer: Dictionary) -> String: return answer.get("error", "label " + answer.get("label", "?"))
	)
	print(JSON.stringify({"sent": what, "answers": said, "connected": _is_connected}))


static func _blank(size: int) -> PackedByteArray:
	var grey := PackedByteArray()
	grey.resize(size)
	return grey
