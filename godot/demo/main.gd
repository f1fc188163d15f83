## The entry point: starts what the command line asks for, or says what is missing.
##
## Until it knows that nothing is missing it loads no other script: they name LudusModel, which only
## the library has, or use res://shared, which `make demo` copies here from the server's project.
extends Node

const BUNDLE := "res://models/digits"
const NO_LIBRARY := """The library of addons/ludus is not loaded: it is missing, or not made for this system.

In a checkout of Ludus, make addon builds it, and make demo copies it here and starts this again."""
const NO_SHARED := """res://shared is missing.

In a checkout of Ludus, make demo copies godot/examples/server/shared here and starts this again."""
const NO_BUNDLE := """%s

In a checkout of Ludus, make repro makes a bundle, and make demo copies it to %s and starts this again."""


func _ready() -> void:
	if not ClassDB.class_exists(&"LudusModel"):
		_stop(NO_LIBRARY)
		return
	if not ResourceLoader.exists("res://shared/messages.gd"):
		_stop(NO_SHARED)
		return
	var options: RefCounted = load("res://options.gd").new(OS.get_cmdline_user_args())
	if options.error:
		_stop(options.error)
	elif options.help:
		print(options.HELP.strip_edges())
		get_tree().quit()
	else:
		_run_demo(options)


func _unhandled_key_input(event: InputEvent) -> void:
	if event.is_action_pressed(&"ui_cancel"):
		get_tree().quit()


func _run_demo(options: RefCounted) -> void:
	# At the place in the tree where the server has it, as Godot's multiplayer API wants it.
	var messages: Node = load("res://shared/messages.gd").new()
	messages.name = "Messages"
	add_child(messages)
	var scene: PackedScene = load("res://demo.tscn")
	var demo := scene.instantiate()
	add_child(demo)
	var error: String = demo.call("start", BUNDLE, options, messages)
	if error:
		demo.queue_free()
		_stop(NO_BUNDLE % [error, BUNDLE] if options.device == "auto" else error)
	elif options.replay or options.digit >= 0:
		var replay: Node = load("res://replay.gd").new(demo)
		add_child(replay)
		_run_replay(replay, options)


func _run_replay(replay: Node, options: RefCounted) -> void:
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
