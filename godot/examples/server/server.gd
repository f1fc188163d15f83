## Judges the drawings that others send, on this machine's CPU: a game's dedicated server.
extends Node

const Judgement := preload("shared/judgement.gd")
const Messages := preload("shared/messages.gd")
const Options := preload("options.gd")
const Recogniser := preload("shared/recogniser.gd")

const MOST_PEERS := 32
const SMALLEST_SIDE := 8  # pixels
const LARGEST_SIDE := 256
## After so many refused drawings in a row the peer is disconnected.
const MOST_REFUSALS := 20
## How often a second it looks for messages; otherwise a headless Godot would use a whole core.
const TICKS := 120

var _messages: Messages
var _recogniser := Recogniser.new()
var _waiting: Dictionary = {}  # of each peer that asked: its drawing, first come first served
var _refusals: Dictionary = {}  # of each peer: how many in a row
var _judging := false


## Opens the bundle and listens. Returns why it cannot, or "".
func start(bundle: String, options: Options, messages: Messages) -> String:
	var error := _recogniser.open(bundle, "cpu")
	if error:
		return error
	var enet := ENetMultiplayerPeer.new()
	enet.set_bind_ip(options.address)
	if enet.create_server(options.port, MOST_PEERS) != OK:
		return "cannot listen on %s:%d; is the port taken?" % [options.address, options.port]
	Engine.max_fps = TICKS
	_messages = messages
	_messages.asked.connect(_on_asked)
	(multiplayer as SceneMultiplayer).server_relay = false  # clients do not hear of one another
	multiplayer.multiplayer_peer = enet
	multiplayer.peer_disconnected.connect(_on_peer_disconnected)
	var model := _recogniser.model
	var port := enet.host.get_local_port()
	print("%s on %s" % [model.variant, model.device_name])
	print("listening on %s:%d" % [options.address, port])
	return ""


func _on_asked(peer: int, width: Variant, height: Variant, grey: Variant) -> void:
	var refusals: int = _refusals.get(peer, 0)
	if refusals > MOST_REFUSALS:
		return  # it is being disconnected
	var reason := why_not(width, height, grey)
	if _waiting.has(peer):
		reason = "busy: one drawing at a time, wait for the answer"
	if not reason:
		_refusals.erase(peer)
		_waiting[peer] = Image.create_from_data(width, height, false, Image.FORMAT_L8, grey)
		_judge_all()
		return
	_refusals[peer] = refusals + 1
	if refusals == MOST_REFUSALS:
		reason = "%d drawings refused one after another; good bye" % refusals
	_answer(peer, Judgement.refusal(reason))
	if refusals == MOST_REFUSALS:
		var enet := multiplayer.multiplayer_peer as ENetMultiplayerPeer
		enet.get_peer(peer).peer_disconnect_later()  # once the answers are with it


## Why this is no drawing that can be judged, or "".
static func why_not(width: Variant, height: Variant, grey: Variant) -> String:
	if not (width is int and height is int and grey is PackedByteArray):
		return (
			"expected width and height as int and a PackedByteArray, got %s, %s and %s"
			% [type_string(typeof(width)), type_string(typeof(height)), type_string(typeof(grey))]
		)
	for side: int in [width, height]:
		if side < SMALLEST_SIDE or side > LARGEST_SIDE:
			return (
				"a drawing of %d x %d pixels; expected %d to %d a side"
				% [width, height, SMALLEST_SIDE, LARGEST_SIDE]
			)
	var bytes: PackedByteArray = grey
	if bytes.size() != width * height:
		return (
			"%d bytes for a drawing of %d x %d pixels; expected %d"
			% [bytes.size(), width, height, width * height]
		)
	return ""


func _judge_all() -> void:
	if _judging:
		return
	_judging = true
	while _waiting:
		var peer: int = _waiting.keys()[0]
		var judgement: Judgement = await _recogniser.judge(_waiting[peer])
		_waiting.erase(peer)
		_answer(peer, judgement)
	_judging = false


func _answer(peer: int, judgement: Judgement) -> void:
	if peer in multiplayer.get_peers():
		_messages.answer.rpc_id(peer, judgement.to_answer())


func _on_peer_disconnected(peer: int) -> void:
	_waiting.erase(peer)
	_refusals.erase(peer)
