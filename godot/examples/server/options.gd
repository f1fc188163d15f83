## The command line of the server and of its client.
extends "shared/arguments.gd"

const HELP := """
godot --headless --path godot/examples/server [-- OPTIONS]

  (none)                        judge the drawings of clients, on the CPU
  --bind ADDRESS --port PORT    where it listens; 127.0.0.1 and 28028, port 0 is any that is free

  --connect ADDRESS:PORT        be a client: send a picture, print the answer, and end; with 1 if
                                there is none
  --picture FILE.png            the picture, light on dark; a drawn 1 where none is named
"""

var help := false
## Whether it is a client, which asks the server at address and port.
var client := false
## The file to send, or "".
var picture := ""


func _init(arguments: PackedStringArray) -> void:
	super(arguments, ["--help"], ["--bind", "--port", "--connect", "--picture"])
	help = has("--help")
	client = has("--connect")
	picture = text("--picture", "")
	address = text("--bind", "127.0.0.1")
	check(address.is_valid_ip_address(), "--bind", "an IP address")
	port = number("--port", PORT, 0, 65535)
	take_server("--connect")
	for option: String in ["--bind", "--port"]:
		if client and has(option) and not error:
			error = "%s is for a server, --connect for a client: give one of them" % option
	if has("--picture") and not client and not error:
		error = "--picture needs --connect ADDRESS:PORT"
