"""ludus.process.tools: how a program ended is in its error's fields, and none runs for ever."""

import ast
import pickle
import time
from pathlib import Path

import pytest

from ludus.core.errors import DeviceError, ProcessError, ToolError
from ludus.process import tools
from ludus.process.tools import run_tool
from support.paths import ROOT

# Where a process is started that is no other program: Python of ours, with limits of its own.
PYTHON_OF_OURS = {"ludus/process/isolated.py", "ludus/benchmark/workers.py"}


def shell(script: str, **limits: float) -> ToolError:
    """How a script failed."""
    with pytest.raises(ToolError) as caught:
        run_tool(["sh", "-c", script], **limits)  # type: ignore[arg-type]
    return caught.value


def test_a_failure_knows_the_exit_code_the_whole_output_and_the_command() -> None:
    error = shell("for i in $(seq 99); do echo $i; done; echo oh >&2; exit 3")
    assert (error.returncode, error.timed_out, error.killed) == (3, False, False)
    assert error.output == "".join(f"{i}\n" for i in range(1, 100)) + "oh\n"
    assert error.command[:2] == ["sh", "-c"]


def test_the_command_of_a_failure_is_what_is_to_be_pasted() -> None:
    with pytest.raises(ToolError) as caught:
        run_tool(["false"], paste=["false", "again"])
    assert caught.value.command == ["false", "again"]


@pytest.mark.parametrize(
    ("script", "returncode", "killed"),
    [
        ("kill -s KILL $$", -9, True),
        ("kill -s TERM $$", -15, True),
        ("kill -s SEGV $$", -11, False),
        ("kill -s ABRT $$", -6, False),
        ("sh -c 'kill -s KILL $$'; exit $?", 137, True),
        ("sh -c 'kill -s TERM $$'; exit $?", 143, True),
        ("sh -c 'kill -s SEGV $$'; exit $?", 139, False),
        ("echo ended with exit code -9; exit 3", 3, False),
        ("echo had not ended after 5 s; exit 9", 9, False),
    ],
)
def test_what_ended_a_program_is_told_by_its_return_code_alone(
    script: str, returncode: int, killed: bool
) -> None:
    error = shell(script)
    assert (error.returncode, error.killed, error.timed_out) == (returncode, killed, False)


def test_what_cannot_be_started_has_no_return_code_and_no_output(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as caught:
        run_tool([str(tmp_path / "none")])
    error = caught.value
    assert (error.returncode, error.timed_out, error.output, error.killed) == (
        None,
        False,
        "",
        False,
    )


def test_a_tool_that_does_not_end_is_killed_with_what_it_started(tmp_path: Path) -> None:
    pid, began = tmp_path / "pid", time.monotonic()
    error = shell(f"echo begun; sleep 600 & echo $! > {pid}; wait", seconds=1)
    assert time.monotonic() - began < 60
    assert (error.returncode, error.timed_out, error.killed) == (None, True, False)
    assert error.output == "begun\n"
    assert str(error).startswith("sh had not ended after 1 s\nto run it again:\n  sh -c ")
    for _ in range(100):  # it is killed, and whoever inherits it takes notice soon
        if _ended(int(pid.read_text())):
            return
        time.sleep(0.05)
    pytest.fail("what it started runs on")


def _ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_an_interrupt_leaves_no_tool_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    start = tools.start_tool

    def interrupted(*arguments: object, **more: object) -> object:
        process = start(*arguments, **more)  # type: ignore[arg-type]
        started.append(process)

        def interrupt(**_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(process, "communicate", interrupt)
        return process

    monkeypatch.setattr(tools, "start_tool", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_tool(["sleep", "600"])
    assert started[0].returncode is not None


def test_a_tool_is_asked_nothing_that_nobody_answers() -> None:
    assert run_tool(["cat"], seconds=60) == ""


def test_lines_end_as_they_do_here() -> None:
    assert run_tool(["printf", r"one\r\ntwo\r\n"]) == "one\ntwo\n"


def test_every_tool_has_a_limit() -> None:
    assert 0 < tools.TIME_LIMIT <= 7200
    assert run_tool.__defaults__ is not None
    assert run_tool.__defaults__[-1] == tools.TIME_LIMIT


@pytest.mark.parametrize("kind", [ToolError, DeviceError])
def test_an_error_keeps_its_fields_on_its_way_from_another_process(
    kind: type[ProcessError],
) -> None:
    error = kind("lost", returncode=-9, timed_out=True, output="all", command=["a", "b"])
    for copy in (pickle.loads(pickle.dumps(error)), error.prefixed("somewhere")):
        assert type(copy) is kind
        assert vars(copy) == vars(error)
    assert str(error.prefixed("somewhere")) == "somewhere: lost"


def test_programs_are_started_in_one_place() -> None:
    """But for os.exec, by which this process becomes another program."""
    starts = {"Popen", "run", "call", "check_call", "check_output", "getoutput"}
    found = set()
    for path in [*ROOT.glob("ludus/**/*.py"), *ROOT.glob("stages/*.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        for call in calls:
            if not isinstance(call, ast.Attribute) or not isinstance(call.value, ast.Name):
                continue
            module, name = call.value.id, call.attr
            if (module == "subprocess" and name in starts) or (
                module == "os" and name.startswith(("system", "popen", "spawn", "fork"))
            ):
                found.add(path.relative_to(ROOT).as_posix())
            if name == "Process" and module == "SPAWN":
                assert path.relative_to(ROOT).as_posix() in PYTHON_OF_OURS
    assert found == {"ludus/process/tools.py"}


def test_what_maintainers_run_gives_every_program_a_time_limit() -> None:
    calls = 0
    for path in [*ROOT.glob("tools/*.py"), *ROOT.glob("benchmarks/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if ast.unparse(node.func.value) == "subprocess" and node.func.attr != "Popen":
                calls += 1
                assert "timeout" in {word.arg for word in node.keywords}, f"{path}:{node.lineno}"
    assert calls
