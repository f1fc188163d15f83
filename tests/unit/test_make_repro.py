"""`make repro` checks params.yaml before `dvc repro`, and shows no table of an earlier run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.paths import ROOT


def repro(folder: Path) -> "subprocess.CompletedProcess[str]":
    script = str(ROOT / "setup" / "repro.sh")
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [script],
        cwd=folder,
        env=os.environ | {"PATH": programs},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("targets:", "tragets:", "unknown key 'tragets', did you mean 'targets'?"),
        (
            "  file: config.yaml",
            "  fil: config.yaml",
            "model.fil: unknown key 'fil', did you mean 'file'?",
        ),
        ("{target: onnx, ", "{traget: onnx, ", "evaluations.onnx-cpu.traget: unknown key 'traget'"),
    ],
)
def test_a_misspelt_row_is_named_before_dvc_reads_it(
    tmp_path: Path, right: str, wrong: str, message: str
) -> None:
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    (tmp_path / "params.yaml").write_text(text.replace(right, wrong), encoding="utf-8")
    ended = repro(tmp_path)
    assert ended.returncode != 0
    assert message in ended.stderr
    assert "dvc" not in ended.stderr


def test_after_an_error_the_table_of_an_earlier_run_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    earlier = tmp_path / "artifacts" / "report" / "results.json"
    earlier.parent.mkdir(parents=True)
    earlier.write_text("not read")
    ended = repro(tmp_path)
    assert ended.returncode != 0
    assert "you are not inside of a DVC repository" in ended.stderr
    assert ended.stderr.endswith("the run failed: its error stands above\n")
    assert "not read" not in ended.stdout + ended.stderr
