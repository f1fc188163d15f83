"""Finding the engine, making projects, and each sign in a log that something is wrong.

What runs a real engine is in tests/godot; a shell script stands for one here.
"""

import time
from pathlib import Path

import pytest

from ludus.core.errors import ToolError
from ludus.process import godot

CLEAN = """\
Godot Engine v4.6.3.stable - https://godotengine.org

ERROR: models/digits/manifest.json is no JSON
   at: push_error (core/variant/variant_utility.cpp:1024)
WARNING: it is slow
done: no SCRIPT ERROR: was found
"""


@pytest.fixture(autouse=True)
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine, neither on PATH nor in a checkout."""
    monkeypatch.delenv("GODOT", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(godot, "OWN_ENGINE", tmp_path / ".godot-engine" / "godot")
    monkeypatch.setattr(godot, "ADDON", tmp_path / "addon")


def script(path: Path, *lines: str) -> Path:
    """An executable shell script, which says that it is Godot 4.6."""
    path.parent.mkdir(parents=True, exist_ok=True)
    version = '[ "$1" = --version ] && { echo 4.6.3.stable; exit; }'
    path.write_text("\n".join(["#!/bin/sh", version, *lines, ""]))
    path.chmod(0o755)
    return path


def saying(path: Path, version: str) -> Path:
    """An executable that says a version."""
    script(path).write_text(f"#!/bin/sh\necho '{version}'\n")
    return path


def ended(said: str = CLEAN, exit_code: int | None = 0) -> godot.Ended:
    return godot.Ended(command=["godot"], exit_code=exit_code, said=said, seconds=3.0)


# The engine


def test_the_engine_that_is_named_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = script(tmp_path / "named")
    script(tmp_path / "bin" / "godot")
    monkeypatch.setenv("GODOT", str(named))
    found = godot.find_engine()
    assert (found.program, found.version, found.number) == (named, "4.6.3.stable", "4.6.3")


def test_the_one_on_path_comes_before_our_own(tmp_path: Path) -> None:
    own = script(tmp_path / ".godot-engine" / "godot")
    assert godot.find_engine().program == own
    on_path = script(tmp_path / "bin" / "godot")
    assert godot.find_engine().program == on_path


def test_one_on_path_that_is_too_old_is_passed_over(tmp_path: Path) -> None:
    saying(tmp_path / "bin" / "godot", "3.5.2.stable")
    with pytest.raises(ToolError, match=r"godot is Godot 3.5.2.stable, expected 4.3 or newer; `ma"):
        godot.find_engine()
    own = script(tmp_path / ".godot-engine" / "godot")
    assert godot.find_engine().program == own


def test_a_named_one_that_will_not_do_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / ".godot-engine" / "godot")
    monkeypatch.setenv("GODOT", str(saying(tmp_path / "old", "4.2.2.stable.official")))
    with pytest.raises(ToolError, match=r"old is Godot 4.2.2.stable.official, expected 4.3"):
        godot.find_engine()
    monkeypatch.setenv("GODOT", str(tmp_path / "nowhere"))
    with pytest.raises(ToolError, match="nowhere cannot be started as Godot"):
        godot.find_engine()


@pytest.mark.parametrize("version", ["", "four", "4", "bash 5.2.15"])
def test_a_program_that_is_no_godot_is_refused(tmp_path: Path, version: str) -> None:
    with pytest.raises(ToolError, match="is no Godot: --version says"):
        godot.engine_at(saying(tmp_path / "program", version))


@pytest.mark.parametrize("version", ["4.3.stable", "4.10.1.stable", "5.0.beta"])
def test_newer_versions_will_do(tmp_path: Path, version: str) -> None:
    assert godot.engine_at(saying(tmp_path / "program", version)).version == version


def test_without_an_engine_the_reason_says_what_would_help(tmp_path: Path) -> None:
    reason = godot.why_not()
    assert reason == godot.why_no_engine()
    assert reason is not None
    assert reason.startswith("there is no Godot 4.3 or newer; `make addon` installs one")


def test_without_a_library_the_reason_says_what_would_help(tmp_path: Path) -> None:
    script(tmp_path / ".godot-engine" / "godot")
    assert godot.why_not() == godot.why_no_library()
    assert str(godot.why_not()).endswith("run `make addon`")
    godot.library().parent.mkdir(parents=True)
    godot.library().touch()
    assert godot.why_not() is None


# The project


def test_a_project_has_the_addon_and_what_it_is_given(tmp_path: Path) -> None:
    (godot.ADDON / "bin").mkdir(parents=True)
    (godot.ADDON / "bin" / "library.so").write_text("library")
    (tmp_path / "bundle" / "golden").mkdir(parents=True)
    (tmp_path / "bundle" / "golden" / "images.bin").write_bytes(b"images")
    (tmp_path / "a.gd").write_text("extends Node")
    project = godot.make_project(
        tmp_path / "deep" / "project",
        {"models/digits": tmp_path / "bundle", "a.gd": tmp_path / "a.gd"},
        "[ludus]\n\nexport/allow_unproven=true\n",
    )
    assert {path.relative_to(project).as_posix() for path in project.rglob("*.*")} >= {
        "addons/ludus/bin/library.so",
        "models/digits/golden/images.bin",
        "a.gd",
    }
    settings = (project / "project.godot").read_text()
    assert settings.startswith("config_version=5\n")
    assert settings.endswith("\n[ludus]\n\nexport/allow_unproven=true\n")
    listed = (project / ".godot" / "extension_list.cfg").read_text()
    assert listed == "res://addons/ludus/ludus.gdextension\n"


def test_a_project_is_not_made_over_another(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    with pytest.raises(FileExistsError):
        godot.make_project(tmp_path / "project", {})


# The log


def test_a_run_whose_script_printed_errors_on_purpose_has_no_faults() -> None:
    assert ended().faults == []


@pytest.mark.parametrize(
    "line",
    [
        "SCRIPT ERROR: Invalid call. Nonexistent function 'foo' in base 'Nil'.",
        'SCRIPT ERROR: Parse Error: Identifier "LudusModel" not declared in the current scope.',
        "USER SCRIPT ERROR: as older versions say it",
        "ERROR: [panic runtime/src/model.rs:37]  index out of bounds",
        "ERROR: Can't open dynamic library: /game/libludus.so. Error: file too short.",
        "ERROR: GDExtension dynamic library not found: 'res://addons/ludus/ludus.gdextension'.",
        "ERROR: No GDExtension library found for current OS and architecture (linux.arm64).",
        "ERROR: Error loading extension: 'res://addons/ludus/ludus.gdextension'.",
        "WARNING: ObjectDB instances leaked at exit (run with --verbose for details).",
        "WARNING: 2 ObjectDB instances were leaked at exit (run with `--verbose` for details).",
        "ERROR: 7 resources still in use at exit (run with --verbose for details).",
        "Leaked instance: LudusModel:-9223372011336432383",
        "handle_crash: Program crashed with signal 11",
    ],
)
def test_each_sign_that_something_is_wrong_is_a_fault(line: str) -> None:
    assert ended(f"{CLEAN}{line}\nmore\n").faults == [line]


@pytest.mark.parametrize(
    ("exit_code", "fault"),
    [
        (1, "it ended with exit code 1"),
        (-11, "signal 11 ended it"),
        (None, "it had not ended after 3 s"),
    ],
)
def test_each_bad_ending_is_a_fault(exit_code: int | None, fault: str) -> None:
    assert ended(exit_code=exit_code).faults == [fault]


def test_the_explanation_has_faults_output_and_the_command(tmp_path: Path) -> None:
    said = "".join(f"line {number}\n" for number in range(100))
    words = godot.explain(ended(f"{said}SCRIPT ERROR: a\nSCRIPT ERROR: a\n", 1))
    assert words.startswith(
        "Godot: it ended with exit code 1; SCRIPT ERROR: a; it said:\n  line 82"
    )
    assert words.endswith("to run it again:\n  godot")


# A run


def engine(tmp_path: Path, *lines: str) -> None:
    script(tmp_path / ".godot-engine" / "godot", *lines)


def test_a_run_returns_what_both_streams_said_without_colours(tmp_path: Path) -> None:
    engine(tmp_path, r"printf '\033[92mgreen\033[39m\n'", 'echo "$@" >&2')
    said = godot.run(tmp_path, "--script", "res://a.gd")
    assert said == f"green\n--headless --path {tmp_path} --script res://a.gd\n"


def test_a_run_with_a_window_is_not_headless(tmp_path: Path) -> None:
    engine(tmp_path, 'echo "$@"')
    assert godot.run(tmp_path, headless=False) == f"--path {tmp_path}\n"


def test_user_data_are_the_projects_own(tmp_path: Path) -> None:
    engine(tmp_path, 'echo "$XDG_DATA_HOME $XDG_CONFIG_HOME"')
    home = tmp_path / ".godot" / "home"
    assert godot.run(tmp_path) == f"{home}/data {home}/config\n"


@pytest.mark.parametrize("line", ["exit 3", "kill -SEGV $$", "echo 'SCRIPT ERROR: x'"])
def test_a_run_that_fails_raises_with_the_command(tmp_path: Path, line: str) -> None:
    engine(tmp_path, "echo words", line)
    with pytest.raises(
        ToolError, match=r"(?s)^Godot: .*words.*to run it again:\n.* --headless --pa"
    ):
        godot.run(tmp_path)


def test_a_run_that_does_not_end_is_killed(tmp_path: Path) -> None:
    engine(tmp_path, "echo begun", "exec /bin/sleep 100")
    found = godot.start(tmp_path, timeout=0.5)
    assert (found.exit_code, found.said) == (None, "begun\n")
    assert found.seconds < 50


def test_a_script_error_does_not_wait_for_the_time_limit(tmp_path: Path) -> None:
    engine(tmp_path, "echo 'SCRIPT ERROR: x'", "exec /bin/sleep 100")
    began = time.monotonic()
    found = godot.start(tmp_path, timeout=90)
    assert found.exit_code is None
    assert time.monotonic() - began < 50
