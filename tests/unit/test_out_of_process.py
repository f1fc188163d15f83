"""Runtimes in other Pythons: what a runner is given and answers, and what is said when it ends.

This Python stands for the other; a runner of the test's own, for those of the project.
"""

import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from ludus.bundle.schema import EntryFunction, Variant
from ludus.core.errors import ConfigError, DeviceError, InstallError
from ludus.core.files import write_json
from ludus.process import install, toolchains
from ludus.runtimes import out_of_process

SERVE = str(Path(out_of_process.__file__).parent)
RUNNER = """\
import os, signal, sys, time
from pathlib import Path
sys.path.insert(0, {serve!r})
from serve import _answers, answer, calls, ready
module, device = sys.argv[1:]
ready()
factor = float(Path(module).read_text())
print("not an answer")
for function, argument in calls():
    if function == "die":
        raise ValueError("out of memory\\nin some place")
    if function == "leave":
        sys.exit(7)
    if function == "hang":
        time.sleep(600)
    if function == "kill":
        os.kill(os.getpid(), 9)
    if function == "babble":
        os.write(_answers.fileno(), b"what?\\n")
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    answer(argument.reshape(len(argument), -1)[:, :2] * factor)
"""


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A toolchain 9.9.9 with the runtime `tester`, whose modules hold a factor."""
    monkeypatch.setattr(toolchains, "ROOT", tmp_path)
    monkeypatch.setattr(toolchains, "TOOLCHAINS", tmp_path / ".toolchains")
    python = tmp_path / ".toolchains" / "iree-9.9.9" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "iree-9.9.9.txt").write_text("tester==1.5\n")
    monkeypatch.setattr(install, "ROOT", tmp_path)
    folder = tmp_path / ".toolchains" / "iree-9.9.9"
    wanted = install.environment("iree-9.9.9", folder)
    stamp = install.Stamp(made_from=wanted.digest, packages={}, files={})
    write_json(folder / install.STAMP, asdict(stamp))
    runner = tmp_path / "run_tester.py"
    runner.write_text(RUNNER.format(serve=SERVE))
    monkeypatch.setattr(out_of_process, "RUNNERS", {"tester": runner})
    (tmp_path / "model.vmfb").write_text("3")
    return tmp_path


def variant(*entries: tuple[str, int]) -> Variant:
    return Variant.model_validate(
        {
            "target": "t",
            "backend": "iree",
            "driver": "cpu",
            "iree_version": "9.9.9",
            "files": [{"path": "model.vmfb", "bytes": 1, "sha256": "0" * 64}],
            "sha256": "0" * 64,
            "entry_functions": [EntryFunction(name=name, batch=batch) for name, batch in entries],
        }
    )


@pytest.mark.parametrize("entries", [[("main", -1)], [("main", 4)], [("one", 1), ("four", 4)]])
@pytest.mark.parametrize("count", [1, 4, 9])
def test_any_number_of_images_is_answered(
    there: Path, entries: list[tuple[str, int]], count: int
) -> None:
    images = np.random.default_rng(1).random((count, 1, 2, 3), dtype=np.float32)
    run = out_of_process.load("9.9.9", variant(*entries), there, "cpu")
    for _ in range(2):
        np.testing.assert_array_equal(run(images), images.reshape(count, 6)[:, :2] * 3)


def test_the_runtime_is_what_the_requirements_pin(there: Path) -> None:
    assert str(out_of_process.runtime_of("9.9.9")) == "tester 1.5"
    assert out_of_process.why_no_runtime("9.9.9") is None


def test_a_toolchain_without_a_runtime_is_told(there: Path) -> None:
    (there / "requirements" / "iree-9.9.8.txt").write_text("compiler==1\n")
    assert out_of_process.runtime_of("9.9.8") is None
    assert str(out_of_process.why_no_runtime("9.9.8")).startswith(
        "the toolchain '9.9.8' has no runtime"
    )
    assert str(out_of_process.why_no_runtime("9.9.7")).startswith(
        "the toolchain '9.9.7' has no runtime"
    )


def test_a_toolchain_that_is_not_known_is_told_with_the_nearest(there: Path) -> None:
    with pytest.raises(ConfigError, match=r"no toolchain '9.9.8', did you mean '9.9.9'"):
        out_of_process.load("9.9.8", variant(("main", 1)), there, "cpu")


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("die", "ended with exit code 1 and said: ValueError: out of memory"),
        ("leave", "ended with exit code 7 and said: not an answer"),
    ],
)
def test_a_runner_that_ends_is_reported_with_its_last_line(
    there: Path, function: str, said: str
) -> None:
    run = out_of_process.load("9.9.9", variant((function, 1)), there, "cpu")
    for _ in range(2):
        with pytest.raises(DeviceError) as caught:
            run(np.zeros((1, 1, 2, 3), dtype=np.float32))
        assert str(caught.value) == (
            f"{there}/model.vmfb failed on 'cpu' in tester 1.5: its process {said}"
        )


def failure_of(there: Path, function: str) -> DeviceError:
    """How a call fails; nothing of it runs afterwards."""
    (there / "model.vmfb").write_text("3")
    child = out_of_process.Child("9.9.9", there / "model.vmfb", "cpu")
    with pytest.raises(DeviceError) as caught:
        child.call(function, np.zeros((1, 1, 2, 3), dtype=np.float32))
    assert child._process.returncode is not None
    return caught.value


def test_a_runner_that_never_answers_is_killed_and_told(
    there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(out_of_process, "CALL_LIMIT", 3.0)
    error = failure_of(there, "hang")
    assert str(error).startswith(
        f"{there}/model.vmfb failed on 'cpu' in tester 1.5: its process had not answered after 3 s "
    )
    assert (error.timed_out, error.returncode, error.killed) == (True, None, False)


def test_a_runner_that_never_reads_what_it_is_given_is_killed_and_told(
    there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = there / "run_tester.py"
    runner.write_text(RUNNER.format(serve=SERVE).partition("factor")[0] + "time.sleep(600)\n")
    child = out_of_process.Child("9.9.9", there / "model.vmfb", "cpu")
    monkeypatch.setattr(out_of_process, "CALL_LIMIT", 0.5)
    with pytest.raises(DeviceError, match=r"had not answered after 0\.5 s and said: \(nothing\)"):
        child.call("main", np.zeros((4, 1, 512, 512), dtype=np.float32))


def test_a_runner_that_was_killed_is_known_by_its_return_code(there: Path) -> None:
    error = failure_of(there, "kill")
    assert (error.returncode, error.killed, error.timed_out) == (-9, True, False)


def test_a_runner_that_answers_no_array_and_does_not_end_is_killed_and_not_called_killed(
    there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(out_of_process, "ENDING", 0.5)
    error = failure_of(there, "babble")
    assert "its process gave no answer and had not ended after 0.5 s" in str(error)
    assert (error.returncode, error.killed, error.timed_out) == (None, False, False)


def test_a_module_that_cannot_be_loaded_is_told_when_it_is_called(there: Path) -> None:
    (there / "model.vmfb").write_text("three")
    run = out_of_process.load("9.9.9", variant(("main", 1)), there, "cpu")
    with pytest.raises(DeviceError, match="could not convert string to float: 'three'"):
        run(np.zeros((1, 1, 2, 3), dtype=np.float32))


@pytest.mark.parametrize(
    ("script", "said", "limit"),
    [
        ("import no_such_runtime", "No module named 'no_such_runtime'; if it is damaged, `rm ", 60),
        ("import time; time.sleep(600)", "had not answered after 0.5 s", 0.5),
    ],
)
def test_a_runtime_that_does_not_start_is_no_fault_of_the_module(
    there: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str, limit: float
) -> None:
    monkeypatch.setattr(out_of_process, "CALL_LIMIT", limit)
    (there / "run_tester.py").write_text(script)
    with pytest.raises(InstallError, match=r"^tester 1\.5 does not start on 'cpu': ") as caught:
        out_of_process.load("9.9.9", variant(("main", 1)), there, "cpu")
    assert said in str(caught.value)


def test_a_toolchain_that_is_not_installed_is_told_without_installing_it(there: Path) -> None:
    (there / "requirements" / "iree-9.9.9.txt").write_text("tester==1.6\n")
    assert out_of_process.why_not("9.9.9") == "not installed yet; it will be when a target needs it"


def test_a_compiler_that_does_not_compile_is_told(there: Path) -> None:
    compiler = there / ".toolchains" / "iree-9.9.9" / "bin" / "iree-compile"
    compiler.write_text("#!/bin/sh\nexit 9\n")
    compiler.chmod(0o755)
    assert "exit code 9" in str(out_of_process.why_not("9.9.9"))


def test_a_runtime_that_computes_wrongly_is_told(there: Path) -> None:
    compiler = there / ".toolchains" / "iree-9.9.9" / "bin" / "iree-compile"
    compiler.write_text('#!/bin/sh\nfor last; do :; done\necho 3 > "$last"\n')
    compiler.chmod(0o755)
    assert out_of_process.why_not("9.9.9") == "twice [1, 2, 3] gave [[3.0], [6.0], [9.0]]"
