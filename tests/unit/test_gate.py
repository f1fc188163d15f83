"""The gate: what passes, what is refused, and that nothing is lost."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ludus.core.errors import DataError, GateError, UsageError
from ludus.core.program import run_stage
from ludus.evaluation.results import Result, Status, write_results
from stages.gate import gate, main

ROOT = Path(__file__).parents[2]
ROW = Result(
    evaluation="onnx-cpu",
    target="onnx",
    device="cpu",
    executor="native",
    status="verified",
    required=True,
    accuracy=0.9934,
)
OPTIONAL = replace(
    ROW, evaluation="iree-cuda", status="not run", reason="no NVIDIA driver", required=False
)


def run(folder: Path, *rows: Result) -> list[str]:
    (folder / "artifacts/report").mkdir(parents=True, exist_ok=True)
    write_results(list(rows), folder / "artifacts/report/results.json")
    return gate(folder / "artifacts/report/results.json", folder / "artifacts/gate.json")


def test_all_required_verified_and_none_failed_passes(tmp_path: Path) -> None:
    assert run(tmp_path, ROW, OPTIONAL) == ["onnx-cpu"]
    passed = json.loads((tmp_path / "artifacts/gate.json").read_text())
    assert passed == {"passed": True, "required": ["onnx-cpu"]}


def test_an_optional_row_may_be_attested(tmp_path: Path) -> None:
    run(tmp_path, ROW, replace(OPTIONAL, status="attested"))


@pytest.mark.parametrize("status", ["not run", "attested", "failed", "measured"])
def test_a_required_row_that_is_not_verified_here_is_refused(
    tmp_path: Path, status: Status
) -> None:
    with pytest.raises(GateError, match=f"onnx-cpu \\(required\\): {status}: the reason"):
        run(tmp_path, replace(ROW, status=status, reason="the reason"))


def test_a_failed_row_is_refused_though_not_required(tmp_path: Path) -> None:
    with pytest.raises(GateError, match=r"1 of 2 .*\n  iree-cuda: failed: broke"):
        run(tmp_path, ROW, replace(OPTIONAL, status="failed", reason="broke"))


@pytest.mark.parametrize(
    ("status", "step"),
    [
        ("not run", "set required: false in params.yaml evaluations.onnx-cpu"),
        ("attested", "run it on this machine"),
        ("failed", "report/index.html"),
        ("measured", "run `dvc repro report`"),
    ],
)
def test_a_refusal_names_the_next_step(tmp_path: Path, status: Status, step: str) -> None:
    with pytest.raises(GateError, match=f"next: .*{step}"):
        run(tmp_path, replace(ROW, status=status))


def test_what_broke_is_told_how_it_is_tried_again(tmp_path: Path) -> None:
    again = r"next: .*dvc repro -f -s evaluate@onnx-cpu && dvc repro$"
    with pytest.raises(GateError, match=again):
        run(tmp_path, replace(ROW, status="failed", reason="broke: lost", failure="run"))
    with pytest.raises(GateError) as caught:
        run(
            tmp_path,
            replace(ROW, status="failed", reason="broke: 0.5 < 0.99", failure="thresholds"),
        )
    assert "-f -s" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "row", "stage"),
    [
        ("xla-cpu", "evaluations.xla-cpu", "evaluate@xla-cpu"),
        ("iree-cpu-aarch64-qemu", "systems.iree-cpu-aarch64-qemu", "system@iree-cpu-aarch64-qemu"),
    ],
)
def test_a_row_of_the_second_pipeline_is_named_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, row: str, stage: str
) -> None:
    monkeypatch.chdir(ROOT)
    again = rf"dvc repro -f -s everywhere/dvc\.yaml:{stage} && dvc repro --all-pipelines$"
    with pytest.raises(GateError, match=again):
        run(tmp_path, replace(ROW, evaluation=name, status="failed", failure="run"))
    with pytest.raises(GateError, match=rf"false in everywhere/params\.yaml {row}$"):
        run(tmp_path, replace(ROW, evaluation=name, status="not run"))


def test_every_row_that_fails_the_gate_is_listed(tmp_path: Path) -> None:
    short = replace(ROW, evaluation="ncnn-cpu", status="not run")
    with pytest.raises(GateError) as caught:
        run(tmp_path, replace(OPTIONAL, status="failed"), short, ROW)
    message = str(caught.value)
    assert message.startswith("2 of 3 evaluations fail the gate:")
    assert "iree-cuda" in message
    assert "ncnn-cpu" in message
    assert "onnx-cpu" not in message


def test_a_refusal_takes_back_an_earlier_pass_and_keeps_the_figures(tmp_path: Path) -> None:
    run(tmp_path, ROW)
    results = tmp_path / "artifacts/report/results.json"
    with pytest.raises(GateError):
        run(tmp_path, replace(ROW, status="failed"))
    assert not (tmp_path / "artifacts/gate.json").exists()
    assert "0.9934" in results.read_text()


def test_no_results_are_no_pass(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is missing"):
        gate(tmp_path / "results.json", tmp_path / "gate.json")
    assert not (tmp_path / "gate.json").exists()


def test_an_empty_list_of_results_is_no_pass(tmp_path: Path) -> None:
    with pytest.raises(GateError, match="holds no evaluation"):
        run(tmp_path)


def test_the_command_exits_1_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(GateError):
        run(tmp_path, replace(ROW, status="not run", reason="no driver"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["gate"])
    with pytest.raises(SystemExit) as caught:
        run_stage(main)
    assert caught.value.code == 1
    assert "onnx-cpu (required): not run: no driver" in capsys.readouterr().err


def test_an_evaluation_required_by_the_caller_must_be_verified_too(tmp_path: Path) -> None:
    run(tmp_path, ROW, OPTIONAL)
    results = tmp_path / "artifacts/report/results.json"
    with pytest.raises(GateError, match=r"iree-cuda \(required\): not run: no NVIDIA driver"):
        gate(results, tmp_path / "artifacts/gate.json", also=["iree-cuda"])


def test_an_unknown_evaluation_cannot_be_required(tmp_path: Path) -> None:
    run(tmp_path, ROW)
    results = tmp_path / "artifacts/report/results.json"
    with pytest.raises(UsageError, match="no evaluation 'onx-cpu', did you mean 'onnx-cpu'"):
        gate(results, tmp_path / "artifacts/gate.json", also=["onx-cpu"])
