## The entry point: starts the server or a client, as the command line says.
extends Node

const Client := preload("client.gd")
const Messages := preload("shared/messages.gd")
const Options := preload("options.gd")

const BUNDLE := "res://models/digits"
const NO_LIBRARY := """the library of addons/ludus is not loaded: it is missing, or not made for this system.
In a checkout of Ludus, make demo-server builds it, copies it here and starts this again."""
const NO_BUNDLE := """%s
In a checkout of Ludus, make repro makes a bundle, and make demo-server copies it to %s and starts this again."""

@onready var _messages: Messages = $Messages


func _ready() -> void:
	var options := Options.new(OS.get_cmdline_user_args())
	if options.error:
		_stop(options.error)
	elif options.help:
		print(Options.HELP.strip_edges())
		get_tree().quit()
	elif options.client:
		_ask(options)
	elif not ClassDB.class_exists(&"LudusModel"):
		_stop(NO_LIBRARY)
	elif not FileAccess.file_exists(BUNDLE.path_join("manifest.json")):
		_stop(NO_BUNDLE % ["%s/manifest.json is missing" % BUNDLE, BUNDLE])
	else:
		_serve(options)


func _ask(options: Options) -> void:
	var client := Client.new()
	add_child(client)
	get_tree().quit(await client.ask(options, _messages))


## server.gd names LudusModel, so it can only be loaded where the library is: it is not preloaded.
func _serve(options: Options) -> void:
	var server: Node = load("res://server.gd").new()
	add_child(server)
	var error: String = server.call("start", BUNDLE, options, _messages)
	if error:
		_stop(error)


func _stop(reason: String) -> void:
	printerr("error: " + reason)
	get_tree().quit(1)
