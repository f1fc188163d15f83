## What `python -m benchmarks.engine` times in the engine: one of its functions, in a process of its
## own. Says FOUND and what it found, as JSON.
extends SceneTree

const BUNDLE := "res://models/digits"
const WARM_UP := 300 ## calls
const CALLS := 2000


func _initialize() -> void:
	await process_frame
	var arguments := OS.get_cmdline_user_args()
	print("FOUND ", JSON.stringify(await callv(arguments[0], arguments.slice(1))))
	quit()


## Microseconds of each call at batch 1: `run` is run(), `inside` what the runtime took of it, and
## `with_data` setting the input, run() and getting the output.
func runs(device: String) -> Dictionary:
	var model := _opened(device)
	var data: PackedFloat32Array = model.get("input/0/data")
	var found := {"variant": model.variant, "run": [], "inside": [], "with_data": []}
	for call: int in WARM_UP + CALLS:
		var start := Time.get_ticks_usec()
		model.run()
		var took := Time.get_ticks_usec() - start
		if call >= WARM_UP:
			found.run.append(took)
			found.inside.append(model.run_milliseconds * 1000.0)
	for call: int in CALLS:
		var start := Time.get_ticks_usec()
		model.set("input/0/data", data)
		model.run()
		var _answers: PackedFloat32Array = model.get("output/0/data")
		found.with_data.append(Time.get_ticks_usec() - start)
	return found


## Milliseconds that open() takes, the first time and later.
func opens(bundle: String, times: String) -> Array:
	var found: Array[float] = []
	for time: int in times.to_int():
		var model := LudusModel.new()
		var start := Time.get_ticks_usec()
		if model.open(bundle, "cpu") != OK:
			push_error(model.error_message)
		found.append((Time.get_ticks_usec() - start) / 1000.0)
	return found


## Milliseconds of each frame: of so many in which run_async() runs a network, and of as many
## without, in turns of 100, so that what else the machine does falls on both.
func frames(count: String) -> Dictionary:
	Engine.max_fps = 60 # as most games; without a limit, frames without a window take no time
	var model := _opened("auto")
	var completed := [0]
	model.completed.connect(func(error: Error) -> void: completed[0] += int(error == OK))
	var found := {"with": [], "without": [], "start": []}
	for frame: int in 60: # the engine finds its rhythm
		await process_frame
	var last := Time.get_ticks_usec()
	for frame: int in 2 * count.to_int():
		var busy := frame / 100 % 2 == 1
		if busy:
			var start := Time.get_ticks_usec()
			model.run_async()
			found.start.append(Time.get_ticks_usec() - start)
		await process_frame
		var now := Time.get_ticks_usec()
		(found.with if busy else found.without).append((now - last) / 1000.0)
		last = now
	while model.is_running():
		await process_frame
	found.completed = completed[0]
	return found


func _opened(device: String) -> LudusModel:
	var model := LudusModel.new()
	if model.open(BUNDLE, device) != OK:
		push_error(model.error_message)
	var images := FileAccess.get_file_as_bytes(BUNDLE.path_join("golden/images.bin"))
	model.set("input/0/data", images.slice(0, 28 * 28))
	return model
