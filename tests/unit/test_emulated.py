"""Machines that run IREE's own iree-run-module: what is asked of it, and what it may answer.

A shell script stands for the emulator, and one for the program that it would run.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ludus.bundle.reader import read_bundle
from ludus.bundle.schema import EntryFunction, Variant
from ludus.core.errors import DeviceError, ToolError
from ludus.data.reference_set import ReferenceSet
from ludus.evaluation.executors import (
    ExecutorError,
    loop,
    qemu_aarch64,
    qemu_riscv64,
    run_module,
    wine,
)
from ludus.evaluation.executors.run_module import IREE, RunModule
from ludus.process import install, prebuilt
from ludus.process.prebuilt import Prebuilt
from support.paths import BUNDLE

VMVX = read_bundle(BUNDLE).variant("iree-vmvx")
NETWORK = read_bundle(BUNDLE).manifest
EMULATED = (qemu_aarch64.EXECUTOR, qemu_riscv64.EXECUTOR, wine.EXECUTOR)


def cpu_variant(**changes: Any) -> Variant:
    return Variant.model_validate({**VMVX.model_dump(), **changes})


def write(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def executor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunModule:
    """A machine whose emulator runs scripts, and whose prebuilt dependency is installed."""
    monkeypatch.setattr(prebuilt, "PREBUILT", tmp_path / ".prebuilt")
    monkeypatch.setattr(prebuilt, "ROOT", tmp_path)
    monkeypatch.setattr(run_module, "PATH", str(tmp_path / "bin"))
    write(tmp_path / "setup/prebuilt/test.sh", 'mkdir "$1/iree"\necho "libc6 $2"')
    write(tmp_path / "bin/emulator", '[ "$1" = --version ] && echo "emulator 1.2 (x)" || exec "$@"')
    dependency = Prebuilt(name="test", iree=IREE)
    dependency.install()
    write(dependency.folder / "iree/iree-cpuinfo", "echo dotprod 1; echo sve 0")
    return RunModule(
        executor="wine",
        architecture="aarch64",
        prebuilt=dependency,
        emulator="emulator",
        package="emulators",
    )


def images(count: int) -> ReferenceSet:
    size = NETWORK.preprocess.size
    return ReferenceSet(
        inputs=np.zeros((count, size, size), dtype=np.uint8),
        labels=np.zeros(count, dtype=np.uint8),
        reference=np.zeros((count, 10), dtype=np.float32),
    )


# Where it is not


@pytest.mark.parametrize("emulated", EMULATED, ids=lambda one: one.prebuilt.name)
def test_without_its_emulator_an_executor_names_the_command_that_installs_it(
    emulated: RunModule, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(run_module, "PATH", str(tmp_path))
    package = f"on Debian: `apt-get install {emulated.package}`"
    reason = f"there is no {emulated.emulator}; {package}"
    assert emulated.facts() == {emulated.prebuilt.name: {"name": None, "reason": reason}}


@pytest.mark.parametrize("emulated", EMULATED, ids=lambda one: one.prebuilt.name)
def test_an_executor_without_its_prebuilt_dependency_names_the_command_that_installs_it(
    emulated: RunModule, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(prebuilt, "PREBUILT", tmp_path)
    write(tmp_path / emulated.emulator, "")
    monkeypatch.setattr(run_module, "PATH", str(tmp_path))
    assert emulated.absent() == f"it is not installed yet; run `{emulated.prebuilt.command}`"


def test_its_facts_are_versions(executor: RunModule) -> None:
    name = f"emulator 1.2 (x); libc6 {IREE}"
    assert executor.facts() == {"test": {"name": name, "reason": None}}


def test_another_emulator_changes_its_facts(executor: RunModule, tmp_path: Path) -> None:
    before = executor.facts()
    write(tmp_path / "bin/emulator", "echo emulator 1.3")
    assert executor.facts() != before


def test_an_emulator_that_does_not_start_is_told(executor: RunModule, tmp_path: Path) -> None:
    write(tmp_path / "bin/emulator", "echo no such library >&2; exit 127")
    reason = "emulator ended with exit code 127 and said: no such library"
    assert executor.facts() == {"test": {"name": None, "reason": reason}}


def test_a_damaged_prebuilt_dependency_is_reported(executor: RunModule) -> None:
    stamp = json.loads((executor.prebuilt.folder / install.STAMP).read_text())
    stamp["files"]["iree/libm.so"] = 1
    (executor.prebuilt.folder / install.STAMP).write_text(json.dumps(stamp))
    reason = "iree/libm.so of .prebuilt/test is missing; run `make prebuilt`"
    assert executor.facts() == {"test": {"name": None, "reason": reason}}


# What it cannot run


@pytest.mark.parametrize(
    ("changes", "device", "reason"),
    [
        ({"driver": "vulkan"}, "vulkan", "it has no device but its CPU"),
        ({"driver": "vulkan"}, "cpu", "it has no device but its CPU"),
        ({"backend": "onnx", "driver": None}, "cpu", "it has no device but its CPU"),
        (
            {"iree_version": "3.9.0"},
            "cpu",
            f"it needs IREE's runtime 3.9.0, and {IREE} is there",
        ),
        (
            {"cpu": {"architecture": "x86_64", "features": []}},
            "cpu",
            "it is for x86_64 CPUs, and this is aarch64",
        ),
        (
            {"cpu": {"architecture": "aarch64", "features": ["dotprod", "sve"]}},
            "cpu",
            "this CPU has no sve",
        ),
        (
            {"cpu": {"architecture": "aarch64", "features": ["warp9"]}},
            "cpu",
            "IREE's runtime cannot tell whether this CPU has warp9",
        ),
        ({"cpu": {"architecture": "aarch64", "features": ["dotprod"]}}, "cpu", None),
        ({"cpu": None}, "cpu", None),
    ],
)
def test_what_it_cannot_run_is_told(
    executor: RunModule, changes: dict[str, Any], device: str, reason: str | None
) -> None:
    assert executor.why_not(cpu_variant(**changes), device) == reason


def test_functions_whose_caller_keeps_the_buffers_are_refused(executor: RunModule) -> None:
    buffers = {"result": [1, 10], "transients": 0}
    variant = cpu_variant(entry_functions=[{"name": "f", "batch": 1, "buffers": buffers}])
    reason = executor.why_not(variant, "cpu")
    assert reason == "the caller has to keep its buffers, which `iree-run-module` does not"


# What it is asked


def test_qemu_is_given_the_root_with_the_libraries() -> None:
    command = qemu_aarch64.EXECUTOR.command("iree-run-module")
    dependency = prebuilt.PREBUILT / "qemu-aarch64"
    assert Path(command[0]).name == "qemu-aarch64-static"
    assert command[1:] == ["-L", f"{dependency}/root", f"{dependency}/iree/iree-run-module"]


def test_wine_has_a_windows_of_its_own_and_asks_nothing() -> None:
    command = wine.EXECUTOR.command("iree-run-module")
    dependency = prebuilt.PREBUILT / "wine"
    assert command[0] == "env"
    assert f"WINEPREFIX={dependency}/windows" in command
    assert "--unset=DISPLAY" in command
    assert any(word.startswith("WINEDLLOVERRIDES=mscoree,mshtml,") for word in command)
    assert command[-1] == f"{dependency}/iree/iree-run-module.exe"


def test_a_batch_more_than_fits_is_filled_with_zeros() -> None:
    ones = np.ones((10, 1, 2, 2), dtype=np.float32)
    more = loop.padded(ones, 4)
    assert more.shape == (12, 1, 2, 2)
    assert more[:10].min() == 1
    assert more[10:].max() == 0
    assert loop.padded(ones, 5).shape == ones.shape


def test_the_function_that_takes_the_most_images_is_called() -> None:
    functions = [EntryFunction(name=f"batch_{size}", batch=size) for size in (1, 8, 4)]
    assert loop.images_a_call(functions) == ("batch_8", 8)
    assert loop.images_a_call([EntryFunction(name="main", batch=-1)]) == ("main", 256)


def test_the_loop_calls_the_function_for_every_batch() -> None:
    text = loop.loop("batch_4", 4, (12, 1, 28, 28), (12, 10))
    assert "@module.batch_4(!batch) -> !answer" in text
    assert "!inputs = tensor<12x1x28x28xf32>" in text
    assert "!answer = tensor<4x10xf32>" in text
    assert "[%i, 0, 0, 0] [4, 1, 28, 28] [1, 1, 1, 1] : !inputs to !batch" in text


# What it answers


WHOLE = '[ "$1" = --list_drivers ] && exit 0\n'  # of a program: what the machine is asked after it
ANEW = "if test itself is damaged, `rm -r .prebuilt/test` and `make prebuilt` install it again"


def run(
    executor: RunModule,
    count: int,
    monkeypatch: pytest.MonkeyPatch,
    program: str,
    first: str = WHOLE,
) -> Any:
    """Run images through a program that is a script."""
    monkeypatch.setattr(run_module, "compile_loop", lambda *_: None)
    write(executor.prebuilt.folder / "iree/iree-run-module", first + program)
    return executor.run(VMVX, BUNDLE, "cpu", images(count), NETWORK)


def answers(tmp_path: Path, array: np.ndarray[Any, Any]) -> str:
    np.save(tmp_path / "answers.npy", array)
    return f'echo "$@" >{tmp_path}/asked; cp {tmp_path}/answers.npy .'


def test_all_images_go_through_in_one_run(
    executor: RunModule, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    expected = np.arange(80, dtype=np.float32).reshape(8, 10)
    found = run(executor, 6, monkeypatch, answers(tmp_path, expected))
    assert np.array_equal(found.outputs, expected[:6]), "what was padded is left out"
    assert found.device_name.startswith("aarch64 by emulator 1.2, on ")
    assert (tmp_path / "asked").read_text().split() == [
        "--device=local-task",
        "--module=model.vmfb",
        "--module=loop.vmfb",
        "--function=run",
        "--input=@inputs.npy",
        "--output=@answers.npy",
    ]


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((6, 10), np.float32), "answered float32 [6, 10], expected float32 [8, 10]"),
        (np.zeros((8, 10)), "answered float64 [8, 10], expected float32 [8, 10]"),
    ],
)
def test_answers_of_another_shape_or_type_are_refused(
    executor: RunModule, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, array: Any, said: str
) -> None:
    with pytest.raises(DeviceError, match="iree-run-module answered") as caught:
        run(executor, 6, monkeypatch, answers(tmp_path, array))
    assert said in str(caught.value)


def test_a_program_that_writes_no_answers_is_told(
    executor: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DeviceError, match="iree-run-module wrote no answers"):
        run(executor, 6, monkeypatch, "exit 0")


def test_a_program_that_fails_is_told_with_a_command_that_needs_no_other_file(
    executor: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        ToolError, match=r"^iree-run-module: emulator ended with exit code 3"
    ) as caught:
        run(executor, 6, monkeypatch, "echo out of luck; exit 3")
    command = str(caught.value).splitlines()[-1]
    assert f"--module={BUNDLE / VMVX.files[0].path}" in command
    assert "--function=" in command


def test_a_program_that_does_not_end_is_ended(
    executor: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "TIMEOUT", 0.5)
    with pytest.raises(ExecutorError, match=r"^iree-run-module: emulator had not ended after 0.5"):
        run(executor, 6, monkeypatch, "exec sleep 600")


@pytest.mark.parametrize("signal", ["KILL", "TERM"])
def test_a_program_that_was_ended_from_outside_is_the_executors_fault(
    executor: RunModule, monkeypatch: pytest.MonkeyPatch, signal: str
) -> None:
    with pytest.raises(ExecutorError, match=r"^iree-run-module: emulator ended with exit code -"):
        run(executor, 6, monkeypatch, f"kill -s {signal} $$")


@pytest.mark.parametrize("signal", ["SEGV", "ABRT", "ILL"])
def test_a_module_that_crashes_the_program_is_the_modules_fault(
    executor: RunModule, monkeypatch: pytest.MonkeyPatch, signal: str
) -> None:
    with pytest.raises(ToolError, match=r"^iree-run-module: emulator ended with exit code -"):
        run(executor, 6, monkeypatch, f"kill -s {signal} $$")


def test_a_programs_output_does_not_make_it_the_executors_fault(
    executor: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ToolError, match="ended with exit code 3"):
        run(executor, 6, monkeypatch, "echo x cannot be started, ended with exit code 137; exit 3")


def test_a_program_that_fails_at_anything_is_the_executors_fault(
    executor: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ExecutorError) as caught:
        run(executor, 6, monkeypatch, "exit 53", first="")
    words = "iree-run-module: emulator ended with exit code 53 and said: (nothing)"
    assert str(caught.value) == f"{words}; {ANEW}"


def test_a_program_that_fails_in_a_damaged_installation_is_the_executors_fault(
    executor: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamp = json.loads((executor.prebuilt.folder / install.STAMP).read_text())
    stamp["files"]["iree/libm.so"] = 1
    (executor.prebuilt.folder / install.STAMP).write_text(json.dumps(stamp))
    with pytest.raises(
        ExecutorError, match=r"^iree/libm.so of .prebuilt/test is missing; run `make pre"
    ):
        run(executor, 6, monkeypatch, "exit 53")


def test_a_machine_that_cannot_tell_its_features_is_broken(executor: RunModule) -> None:
    write(executor.prebuilt.folder / "iree/iree-cpuinfo", "echo no memory; exit 53")
    needs = {"architecture": "aarch64", "features": ["dotprod"]}
    with pytest.raises(ExecutorError) as caught:
        executor.why_not(cpu_variant(cpu=needs), "cpu")
    words = "iree-cpuinfo: emulator ended with exit code 53 and said: no memory"
    assert str(caught.value) == f"{words}; {ANEW}"


def test_what_wine_itself_changes_is_no_damage(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stable = "iree/iree-run-module.exe", "windows/drive_c/windows/system32/kernel32.dll"
    changed = "windows/system.reg", "windows/dosdevices/c:", "windows/drive_c/users/a/b"
    for name in (*stable, *changed):
        write(tmp_path / name, "")
    assert set(wine.PREBUILT._installation().sizes(tmp_path)) == set(stable)


def test_wine_is_ended_after_each_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write(tmp_path / "wineserver", f'echo "$WINEPREFIX $@" >{tmp_path}/asked')
    monkeypatch.setattr(wine, "PATH", str(tmp_path))
    wine.EXECUTOR.close()
    assert (tmp_path / "asked").read_text() == f"{prebuilt.PREBUILT}/wine/windows --kill\n"
