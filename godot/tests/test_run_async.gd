extends "res://tests/suite.gd"

const MANY := 3000 ## images that take some frames


func test_await_gives_the_error_and_the_answers_are_there() -> void:
	var model := loaded(3)
	var error: Error = await model.run_async()
	equal(error_string(error), "OK", "the error")
	near(model.get("output/0/data"), golden_answers(3), "output/0/data")
	equal(model.get("output/0/shape"), PackedInt64Array([3, LABELS]), "output/0/shape")
	check(model.run_milliseconds > 0.0, "run_milliseconds is %f" % model.run_milliseconds)


func test_completed_comes_once_on_the_main_thread() -> void:
	var model := loaded(1)
	var heard: Array = []
	model.completed.connect(
		func(error: Error) -> void: heard.append([error, OS.get_thread_caller_id()])
	)
	await model.run_async()
	await _frames(3)
	equal(heard, [[OK, OS.get_main_thread_id()]], "what completed told")


func test_is_running_from_the_call_until_completed() -> void:
	var model := loaded(1)
	equal(model.is_running(), false, "is_running()")
	var ended := model.run_async()
	equal(model.is_running(), true, "is_running()")
	await ended
	equal(model.is_running(), false, "is_running()")


func test_outputs_do_not_change_before_completed() -> void:
	var model := loaded(1)
	var ended := model.run_async()
	OS.delay_msec(50) # it is long done, and this frame is not
	equal(model.get("output/0/data"), PackedFloat32Array(), "output/0/data")
	await ended
	near(model.get("output/0/data"), golden_answers(1), "output/0/data")


func test_a_model_can_be_run_from_the_signal_that_it_completed() -> void:
	var model := loaded(2)
	var errors: Array[Error] = []
	model.completed.connect(
		func(_error: Error) -> void: errors.append(model.run()), CONNECT_ONE_SHOT
	)
	await model.run_async()
	await _frames(1)
	equal(errors, [OK] as Array[Error], "run()")


func test_inputs_may_be_set_anew_at_once() -> void:
	var model := loaded(3)
	var ended := model.run_async()
	load_images(model, 1)
	model.set("input/0/data", [])
	await ended
	near(model.get("output/0/data"), golden_answers(3), "output/0/data")
	equal(model.get("input/0/shape"), PackedInt64Array([1, 1, 28, 28]), "input/0/shape")


func test_no_frame_waits_for_a_long_run() -> void:
	var model := loaded(MANY)
	var frames := [0]
	var count := func() -> void: frames[0] += 1
	tree.process_frame.connect(count)
	equal(await model.run_async(), OK, "the error")
	tree.process_frame.disconnect(count)
	check(frames[0] > 1, "%d frames during %f ms" % [frames[0], model.run_milliseconds])
	near(model.get("output/0/data"), golden_answers(MANY), "output/0/data")


func test_one_after_another_all_complete() -> void:
	var model := opened()
	for count: int in [1, 2, 5, 1, 17]:
		load_images(model, count)
		equal(await model.run_async(), OK, "the error")
		near(model.get("output/0/data"), golden_answers(count), "%d images" % count)


func test_several_models_at_once_all_complete() -> void:
	var models: Array[LudusModel] = []
	var done := [0]
	for index: int in 12:
		var model := loaded(index + 1)
		model.completed.connect(func(_error: Error) -> void: done[0] += 1)
		models.append(model)
		model.run_async()
	while done[0] < 12:
		await tree.process_frame
	for index: int in 12:
		near(models[index].get("output/0/data"), golden_answers(index + 1), "model %d" % index)


func test_a_second_call_is_told_that_it_is_busy_and_the_first_is_not_disturbed() -> void:
	var model := loaded(MANY)
	var heard: Array[Error] = []
	model.completed.connect(func(error: Error) -> void: heard.append(error))
	var first := model.run_async()
	equal(error_string(await model.run_async()), error_string(ERR_BUSY), "the second's error")
	equal(heard, [] as Array[Error], "what completed told")
	equal(model.is_running(), true, "is_running()")
	equal(await first, OK, "the first's error")
	equal(heard, [OK] as Array[Error], "what completed told")
	near(model.get("output/0/data"), golden_answers(MANY), "output/0/data")


func test_nothing_else_is_done_while_one_is_under_way() -> void:
	var model := loaded(MANY)
	var ended := model.run_async()
	refused(model, model.run(), ERR_BUSY, ["run_async()"])
	refused(model, model.self_test(), ERR_BUSY, ["run_async()"])
	refused(model, model.open(GOLDEN, "cpu"), ERR_BUSY, ["run_async()"])
	model.close()
	contains(model.error_message, "run_async()")
	equal(model.is_open(), true, "is_open()")
	equal(await ended, OK, "the error")
	near(model.get("output/0/data"), golden_answers(MANY), "output/0/data")


func test_a_model_that_is_not_open_completes_with_an_error() -> void:
	var model := LudusModel.new()
	equal(error_string(await model.run_async()), error_string(ERR_UNCONFIGURED), "the error")
	contains(model.error_message, "open()")
	equal(model.is_running(), false, "is_running()")


func test_a_model_with_bad_data_completes_with_an_error() -> void:
	var model := opened()
	model.set("input/0/data", [1.0])
	var error: Error = await model.run_async()
	refused(model, error, ERR_INVALID_PARAMETER, ["input/0/data"])
	load_images(model, 1)
	equal(await model.run_async(), OK, "the error once it is good")


func test_a_model_that_is_dropped_lives_until_it_is_done() -> void:
	var freed: WeakRef = null
	var heard: Array[Error] = []
	if true:
		var model := loaded(MANY)
		freed = weakref(model)
		model.completed.connect(func(error: Error) -> void: heard.append(error))
		model.run_async()
	while heard.is_empty():
		await tree.process_frame
	await _frames(2)
	equal(heard, [OK] as Array[Error], "what completed told")
	check(freed.get_ref() == null, "the model was not freed")


func test_an_await_holds_a_model_that_nothing_else_does() -> void:
	equal(await loaded(MANY).run_async(), OK, "the error")


func test_a_model_runs_at_once_after_a_busy_time() -> void:
	var model := loaded(1)
	for turn: int in 50:
		equal(await model.run_async(), OK, "the error of turn %d" % turn)
		equal(model.run(), OK, "run() of turn %d" % turn)


func _frames(count: int) -> void:
	for frame: int in count:
		await tree.process_frame
