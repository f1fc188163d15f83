## The command line after `--`.
extends RefCounted

const HELP := """
godot --path godot/demo [-- OPTIONS]

  (none)                        draw a digit
  --device DEVICE               auto, cpu, vulkan, cuda, or a variant such as iree-cpu-x86_64-v3
  --connect ADDRESS:PORT        offer that server among the devices
  --digit 0..9                  draw that recorded digit first
  --screenshot FILE.png         save a picture of the window once it is judged, and end
  --replay                      draw all recorded digits; ends with 1 if one is not recognised

  --server                      judge the drawings of others, on the CPU (with --headless)
  --bind ADDRESS --port PORT    where it listens; 127.0.0.1 and 28028, port 0 is any that is free

  --client --connect ADDRESS:PORT --digit 0..9
                                send a recorded digit, print the answer (with --headless);
                                ends with 1 if it is not recognised
"""
const PORT := 28028

## What is wrong with the command line, or "".
var error := ""
var help := false
var server := false
var client := false
var replay := false
## The recorded digit to draw, or -1.
var digit := -1
## Where to save a picture of the window, or "".
var screenshot := ""
var device := "auto"
## Where a server listens, or which one a client asks; the address is "" where there is none.
var address := ""
var port := PORT


func _init(arguments: PackedStringArray) -> void:
	var left := Array(arguments)
	while left and not error:
		_take(left.pop_front(), left)
	if not error and server and not address:
		address = "127.0.0.1"
	if not error and client and (not address or digit < 0):
		error = "--client needs --connect ADDRESS:PORT and --digit 0..9"


func _take(option: String, left: Array) -> void:
	match option:
		"--help":
			help = true
		"--server":
			server = true
		"--client":
			client = true
		"--replay":
			replay = true
		"--device", "--connect", "--digit", "--screenshot", "--bind", "--port":
			if left.is_empty():
				error = "%s needs a value" % option
			else:
				_set_value(option, left.pop_front())
		_:
			error = "no option '%s'; --help lists them" % option


func _set_value(option: String, value: String) -> void:
	match option:
		"--device":
			device = value
		"--screenshot":
			screenshot = value
		"--bind":
			address = value
			_check(value.is_valid_ip_address(), option, "an IP address", value)
		"--port":
			port = value.to_int()
			_check(_is_number(value, 0, 65535), option, "0..65535", value)
		"--digit":
			digit = value.to_int()
			_check(_is_number(value, 0, 9), option, "0..9", value)
		"--connect":
			var colon := value.rfind(":")
			address = value.left(colon)
			port = value.substr(colon + 1).to_int()
			var whole := colon > 0 and _is_number(value.substr(colon + 1), 1, 65535)
			_check(whole, option, "ADDRESS:PORT", value)


func _check(good: bool, option: String, expected: String, got: String) -> void:
	if not good:
		error = "%s: expected %s, got '%s'" % [option, expected, got]


static func _is_number(text: String, least: int, most: int) -> bool:
	return text.is_valid_int() and text.to_int() >= least and text.to_int() <= most
