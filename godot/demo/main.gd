## Where all begins: starts what the command line asks for, or says what is missing.
extends Node

const Messages := preload("messages.gd")
const Options := preload("options.gd")

const BUNDLE := "res://models/digits"
const NO_LIBRARY := """The library of addons/ludus is not loaded: it is missing, or not made for this system.

In a checkout of Ludus, make addon builds it, and make demo brings it here and starts this again."""
const NO_BUNDLE := """%s

In a checkout of Ludus, make repro makes a bundle, and make demo brings it to %s and starts this again."""

@onready var _messages: Messages = $Messages


func _ready() -> void:
	var options := Options.new(OS.get_cmdline_user_args())
	if options.error:
		_stop(options.error)
	elif options.help:
		print(Options.HELP.strip_edges())
		get_tree().quit()
	elif options.client:
		_run_client(options)
	elif not ClassDB.class_exists(&"LudusModel"):
		_stop(NO_LIBRARY)
	elif options.server:
		_run_server(options)
	else:
		_run_demo(options)


func _unhandled_key_input(event: InputEvent) -> void:
	if event.is_action_pressed(&"ui_cancel"):
		get_tree().quit()


func _run_client(options: Options) -> void:
	var client: Node = load("res://client.gd").new()
	add_child(client)
	get_tree().quit(await client.call("ask", options, _messages))


# Scripts that name LudusModel can only be loaded where the library is, so they are not preloaded.


func _run_server(options: Options) -> void:
	var server: Node = load("res://server.gd").new()
	add_child(server)
	var error: String = server.call("start", BUNDLE, options, _messages)
	if error:
		_stop(error)


func _run_demo(options: Options) -> void:
	var scene: PackedScene = load("res://demo.tscn")
	var demo := scene.instantiate()
	add_child(demo)
	var error: String = demo.call("start", BUNDLE, options, _messages)
	if error:
		demo.queue_free()
		_stop(NO_BUNDLE % [error, BUNDLE] if options.device == "auto" else error)
	elif options.replay or options.digit >= 0:
		var replay: Node = load("res://replay.gd").new(demo)
		add_child(replay)
		_run_replay(replay, options)


func _run_replay(replay: Node, options: Options) -> void:
	if options.replay:
		var wrong: int = await replay.call("check")
		get_tree().quit(mini(wrong, 1))
	elif options.screenshot:
		var error: Error = await replay.call("photograph", options.digit, options.screenshot)
		get_tree().quit(error)
	else:
		replay.call("draw", options.digit)


## Says why it cannot go on: on the screen, or without one to whoever started it.
func _stop(reason: String) -> void:
	printerr("error: " + reason)
	if DisplayServer.get_name() == "headless":
		get_tree().quit(1)
	else:
		%Reason.text = reason
		$Message.show()
