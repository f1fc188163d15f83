## Runs the tests of this folder: each function `test_...` of each file `test_....gd`.
##
##     godot --headless --path PROJECT --script res://tests/runner.gd [-- FILE.gd ...]
##
## A line for each test (PASS, SKIP or FAIL with its name), `N passed, N failed, N skipped` at the
## end; exits with 1 where one failed, or where there was none.
extends SceneTree

const FOLDER := "res://tests"
const Suite := preload("res://tests/suite.gd")

var _passed := 0
var _failed := 0
var _skipped := 0


func _initialize() -> void:
	var files := OS.get_cmdline_user_args()
	if files.is_empty():
		files = _found()
	await process_frame # the tests need an engine that is up
	for file: String in files:
		await _run_file(file)
	print("%d passed, %d failed, %d skipped" % [_passed, _failed, _skipped])
	quit(0 if _failed == 0 and _passed + _skipped > 0 else 1)


func _found() -> PackedStringArray:
	var found: PackedStringArray = []
	for file: String in DirAccess.get_files_at(FOLDER):
		if file.begins_with("test_") and file.ends_with(".gd"):
			found.append(file)
	return found


func _run_file(file: String) -> void:
	var script: GDScript = load(FOLDER.path_join(file))
	if script == null or not script.can_instantiate():
		_failed += 1
		print("FAIL %s: it cannot be loaded" % file)
		return
	for method: Dictionary in script.get_script_method_list():
		var test: String = method.name
		if test.begins_with("test_"):
			await _run_test(script, file, test)


func _run_test(script: GDScript, file: String, test: String) -> void:
	var title := "%s %s" % [file, test]
	print("TEST ", title)
	var suite: Suite = script.new()
	suite.tree = self
	await suite.call(test)
	var wrong := suite.wrong
	if wrong.is_empty() and suite.skipped.is_empty() and suite.checks == 0:
		wrong.append("it checked nothing")
	if not wrong.is_empty():
		_failed += 1
		print("FAIL %s: %s" % [title, "; ".join(wrong)])
	elif not suite.skipped.is_empty():
		_skipped += 1
		print("SKIP %s: %s" % [title, suite.skipped])
	else:
		_passed += 1
		print("PASS ", title)
