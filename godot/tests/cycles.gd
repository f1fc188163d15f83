## Opens, runs and frees a model again and again: tests/godot/test_leaks.py.
##
##     godot --headless --path PROJECT --script res://tests/cycles.gd -- DEVICE CYCLES FIRST
##
## Says the resident memory in KiB after FIRST cycles and at the end.
extends SceneTree

const GOLDEN := "res://models/golden"


func _initialize() -> void:
	var arguments := OS.get_cmdline_user_args()
	var device := arguments[0]
	var cycles := arguments[1].to_int()
	var first := arguments[2].to_int()
	var images := FileAccess.get_file_as_bytes(GOLDEN.path_join("golden/images.bin")).slice(0, 784)
	for cycle: int in cycles:
		var error := _cycle(device, images)
		if error != "":
			print("failed: ", error)
			break
		if cycle + 1 == first or cycle + 1 == cycles:
			print("resident: ", resident())
		if cycle % 100 == 0:
			await process_frame
	quit()


func _cycle(device: String, images: PackedByteArray) -> String:
	var model := LudusModel.new()
	if model.open(GOLDEN, device) == OK:
		model.set("input/0/data", images)
		model.run()
	return model.error_message


## VmRSS, KiB.
func resident() -> int:
	var status := FileAccess.open("/proc/self/status", FileAccess.READ)
	while not status.eof_reached():
		var line := status.get_line()
		if line.begins_with("VmRSS:"):
			return line.to_int()
	return 0
