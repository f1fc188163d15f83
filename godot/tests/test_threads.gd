extends "res://tests/suite.gd"

const TURNS := 50


func test_models_of_their_own_run_on_threads_of_their_own() -> void:
	var threads: Array[Thread] = []
	for index: int in 6:
		threads.append(Thread.new())
		threads[index].start(_open_run_and_free.bind(index + 1))
	for index: int in threads.size():
		var wrong_turns: int = threads[index].wait_to_finish()
		equal(wrong_turns, 0, "wrong turns of thread %d" % index)


func test_one_model_run_by_two_threads_takes_turns() -> void:
	var model := loaded(3)
	var expected := golden_answers(3)
	var threads: Array[Thread] = [Thread.new(), Thread.new()]
	for thread: Thread in threads:
		thread.start(_run.bind(model, expected))
	for thread: Thread in threads:
		equal(thread.wait_to_finish(), 0, "wrong turns")
	near(model.get("output/0/data"), expected, "output/0/data")


func test_a_model_that_is_opened_and_closed_while_others_run_it_says_so_and_does_no_harm() -> void:
	var model := loaded(1)
	var stop := [false]
	var runner := Thread.new()
	runner.start(_run_until.bind(model, stop))
	for turn: int in TURNS:
		equal(model.open(GOLDEN, "cpu"), OK, "open()")
		load_images(model, 1)
		model.close()
	stop[0] = true
	var errors: Dictionary = runner.wait_to_finish()
	for error: Error in errors:
		var expected := error in [OK, ERR_UNCONFIGURED, ERR_INVALID_PARAMETER]
		check(expected, "run() said %s" % error_string(error))
	check(not errors.is_empty(), "it never ran")


func test_properties_are_read_while_another_thread_runs() -> void:
	var model := loaded(300)
	var thread := Thread.new()
	thread.start(_run.bind(model, golden_answers(300)))
	while thread.is_alive():
		equal(model.input_count, 1, "input_count")
		equal(model.is_open(), true, "is_open()")
		model.get("output/0/data")
		await tree.process_frame
	equal(thread.wait_to_finish(), 0, "wrong turns")


func test_threads_list_set_and_duplicate_a_model_that_others_run() -> void:
	var model := loaded(1)
	var threads: Array[Thread] = []
	for index: int in 4:
		threads.append(Thread.new())
		threads[index].start(_use_in_every_way.bind(model))
	for thread: Thread in threads:
		equal(thread.wait_to_finish(), 0, "wrong turns")
	near(model.get("output/0/data"), golden_answers(1), "output/0/data")


func test_run_async_of_a_thread_completes_on_the_main_thread() -> void:
	var model := loaded(2)
	var heard: Array = []
	model.completed.connect(
		func(error: Error) -> void: heard.append([error, OS.get_thread_caller_id()])
	)
	var thread := Thread.new()
	thread.start(func() -> void: model.run_async())
	thread.wait_to_finish()
	while heard.is_empty():
		await tree.process_frame
	equal(heard, [[OK, OS.get_main_thread_id()]], "what completed told")
	near(model.get("output/0/data"), golden_answers(2), "output/0/data")


func test_a_model_that_a_thread_opened_runs_on_the_main_thread() -> void:
	var thread := Thread.new()
	thread.start(func() -> LudusModel: return loaded(2))
	var model: LudusModel = thread.wait_to_finish()
	equal(model.run(), OK, "run()")
	near(model.get("output/0/data"), golden_answers(2), "output/0/data")


# By tasks of their own: Godot 4.6.3 may hang when it quits soon after a group task, of itself.
func test_the_engines_own_workers_run_models() -> void:
	var tasks: PackedInt64Array = []
	var answers: Array[PackedFloat32Array] = []
	answers.resize(20)
	for index: int in answers.size():
		tasks.append(WorkerThreadPool.add_task(
			func() -> void: answers[index] = _answer_of(index % 10)
		))
	for index: int in tasks.size():
		WorkerThreadPool.wait_for_task_completion(tasks[index])
		var expected := golden_answers(10).slice(index % 10 * LABELS, (index % 10 + 1) * LABELS)
		near(answers[index], expected, "task %d" % index)


## Of a golden image, by a model that is gone again.
func _answer_of(image: int) -> PackedFloat32Array:
	var model := LudusModel.new()
	model.open(GOLDEN, "cpu")
	model.set("input/0/data", golden_images(10).slice(image * PIXELS, (image + 1) * PIXELS))
	model.run()
	return model.get("output/0/data")


## The number of turns that went wrong.
func _open_run_and_free(images: int) -> int:
	var grey := golden_images(images)
	var expected := golden_answers(images)
	var failed := 0
	for turn: int in TURNS:
		var model := LudusModel.new()
		var error := model.open(GOLDEN, "cpu")
		model.set("input/0/shape", [images, 1, 28, 28])
		model.set("input/0/data", grey)
		if error != OK or model.run() != OK or not _alike(model.get("output/0/data"), expected):
			failed += 1
	return failed


func _run(model: LudusModel, expected: PackedFloat32Array) -> int:
	var failed := 0
	for turn: int in TURNS:
		if model.run() != OK or not _alike(model.get("output/0/data"), expected):
			failed += 1
	return failed


func _use_in_every_way(model: LudusModel) -> int:
	var failed := 0
	var images := golden_images(1)
	for turn: int in 10 * TURNS:
		model.set("input/0/data", images)
		failed += int(model.run() != OK)
		var listed := false
		for property: Dictionary in model.get_property_list():
			listed = listed or property.name == "input/0/data"
		failed += int(not listed)
		failed += int((model.duplicate() as LudusModel).is_open())
	return failed


func _run_until(model: LudusModel, stop: Array) -> Dictionary:
	var errors := {}
	while not stop[0]:
		errors[model.run()] = true
	return errors


func _alike(got: PackedFloat32Array, expected: PackedFloat32Array) -> bool:
	if got.size() != expected.size():
		return false
	for index: int in got.size():
		if not absf(got[index] - expected[index]) <= TOLERANCE:
			return false
	return true
