"""compile, evaluate and probe as commands: what they write, and what wrong names get."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ludus.evaluation.executors import EXECUTORS
from ludus.evaluation.results import read_result
from ludus.runtimes import devices
from support.paths import ROOT

Stage = Callable[..., subprocess.CompletedProcess[str]]
VMVX = "[--iree-hal-target-device=local, --iree-hal-local-target-device-backends=vmvx]"
PARAMS = f"""\
data: {{sources: [folder], folder: incoming, validation: 10, seed: 1}}
train: {{epochs: 1, batch_size: 1, learning_rate: 1, schedule: constant, seed: 1, threads: 1}}
bundle: {{name: digits, version: 1.0.0, golden: 10}}
lowerings:
  one: {{rewrites: [], batches: [1, 16]}}
targets:
  iree-vmvx: {{backend: iree, toolchain: 3.13.0, lowering: one, driver: cpu, flags: {VMVX}}}
  iree-metal: {{backend: iree, toolchain: 3.13.0, lowering: one, driver: metal, flags: []}}
evaluations:
  on-cpu: {{target: iree-vmvx, device: cpu, executor: native, required: true}}
  on-metal: {{target: iree-metal, device: metal, executor: native, required: false}}
  in-godot: {{target: iree-vmvx, device: cpu, executor: godot, required: false}}
gate: {{accuracy: 0.99, accuracy_loss: 0.0005, agreement: 0.9999, max_abs_diff: 0.001}}
"""


@pytest.fixture
def project(tmp_path: Path, exported: Any) -> Path:
    """A folder with params.yaml and what the export stage wrote."""
    (tmp_path / "params.yaml").write_text(PARAMS)
    shutil.copytree(exported.folder, tmp_path / "artifacts" / "export")
    return tmp_path


@pytest.fixture
def stage(project: Path) -> Stage:
    def run(name: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", f"stages.{name}", *arguments],
            cwd=project,
            env={**os.environ, "PYTHONPATH": str(ROOT), **more},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def change(project: Path, old: str, new: str) -> None:
    text = (project / "params.yaml").read_text()
    assert old in text
    (project / "params.yaml").write_text(text.replace(old, new))


def test_from_what_was_lowered_to_results(project: Path, stage: Stage, lowered: Path) -> None:
    (project / "artifacts" / "lowered").mkdir()
    shutil.copyfile(lowered / "static.mlir", project / "artifacts" / "lowered" / "one.mlir")
    assert stage("compile", "iree-vmvx").returncode == 0
    target = project / "artifacts" / "targets" / "iree-vmvx"
    assert {path.name for path in target.iterdir()} == {"model.vmfb", "variant.json"}

    ended = stage("evaluate", "on-cpu")
    result = read_result(project / "artifacts" / "evaluations" / "on-cpu.json")
    assert (ended.returncode, ended.stdout) == (0, "on-cpu: 300 images measured\n")
    assert (result.status, result.images, result.evaluation) == ("measured", 300, "on-cpu")

    # As if it had been compiled: a machine that runs it is no Linux machine.
    metal = json.loads((target / "variant.json").read_text()) | {"driver": "metal"}
    (target.parent / "iree-metal").mkdir()
    (target.parent / "iree-metal" / "variant.json").write_text(json.dumps(metal))
    assert stage("probe").returncode == 0
    ended = stage("evaluate", "on-metal")
    result = read_result(project / "artifacts" / "evaluations" / "on-metal.json")
    assert ended.returncode == 0, "measuring refuses nothing"
    assert (result.status, result.accuracy) == ("not run", None)
    assert str(result.reason).endswith("needs a Mac")

    absent = {"GODOT": str(project / "no such engine")}
    assert stage("probe", **absent).returncode == 0
    ended = stage("evaluate", "in-godot", **absent)
    result = read_result(project / "artifacts" / "evaluations" / "in-godot.json")
    assert ended.returncode == 0
    assert (result.status, result.executor, result.accuracy) == ("not run", "godot", None)
    assert "no such engine cannot be started as Godot" in str(result.reason)

    change(project, "backends=vmvx", "backends=vmxv")
    before = (target / "model.vmfb").read_bytes()
    ended = stage("compile", "iree-vmvx")
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: iree-compile ended with exit code ")
    assert "vmxv" in ended.stderr
    assert "to run it again:" in ended.stderr
    assert (target / "model.vmfb").read_bytes() == before
    assert {path.name for path in target.parent.iterdir()} == {"iree-vmvx", "iree-metal"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("compile", "iree-vmxv"), "no target 'iree-vmxv', did you mean 'iree-vmvx'?"),
        (("evaluate", "on-cup"), "no evaluation 'on-cup', did you mean 'on-cpu'?"),
    ],
)
def test_an_unknown_row_is_told_with_the_nearest(
    project: Path, stage: Stage, arguments: tuple[str, str], said: str
) -> None:
    ended = stage(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"error: {said}\n"
    assert [path.name for path in (project / "artifacts").iterdir()] == ["export"]


@pytest.mark.parametrize(
    ("arguments", "old", "new", "said"),
    [
        (("compile", "iree-vmvx"), "3.13.0", "3.13.1", "3.13.1.txt, did you mean '3.13.0'?"),
        (
            ("compile", "iree-vmvx"),
            "lowering: one",
            "lowering: onee",
            "no lowering 'onee', did you",
        ),
        (("evaluate", "on-cpu"), "device: cpu", "device: cup", "unknown value 'cup', did you mean"),
    ],
)
def test_a_wrong_name_in_params_is_told_with_the_nearest(
    project: Path, stage: Stage, arguments: tuple[str, ...], old: str, new: str, said: str
) -> None:
    (project / "artifacts" / "lowered").mkdir()
    (project / "artifacts" / "lowered" / "one.mlir").write_text("")
    change(project, old, new)
    ended = stage(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (project / "artifacts" / "targets" / "iree-vmvx").exists()
    assert not (project / "artifacts" / "evaluations").exists()


@pytest.mark.parametrize("arguments", [("compile", "iree-vmvx"), ("evaluate", "on-cpu")])
def test_what_an_earlier_stage_did_not_make_is_one_message(
    project: Path, stage: Stage, arguments: tuple[str, ...]
) -> None:
    shutil.rmtree(project / "artifacts")
    ended = stage(*arguments)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("error: artifacts/")
    assert ended.stderr.count("\n") == 1


def test_probe_writes_each_device_with_its_name_or_reason(project: Path, stage: Stage) -> None:
    assert stage("probe").returncode == 0
    artifacts = project / "artifacts"
    written = sorted(
        path for name in ("devices", "executors") for path in artifacts.glob(f"{name}/*")
    )
    assert {path.stem for path in written} == {*devices.DEVICES, *EXECUTORS}
    found = {
        word: json.loads((artifacts / f"devices/{word}.json").read_text())
        for word in devices.DEVICES
    }
    assert found["cpu"]["reason"] is None
    for device in found.values():
        assert (device["name"] is None) != (device["reason"] is None)
    first = {path: path.read_bytes() for path in written}
    stage("probe")
    assert {path: path.read_bytes() for path in written} == first


def test_probe_takes_no_arguments_but_its_own(stage: Stage) -> None:
    ended = stage("probe", "cpu")
    assert ended.returncode == 2
    assert "unrecognized arguments: cpu" in ended.stderr
