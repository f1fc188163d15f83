## The command line of the demo.
extends "shared/arguments.gd"

const HELP := """
godot --path godot/demo [-- OPTIONS]

  (none)                        draw a digit
  --device DEVICE               auto, cpu, vulkan, cuda, or a variant such as iree-cpu-x86_64-v3
  --connect ADDRESS:PORT        offer that server among the devices; godot/examples/server is one
  --digit 0..9                  draw that recorded digit first
  --screenshot FILE.png         save a picture of the window once it is judged, and end
  --replay                      draw all recorded digits; ends with 1 if one is not recognised
"""

var help := false
var replay := false
## The recorded digit to draw, or -1.
var digit := -1
## Where to save a picture of the window, or "".
var screenshot := ""
var device := "auto"


func _init(arguments: PackedStringArray) -> void:
	super(
		arguments, ["--help", "--replay"], ["--device", "--connect", "--digit", "--screenshot"]
	)
	help = has("--help")
	replay = has("--replay")
	digit = number("--digit", -1, 0, 9)
	screenshot = text("--screenshot", "")
	device = text("--device", "auto")
	take_server("--connect")
