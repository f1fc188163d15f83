"""What `ludus tune` says where it cannot tune, and processes that die while they are asked."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ludus.cli import app
from ludus.config.params import Params, load_params
from ludus.core.errors import DeviceError, LudusError, UsageError
from ludus.process.isolated import run_isolated
from ludus.tuning import builds, tuner
from support.paths import ROOT


@pytest.fixture(scope="module")
def params() -> Params:
    return load_params(ROOT / "params.yaml")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "iree-cpu-x86_64-v33",
            "no target 'iree-cpu-x86_64-v33', did you mean 'iree-cpu-x86_64-v3",
        ),
        ("onnx", "'onnx' is a file for another runtime .onnx., with nothing to tune; expected"),
        ("ncnn", "'ncnn' is a file for another runtime .ncnn., with nothing to tune; expected"),
        ("torchscript", "'torchscript' is a file for another runtime .torch., with nothing"),
    ],
)
def test_what_cannot_be_tuned_is_refused(
    params: Params, tmp_path: Path, name: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        tuner.tune(name, params, tmp_path, minutes=1, batches=[1])


def test_a_target_that_is_not_bundled_cannot_be_tuned(params: Params, tmp_path: Path) -> None:
    row = params.targets["iree-vmvx"].model_copy(update={"bundled": False})
    alone = params.model_copy(update={"targets": params.targets | {"iree-vmvx": row}})
    with pytest.raises(UsageError, match="'iree-vmvx' is not bundled, and nothing is asked of its"):
        tuner.tune("iree-vmvx", alone, tmp_path, minutes=1, batches=[1])


@pytest.mark.parametrize("batches", [[0], [-1, 4], [4, 4], []])
def test_batches_that_are_none_are_refused(
    params: Params, tmp_path: Path, batches: list[int]
) -> None:
    with pytest.raises(UsageError, match="expected sizes of at least 1, each once"):
        tuner.tune("iree-vmvx", params, tmp_path, minutes=1, batches=batches)


def test_without_an_export_the_stage_that_makes_it_is_named(params: Params, tmp_path: Path) -> None:
    with pytest.raises(LudusError, match=r"model.pt2 is missing; run `dvc repro export`"):
        tuner.tune("iree-vmvx", params, tmp_path, minutes=1, batches=[1])


def test_a_target_for_a_device_that_is_not_here_is_refused_with_the_reason(
    params: Params, tmp_path: Path
) -> None:
    for file in ("model.pt2", "network.json", "reference.npz"):
        (tmp_path / file).touch()
    name = "iree-cpu-aarch64" if os.uname().machine == "x86_64" else "iree-cpu-x86_64"
    said = f"{name} cannot be tuned on this machine, which cannot run it: cpu: it is for "
    with pytest.raises(DeviceError, match=said):
        tuner.tune(name, params, tmp_path, minutes=1, batches=[1])


def test_without_torch_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builds, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"needs the Python package 'torch'.*`make setup`"):
        builds.need_torch()


def test_the_command_imports_without_what_it_needs_to_tune() -> None:
    code = (
        "import sys\n"
        "for name in ('torch', 'ruamel', 'iree.turbine'): sys.modules[name] = None\n"
        "import ludus.cli.app\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_the_command_ends_with_2_and_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["ludus", "tune", "iree-vmxv"])
    with pytest.raises(SystemExit) as caught:
        app.main()
    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert said == "error: no target 'iree-vmxv', did you mean 'iree-vmvx'?\n"


def die(number: int) -> None:
    os.kill(os.getpid(), number)


def leave() -> None:
    os._exit(3)


def refuse() -> None:
    raise UsageError("not so")


def break_down() -> None:
    raise RuntimeError("out of paper")


def start_and_wait(path: str) -> None:
    """Starts a process of its own, as a compiler is."""
    with subprocess.Popen(["sleep", "60"]) as child:
        Path(path).write_text(str(child.pid))


def test_an_answer_comes_back_and_what_was_printed_does_not(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert run_isolated(sorted, [2, 1]) == [1, 2]
    run_isolated(print, "nobody reads this")
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("work", "arguments", "kind", "said"),
    [
        (die, [signal.SIGSEGV], DeviceError, r"its process ended with signal 11 \(SIGSEGV\)"),
        (leave, [], DeviceError, "its process ended with exit code 3"),
        (refuse, [], UsageError, "not so"),
        (break_down, [], DeviceError, "RuntimeError: out of paper"),
    ],
)
def test_a_process_that_dies_or_raises_is_an_error_here(
    work: object, arguments: list[object], kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said):
        run_isolated(work, *arguments)  # type: ignore[arg-type]


def test_a_process_that_takes_too_long_is_killed_with_what_it_started(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    with pytest.raises(DeviceError, match="it took more than 5 s"):
        run_isolated(start_and_wait, str(path), seconds=5)
    assert path.exists(), "it had begun"
    ends = time.monotonic() + 30
    while Path(f"/proc/{path.read_text()}/cmdline").exists() and time.monotonic() < ends:
        if not Path(f"/proc/{path.read_text()}/cmdline").read_text():
            break  # dead, and not yet waited for by init
        time.sleep(0.05)
    else:
        assert time.monotonic() < ends
