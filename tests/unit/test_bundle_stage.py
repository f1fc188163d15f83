"""The stage `bundle`: what of dvc.lock the bundle names."""

from pathlib import Path

import pytest
import yaml

from stages import bundle

LOCK = {
    "train": {"cmd": "train"},
    "compile@onnx": {"cmd": "compile onnx"},
    "probe": {"cmd": "probe"},
}


@pytest.fixture(autouse=True)
def _outside_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def digest(stages: dict[str, dict[str, str]], targets: list[str]) -> str:
    Path("dvc.lock").write_text(yaml.safe_dump({"stages": stages}))
    return bundle._provenance(Path("dvc.lock"), targets).dvc_lock_sha256


def test_rows_that_are_gone_and_what_holds_times_are_left_out() -> None:
    gone = {**LOCK, "compile@ncnn": {"cmd": "compile ncnn"}, "benchmark": {"cmd": "benchmark"}}
    assert digest(gone, ["onnx"]) == digest(LOCK, ["onnx"])


def test_each_target_and_the_training_are_in_it() -> None:
    first = digest(LOCK, ["onnx"])
    assert digest({**LOCK, "train": {"cmd": "train more"}}, ["onnx"]) != first
    assert digest({**LOCK, "compile@onnx": {"cmd": "other flags"}}, ["onnx"]) != first
