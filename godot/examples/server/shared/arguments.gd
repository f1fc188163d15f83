## A command line after `--`: which options are given, their values, and what is wrong with them.
extends RefCounted

const PORT := 28028

## What is wrong with the command line, or "".
var error := ""
## Where a server listens, or which one is asked; the address is "" where there is none.
var address := ""
var port := PORT

var _values: Dictionary = {}  # of each option that is given: its value, or "" for a flag


func _init(
	arguments: PackedStringArray, flags: PackedStringArray, valued: PackedStringArray
) -> void:
	var left := Array(arguments)
	while left and not error:
		var option: String = left.pop_front()
		if option in flags:
			_values[option] = ""
		elif option not in valued:
			error = "no option '%s'; --help lists them" % option
		elif left.is_empty():
			error = "%s needs a value" % option
		else:
			_values[option] = left.pop_front()


## Whether an option is given.
func has(option: String) -> bool:
	return _values.has(option)


## The value of an option.
func text(option: String, otherwise: String) -> String:
	return _values.get(option, otherwise)


## The value of an option that is a number.
func number(option: String, otherwise: int, least: int, most: int) -> int:
	if not has(option):
		return otherwise
	var value := text(option, "")
	check(_is_number(value, least, most), option, "%d..%d" % [least, most])
	return value.to_int()


## Sets address and port by the value of an option, ADDRESS:PORT.
func take_server(option: String) -> void:
	if not has(option):
		return
	var value := text(option, "")
	var colon := value.rfind(":")
	address = value.left(colon)
	port = value.substr(colon + 1).to_int()
	check(colon > 0 and _is_number(value.substr(colon + 1), 1, 65535), option, "ADDRESS:PORT")


## Refuses the value of an option unless it is good.
func check(good: bool, option: String, expected: String) -> void:
	if not good and not error:
		error = "%s: expected %s, got '%s'" % [option, expected, text(option, "")]


static func _is_number(value: String, least: int, most: int) -> bool:
	return value.is_valid_int() and value.to_int() >= least and value.to_int() <= most
