## Quits in the way that it is told, and must leave nothing behind: tests/godot/test_quitting.py.
extends SceneTree

const GOLDEN := "res://models/golden"

static var kept: Array[LudusModel] = []


func _initialize() -> void:
	var way: String = OS.get_cmdline_user_args()[0]
	await call(way)
	print("quits: ", way)
	quit()


func with_a_model_that_is_open() -> void:
	kept.append(_loaded(1))


func with_a_job_under_way() -> void:
	kept.append(_loaded(4000))
	kept[0].run_async()
	await process_frame


func with_a_job_just_begun() -> void:
	kept.append(_loaded(4000))
	kept[0].run_async()


func with_a_job_of_a_model_that_was_dropped() -> void:
	_loaded(4000).run_async()
	await process_frame


func with_jobs_of_many_models() -> void:
	for index: int in 8:
		kept.append(_loaded(1000))
		kept[index].run_async()
	await process_frame


func with_a_job_that_ends_meanwhile() -> void:
	kept.append(_loaded(1))
	kept[0].run_async()
	OS.delay_msec(100)


func with_somebody_who_awaits_a_job() -> void:
	kept.append(_loaded(4000))
	_await() # a model that only this await holds would leak, as any resource does: Godot 4.6.3
	await process_frame


func with_a_refusal_under_way() -> void:
	kept.append(LudusModel.new())
	kept[0].run_async()


func with_a_model_in_the_scene() -> void:
	var node := Node.new()
	node.set_meta("model", _loaded(4000))
	root.add_child(node)
	(node.get_meta("model") as LudusModel).run_async()


func with_a_model_on_vulkan() -> void:
	var model := LudusModel.new()
	if model.open(GOLDEN, "vulkan") != OK:
		print("absent: ", model.error_message)
		return
	_load(model, 500)
	model.run_async()
	kept.append(model)


func _await() -> void:
	var ended := kept[0].run_async()
	await ended # without the model on this function's stack
	print("it was told while the engine quit")


func _loaded(count: int) -> LudusModel:
	var model := LudusModel.new()
	if model.open(GOLDEN, "cpu") != OK:
		push_error(model.error_message)
		quit(1)
	_load(model, count)
	return model


func _load(model: LudusModel, count: int) -> void:
	var data := PackedFloat32Array()
	data.resize(count * 784)
	model.set("input/0/shape", [count, 1, 28, 28])
	model.set("input/0/data", data)
