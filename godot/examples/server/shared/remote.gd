## Lets a server judge drawings.
extends Node

const Judgement := preload("judgement.gd")
const Messages := preload("messages.gd")

## A drawing is sent with at most so many pixels a side: seven times the network's input.
const LONGEST := 196
## How long the server may take to be reached, and to answer.
const PATIENCE := 5.0  # seconds
const NOBODY := "no server answers at %s:%d; start one: godot --headless --path godot/examples/server"

signal _done(answer: Variant)

var _messages: Messages
var _address: String
var _port: int
var _patience := 0.0  # seconds left


func _init(address: String, port: int, messages: Messages) -> void:
	_address = address
	_port = port
	_messages = messages


func _ready() -> void:
	set_process(false)
	_messages.answered.connect(_finish)
	multiplayer.connected_to_server.connect(_finish.bind({}))
	multiplayer.connection_failed.connect(_fail.bind(NOBODY % [_address, _port]))
	multiplayer.server_disconnected.connect(_fail.bind("the server is gone"))


## Sends a drawing of grey levels (FORMAT_L8) and waits for the answer. One at a time.
func judge(drawing: Image) -> Judgement:
	if not _is_connected():
		var error: Dictionary = await _connect()
		if error:
			return Judgement.from_answer(error)
	_messages.judge.rpc_id(1, drawing.get_width(), drawing.get_height(), drawing.get_data())
	return Judgement.from_answer(await _wait())


## Makes a picture ready to send: grey levels, and no more pixels than a server needs.
static func make_small(picture: Image) -> void:
	picture.convert(Image.FORMAT_L8)
	var shrink := minf(1, LONGEST / float(maxi(picture.get_width(), picture.get_height())))
	var side := Vector2i((Vector2(picture.get_size()) * shrink).ceil())
	picture.resize(side.x, side.y, Image.INTERPOLATE_TRILINEAR)


func _is_connected() -> bool:
	var peer := multiplayer.multiplayer_peer as ENetMultiplayerPeer
	return peer and peer.get_connection_status() == MultiplayerPeer.CONNECTION_CONNECTED


func _connect() -> Dictionary:
	var peer := ENetMultiplayerPeer.new()
	if peer.create_client(_address, _port) != OK:
		return {"error": NOBODY % [_address, _port]}
	multiplayer.multiplayer_peer = peer
	return await _wait()


## Waits for the server, but not for ever.
func _wait() -> Variant:
	_patience = PATIENCE
	set_process(true)
	return await _done


func _process(delta: float) -> void:
	_patience -= delta
	if _patience < 0:
		_fail((NOBODY % [_address, _port]) if not _is_connected() else "the server does not answer")


## Gives the connection up too, so that no late answer is taken for another drawing's.
func _fail(reason: String) -> void:
	multiplayer.multiplayer_peer = OfflineMultiplayerPeer.new()
	_finish({"error": reason})


func _finish(answer: Variant) -> void:
	set_process(false)
	_done.emit(answer)
