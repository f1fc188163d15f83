"""Whatever is wrong with a run of the engine is seen, also with exit code 0: each way, for real."""

from pathlib import Path

import pytest

from ludus.core.errors import ToolError
from ludus.process import godot
from ludus.process.tools import ROOT

TESTS = ROOT / "godot" / "tests"
SCRIPT = """\
extends SceneTree

var kept: Array

func _initialize() -> void:
	{}
	quit()
"""


def project_with(folder: Path, script: str, test: str = "") -> Path:
    """A project with the addon, a script that quits after a statement, and a test."""
    (folder / "t.gd").write_text(SCRIPT.format(script))
    (folder / "test.gd").write_text(f'extends "res://tests/suite.gd"\n\n{test}')
    files = {
        "t.gd": folder / "t.gd",
        "tests/runner.gd": TESTS / "runner.gd",
        "tests/suite.gd": TESTS / "suite.gd",
        "tests/test_one.gd": folder / "test.gd",
    }
    return godot.make_project(folder / "project", files)


def said(project: Path, script: str = "t.gd", timeout: float = 60) -> str:
    return godot.run(project, "--script", f"res://{script}", timeout=timeout)


def test_what_is_good_is_no_fault(engine: godot.Engine, tmp_path: Path) -> None:
    assert "fine" in said(project_with(tmp_path, "print('fine')"))


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("[][1]", "SCRIPT ERROR"),
        ("no_such_name", "SCRIPT ERROR: Parse Error"),
        ("Node.new()", "ObjectDB instances leaked at exit"),
        ("LudusModel.new().reference()", "ObjectDB instances leaked at exit"),
        ("load('res://t.gd').reference()", "resources still in use at exit"),
        ("OS.crash('on purpose')", "signal"),
        ("OS.kill(OS.get_process_id())", "signal"),
        ("quit(3); return", "exit code 3"),
    ],
)
def test_each_sign_is_a_fault(
    engine: godot.Engine, tmp_path: Path, statement: str, fault: str
) -> None:
    with pytest.raises(ToolError, match=fault):
        said(project_with(tmp_path, statement))


def test_a_script_that_never_ends_is_a_fault(engine: godot.Engine, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="had not ended after"):
        said(project_with(tmp_path, "while true: pass"), timeout=3)


def test_a_missing_library_is_a_fault(engine: godot.Engine, tmp_path: Path) -> None:
    project = project_with(tmp_path, "print('nothing of the addon is used')")
    (project / "addons/ludus/bin" / godot.library().name).unlink()
    with pytest.raises(ToolError, match="GDExtension dynamic library"):
        said(project)


def test_a_library_that_is_none_is_a_fault(engine: godot.Engine, tmp_path: Path) -> None:
    project = project_with(tmp_path, "print('nothing of the addon is used')")
    (project / "addons/ludus/bin" / godot.library().name).write_bytes(b"no library")
    with pytest.raises(ToolError, match="dynamic library"):
        said(project)


# The runner of godot/tests


@pytest.mark.parametrize(
    ("test", "says"),
    [
        ("func test_it() -> void:\n\tcheck(false, 'it is wrong')\n", "FAIL .*: it is wrong"),
        ("func test_it() -> void:\n\tequal(1, 1.0, 'it')\n", "FAIL .*: it is 1, expected 1.0"),
        ("func test_it() -> void:\n\tcontains('this', 'that')\n", "FAIL .*: expected 'that'"),
        ("func test_it() -> void:\n\tpass\n", "FAIL .*: it checked nothing"),
        ("func test_it() -> void:\n\tcheck(true, '')\n\t[][1]\n", "SCRIPT ERROR"),
        ("func test_it(", "FAIL test_one.gd: it cannot be loaded"),
        ("func other() -> void:\n\tpass\n", "0 passed, 0 failed"),
    ],
)
def test_a_bad_test_fails(engine: godot.Engine, tmp_path: Path, test: str, says: str) -> None:
    project = project_with(tmp_path, "pass", test)
    with pytest.raises(ToolError, match=f"(?s)Godot: .*{says}"):
        said(project, "tests/runner.gd")


@pytest.mark.parametrize(
    ("got", "wrong"),
    [("[0.5, NAN]", True), ("[0.5]", True), ("[0.5, 0.49]", True), ("[0.5, 0.5]", False)],
)
def test_answers_that_differ_are_seen(
    engine: godot.Engine, tmp_path: Path, got: str, wrong: bool
) -> None:
    test = f"func test_it() -> void:\n\tnear({got}, [0.5, 0.5], 'it')\n"
    ended = godot.start(project_with(tmp_path, "pass", test), "--script", "res://tests/runner.gd")
    assert (ended.faults != []) == wrong, godot.explain(ended)


def test_a_good_test_and_a_skipped_one_are_no_fault(engine: godot.Engine, tmp_path: Path) -> None:
    good = "func test_it() -> void:\n\tawait tree.process_frame\n\tequal(1, 1, 'it')\n"
    skipped = "func test_other() -> void:\n\tskip('there is no moon')\n"
    ended = said(project_with(tmp_path, "pass", good + skipped), "tests/runner.gd")
    assert "SKIP test_one.gd test_other: there is no moon" in ended
    assert "1 passed, 0 failed, 1 skipped" in ended
