## Uses a served model in the way that it is told, and says what came of it.
##
##     godot --headless --path PROJECT --script res://remote.gd -- WAY URL
##
## Each way is a function that gives what is printed as JSON behind "came of it: ".
extends SceneTree

const GOLDEN := "res://models/golden"

static var kept: LudusModel


func _initialize() -> void:
	var given := OS.get_cmdline_user_args()
	await process_frame
	var came: Dictionary = await call(given[0], given[1])
	print("came of it: ", JSON.stringify(came))
	quit()


## The same calls on this machine and on the server.
func both(url: String) -> Dictionary:
	var here := LudusModel.new()
	var there := LudusModel.new()
	var errors: Array[int] = [here.open(GOLDEN, "cpu"), there.open(url)]
	for model: LudusModel in [here, there]:
		errors.append(model.set_image(0, Image.load_from_file("res://drawings/7.png")))
		errors.append(model.run())
	var came := {"errors": errors, "difference": _difference(here, there)}
	for property: String in [
		"input_count", "output_count", "labels", "input/0/name", "input/0/datatype", "input/0/shape",
		"input/0/data", "output/0/name", "output/0/datatype", "output/0/shape",
	]:
		if here.get(property) != there.get(property):
			came[property] = there.get(property)
	came.device = [there.device, there.device_name, there.variant, there.is_open()]
	came.said = there.labels[_largest(there)]
	came.milliseconds = there.run_milliseconds
	came.self_test = there.self_test()
	there.close()
	came.closed = [there.is_open(), there.input_count, there.run()]
	return came


## 2,500 drawings, which is more than a request takes, on both; opened and run asynchronously.
func many(url: String) -> Dictionary:
	var here := LudusModel.new()
	var there := LudusModel.new()
	var errors: Array[int] = [here.open(GOLDEN, "cpu")]
	var frames := Engine.get_process_frames()
	errors.append(await there.open_async(url))
	var random := RandomNumberGenerator.new()
	random.seed = 1
	var data := PackedFloat32Array()
	for index: int in 2500 * 784:
		data.append(random.randf())
	for model: LudusModel in [here, there]:
		model.set("input/0/shape", [2500, 1, 28, 28])
		model.set("input/0/data", data)
	errors.append(here.run())
	errors.append(await there.run_async())
	return {
		"errors": errors,
		"difference": _difference(here, there),
		"shape": there.get("output/0/shape"),
		"frames": Engine.get_process_frames() - frames,
	}


## Open it, and run it twice; what was said of each, and how long each took.
func patiently(url: String) -> Dictionary:
	return await _try(url, 30.0, 4)


func impatiently(url: String) -> Dictionary:
	return await _try(url, 3.0, 0)


func with_a_key(url: String) -> Dictionary:
	return await _try(url, 10.0, 0, ["Authorization: Bearer open sesame"])


## Quit while a request is under way.
func and_quit(url: String) -> Dictionary:
	kept = LudusModel.new()
	var error: Error = await kept.open_async(url)
	kept.set_image(0, Image.load_from_file("res://drawings/7.png"))
	kept.request_timeout = 60.0
	kept.run_async()
	await create_timer(0.2).timeout
	return {"error": error, "runs": kept.is_running()}


## What is refused before anything is asked.
func wrongly(_url: String) -> Dictionary:
	var model := LudusModel.new()
	var came := {}
	for url: String in ["http://", "https://host", "http://host:0/v2/models/a", "http://a/v2/models/"]:
		came[url] = model.open(url)
	came.device = model.open("http://127.0.0.1:1/v2/models/a", "cuda")
	came.device_said = model.error_message
	model.request_timeout = -1.0
	came.timeout = [model.request_timeout, model.error_message]
	model.request_retries = 101
	came.retries = [model.request_retries, model.error_message]
	model.request_headers = ["X: y", "no header"]
	came.headers = [model.request_headers, model.error_message]
	model.request_headers = ["X: y"]
	came.good_headers = [model.request_headers, model.error_message]
	return came


func _try(
	url: String, timeout: float, retries: int, headers: PackedStringArray = []
) -> Dictionary:
	var model := LudusModel.new()
	model.request_timeout = timeout
	model.request_retries = retries
	model.request_headers = headers
	var began := Time.get_ticks_msec()
	var errors: Array[int] = [await model.open_async(url)]
	var said: Array[String] = [model.error_message]
	var took: Array[int] = [Time.get_ticks_msec() - began]
	for run: int in (2 if model.is_open() else 0):
		model.set_image(0, Image.load_from_file("res://drawings/7.png"))
		began = Time.get_ticks_msec()
		errors.append(await model.run_async())
		said.append(model.error_message)
		took.append(Time.get_ticks_msec() - began)
	return {"errors": errors, "said": said, "took": took, "label": _largest(model)}


func _largest(model: LudusModel) -> int:
	var scores: Variant = model.get("output/0/data") if model.is_open() else null
	return -1 if scores == null or scores.is_empty() else scores.find(Array(scores).max())


func _difference(one: LudusModel, other: LudusModel) -> float:
	var largest := 0.0
	var first: PackedFloat32Array = one.get("output/0/data")
	var second: PackedFloat32Array = other.get("output/0/data")
	if first.is_empty() or first.size() != second.size():
		return INF
	for index: int in first.size():
		largest = maxf(largest, absf(first[index] - second[index]))
	return largest
