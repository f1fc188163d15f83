"""The stage `evaluate`: why a row was not run is kept only if DVC can see when that changes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ludus.config.everywhere import load_everywhere
from ludus.config.params import Params
from ludus.core.errors import DataError, DeviceError
from ludus.core.files import write_json
from ludus.evaluation.executors import ExecutorError, native, wine
from ludus.evaluation.results import Failure, Result
from ludus.runtimes import devices
from stages import evaluate
from stages.evaluate import refuse_if_unseen, run_evaluation
from support.paths import ROOT

NAME = "iree-cpu-x86_64-windows"
AGAIN = f"dvc repro everywhere/dvc.yaml:system@{NAME}"
FACTS = {"wine": {"name": None, "reason": "no exe"}}
RESULT = Result(
    evaluation=NAME, target="t", device="cpu", executor="wine", status="not run", reason="no exe"
)


@pytest.fixture
def probed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `probe` wrote of a machine without Wine; the CPU is there and CUDA is not."""
    found = {
        "cpu": {"name": "a CPU", "reason": None},
        "cuda": {"name": None, "reason": "no driver"},
    }
    monkeypatch.setattr(devices, "facts", found.get)
    monkeypatch.setattr(wine, "facts", lambda: FACTS)
    monkeypatch.setattr(native, "facts", dict)
    for word, facts in found.items():
        write_json(tmp_path / "devices" / f"{word}.json", facts)
    write_json(tmp_path / "executors" / "wine.json", FACTS)
    write_json(tmp_path / "executors" / "native.json", {})
    return tmp_path


def test_a_reason_that_probe_saw_is_kept(probed: Path) -> None:
    refuse_if_unseen(RESULT, probed)
    refuse_if_unseen(replace(RESULT, executor="native", device="cuda"), probed)


def test_a_prebuilt_dependency_that_was_damaged_after_probe_is_refused(probed: Path) -> None:
    whole = {"wine": {"name": "wine 8", "reason": None}}
    write_json(probed / "executors" / "wine.json", whole)
    with pytest.raises(DeviceError, match=rf"^{NAME} cannot run: no exe\n.*; run `{AGAIN}`, which"):
        refuse_if_unseen(RESULT, probed)


def test_a_device_that_was_lost_after_probe_is_refused(
    probed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "facts", lambda _: {"name": None, "reason": "lost"})
    for executor in ("native", "wine"):
        with pytest.raises(DeviceError, match=f"run `{AGAIN}`, which looks at it anew"):
            refuse_if_unseen(replace(RESULT, executor=executor, device="cuda"), probed)


def test_a_measured_row_asks_nothing_of_probe(tmp_path: Path) -> None:
    refuse_if_unseen(replace(RESULT, status="measured", reason=None), tmp_path)


def test_without_probes_files_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cpu.json is missing; run `dvc repro probe`"):
        refuse_if_unseen(RESULT, tmp_path)


@pytest.fixture
def params(monkeypatch: pytest.MonkeyPatch) -> Params:
    monkeypatch.chdir(ROOT)
    for name in ("read_variant", "load_reference_set", "read_network"):
        monkeypatch.setattr(evaluate, name, lambda _: None)
    return load_everywhere(ROOT / "everywhere/params.yaml", ROOT / "params.yaml")


def test_an_executor_that_broke_stops_the_stage_with_a_message(
    params: Params, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broke(*_: object, **__: object) -> Any:
        raise ExecutorError("killed")

    monkeypatch.setattr(evaluate, "evaluate", broke)
    said = rf"^{NAME}: the executor 'wine' broke, .*; mend it and run `{AGAIN}`: killed$"
    with pytest.raises(ExecutorError, match=said):
        run_evaluation(NAME, params, tmp_path, tmp_path)


@pytest.mark.parametrize(("failure", "again"), [("executor", True), (None, False)])
def test_what_dvc_cannot_see_mended_says_the_command_that_tries_again(
    params: Params,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    failure: Failure | None,
    again: bool,
) -> None:
    reason = "the executor is broken: exit code 53"  # a sentence decides nothing
    result = replace(RESULT, reason=reason, failure=failure)
    monkeypatch.setattr(evaluate, "evaluate", lambda *_, **__: result)
    found = str(run_evaluation(NAME, params, tmp_path, tmp_path).reason)
    assert found.startswith(reason)
    assert found.endswith(f"`dvc repro -f -s everywhere/dvc.yaml:system@{NAME}`") is again
