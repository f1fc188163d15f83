## Memory of the engine, for `python -m benchmarks.engine`: without the addon, where the argument is
## "bare"; else with the bundle of that path, opened on the CPU and run once. Says FOUND and the
## KiB of /proc/self/status. By name, since without the addon there is no class LudusModel.
extends SceneTree


func _initialize() -> void:
	var bundle: String = OS.get_cmdline_user_args()[0]
	var model: Resource = null
	await process_frame
	if bundle != "bare":
		model = ClassDB.instantiate(&"LudusModel")
		model.call(&"open", bundle, "cpu")
		var data := PackedFloat32Array()
		data.resize(28 * 28)
		model.set(&"input/0/data", data)
		if model.call(&"run") != OK:
			push_error(model.get(&"error_message"))
	for frame: int in 30:
		await process_frame
	var found := {}
	var status := FileAccess.open("/proc/self/status", FileAccess.READ)
	while not status.eof_reached():
		var line := status.get_line()
		for key: String in ["VmRSS", "VmHWM"]:
			if line.begins_with(key):
				found[key] = line.to_int()
	print("FOUND ", JSON.stringify(found))
	quit()
