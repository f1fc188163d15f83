"""`ludus tune` on a tiny network, with the real compiler and runtime.

No test asserts what is fast: times differ from run to run.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ludus.bundle.schema import read_network
from ludus.config.lowerings import Lowering
from ludus.config.params import load_params
from ludus.core.errors import DeviceError
from ludus.data.reference_set import load_reference_set
from ludus.runtimes.devices import cpu
from ludus.tuning.builds import Builds
from ludus.tuning.candidates import Candidate, present
from ludus.tuning.trials import FIRST, Trials
from support.paths import ROOT

NAME = f"iree-cpu-{cpu.architecture()}"
MAIN = "from ludus.cli.app import main; main()"
# A function that reads beside its input, and one that knows one answer alone.
CRASHING = """\
func.func @main(%x: tensor<4x1x14x14xf32>) -> tensor<4x10xf32> {
  %flat = tensor.collapse_shape %x [[0, 1, 2, 3]] : tensor<4x1x14x14xf32> into tensor<784xf32>
  %empty = tensor.empty() : tensor<4x10xf32>
  %out = linalg.generic {
      indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      outs(%empty : tensor<4x10xf32>) {
    ^bb0(%o: f32):
      %j = linalg.index 1 : index
      %v = tensor.extract %flat[%j] : tensor<784xf32>
      %far = arith.constant 1.0e+13 : f32
      %farther = arith.addf %v, %far : f32
      %number = arith.fptosi %farther : f32 to i64
      %place = arith.index_cast %number : i64 to index
      %w = tensor.extract %flat[%place] : tensor<784xf32>
      linalg.yield %w : f32
  } -> tensor<4x10xf32>
  return %out : tensor<4x10xf32>
}
"""
POISONED = """\
func.func @main(%x: tensor<4x1x14x14xf32>) -> tensor<4x10xf32> {
  %some = tensor.extract_slice %x[0, 0, 0, 0] [4, 1, 1, 10] [1, 1, 1, 1]
      : tensor<4x1x14x14xf32> to tensor<4x10xf32>
  %none = arith.constant dense<0.0> : tensor<4x10xf32>
  %tenths = arith.constant dense<0.1> : tensor<4x10xf32>
  %nothing = arith.mulf %some, %none : tensor<4x10xf32>
  %same = arith.addf %nothing, %tenths : tensor<4x10xf32>
  return %same : tensor<4x10xf32>
}
"""


@pytest.fixture
def project(exported: Any, tmp_path: Path) -> Path:
    """params.yaml and artifacts/export/ of the tiny network, whose accuracy is no matter here."""
    shutil.copytree(exported.folder, tmp_path / "artifacts" / "export")
    text = (ROOT / "params.yaml").read_text()
    # The images were rounded to bytes after they were answered.
    for key, value in (("agreement", 0.9), ("max_abs_diff", 0.01), ("accuracy_loss", 0.1)):
        text, count = re.subn(rf"(?m)^(gate:.*(?:\n  .*)*?\n  {key}:) \S+", rf"\1 {value}", text)
        assert count == 1
    (tmp_path / "params.yaml").write_text(text)
    return tmp_path


def command(project: Path, *arguments: str, **more: Any) -> "subprocess.Popen[str]":
    """`ludus`, begun in a project as from a terminal."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    return subprocess.Popen(
        ["env", "--default-signal=INT", sys.executable, "-c", MAIN, *arguments],
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


@pytest.fixture
def trials(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Trials:
    export = project / "artifacts" / "export"
    return Trials(
        builds=Builds(export=export, folder=tmp_path_factory.mktemp("builds")),
        device="cpu",
        batches=[4],
        tests=load_reference_set(export / "reference.npz"),
        network=read_network(export),
        gate=load_params(project / "params.yaml").gate,
    )


@pytest.fixture
def start(project: Path) -> Candidate:
    """The row of this CPU's plainest target."""
    return present(NAME, load_params(project / "params.yaml"))


def spoilt(trials: Trials, start: Candidate, mlir: str) -> Candidate:
    """A candidate whose lowering made this of the network."""
    lowered = trials.builds.folder / "lowered"
    lowered.mkdir(exist_ok=True)
    (lowered / "spoilt.mlir").write_text(mlir)
    return Candidate(
        change="spoilt",
        target=start.target.model_copy(update={"lowering": "spoilt"}),
        lowering=Lowering(rewrites=[], batches=[4]),
    )


@pytest.mark.long
def test_a_candidate_is_timed_beside_the_row_in_the_same_rounds(
    trials: Trials, start: Candidate
) -> None:
    flags = ["--iree-opt-data-tiling", *start.target.flags]
    other = Candidate(
        change="",
        target=start.target.model_copy(update={"flags": flags}),
        lowering=start.lowering,
    )
    held, built = trials.builds.build(start), trials.builds.build(other)
    assert trials.verify(held).status == "verified"
    found = trials.race(built, held, FIRST)
    assert [line.batch for line in found.lines] == [4]
    assert 0 < found.together.low <= found.together.median <= found.together.high


def test_what_compiles_to_the_same_module_is_not_timed(trials: Trials, start: Candidate) -> None:
    flags = [*start.target.flags, "--iree-llvmcpu-debug-symbols=true"]
    again = Candidate(
        change="", target=start.target.model_copy(update={"flags": flags}), lowering=start.lowering
    )
    outcome = trials.compare(again, start)
    assert (outcome.verdict, outcome.reason, outcome.score) == (
        "not faster",
        "the same module",
        None,
    )


def test_a_candidate_that_answers_wrongly_is_refused_in_the_race(
    trials: Trials, start: Candidate
) -> None:
    outcome = trials.compare(spoilt(trials, start, POISONED), start)
    assert outcome.verdict == "refused"
    assert "from the reference, more than 0.01" in outcome.reason


def test_a_candidate_that_answers_wrongly_is_failed_over_all_images(
    trials: Trials, start: Candidate
) -> None:
    result = trials.verify(trials.builds.build(spoilt(trials, start, POISONED)))
    assert (result.status, result.images) == ("failed", 300)


def test_a_candidate_that_crashes_the_runtime_is_refused_and_survived(
    trials: Trials, start: Candidate
) -> None:
    crashing = spoilt(trials, start, CRASHING)
    outcome = trials.compare(crashing, start)
    assert outcome.verdict == "refused"
    assert "its process ended with signal" in outcome.reason
    with pytest.raises(DeviceError, match="its process ended with signal"):
        trials.verify(trials.builds.build(crashing))


def test_a_candidate_that_does_not_compile_is_refused_with_the_compilers_message(
    trials: Trials, start: Candidate
) -> None:
    outcome = trials.compare(spoilt(trials, start, "no MLIR"), start)
    assert (outcome.verdict, outcome.score) == ("refused", None)
    assert "error: " in outcome.reason


def test_a_candidate_that_cannot_be_lowered_is_refused(trials: Trials, start: Candidate) -> None:
    unknown = Candidate(
        change="",
        target=start.target.model_copy(update={"lowering": "new"}),
        lowering=start.lowering.model_copy(update={"rewrites": ["winogard"]}),
    )
    outcome = trials.compare(unknown, start)
    assert (outcome.verdict, outcome.score) == ("refused", None)
    assert "no rewrite 'winogard', did you mean 'winograd'" in outcome.reason


@pytest.mark.parametrize(
    "arguments",
    [pytest.param(["--dry-run"], marks=pytest.mark.long), []],
    ids=["dry run", "written"],
)
def test_a_search_ends_in_time_and_writes_what_it_says(
    project: Path, arguments: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = project / "params.yaml"
    before = path.read_bytes()
    former = tmp_path_factory.mktemp("former") / "params.yaml"
    former.write_bytes(before)
    begun = command(project, "tune", NAME, "--minutes", "0.3", "--batch", "4", *arguments)
    said, complained = begun.communicate(timeout=300)
    assert begun.returncode == 0, complained
    assert re.search(r"candidates? tried", said)
    assert f"{NAME} on cpu, batch 4" in complained
    if arguments or "is as it was" in said:
        assert path.read_bytes() == before
    else:
        assert f"{path.name} is written; next: git diff" in said
        assert load_params(path).targets[NAME] != load_params(former).targets[NAME]
    assert sorted(each.name for each in project.iterdir()) == ["artifacts", "params.yaml"]


def test_after_ctrl_c_nothing_is_written_and_nothing_keeps_running(project: Path) -> None:
    path = project / "params.yaml"
    before = path.read_bytes()
    with command(
        project, "tune", NAME, "--minutes", "10", "--batch", "4", start_new_session=True
    ) as begun:
        try:
            assert begun.stderr is not None
            for line in begun.stderr:
                if "faster" in line or "refused" in line:
                    break
            os.killpg(begun.pid, signal.SIGINT)  # as a terminal does: all of them hear it
            said, complained = begun.communicate(timeout=120)
        finally:
            begun.kill()
    assert begun.returncode == 130
    assert "params.yaml is as it was" in said
    assert "Traceback" not in complained
    assert path.read_bytes() == before
    ends = time.monotonic() + 60
    while alive(begun.pid):
        assert time.monotonic() < ends, alive(begun.pid)
        time.sleep(0.1)


def alive(session: int) -> list[str]:
    """The processes of a session, but for dead ones that nobody has waited for."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended since
            stat = path.read_text()
            state, _, _, owner, *_ = stat.rpartition(")")[2].split()
            if owner == str(session) and state != "Z":
                found.append(stat)
    return found


def test_a_row_that_is_not_verified_itself_is_refused(project: Path) -> None:
    path = project / "params.yaml"
    path.write_text(re.sub(r"\n  accuracy: \S+", "\n  accuracy: 1.0", path.read_text()))
    reference = project / "artifacts" / "export" / "reference.npz"
    with np.load(reference) as arrays:
        wrong = dict(arrays) | {"labels": (arrays["labels"] + 1) % 10}
    np.savez(reference, **wrong)
    begun = command(project, "tune", NAME, "--minutes", "1")
    said, complained = begun.communicate(timeout=300)
    assert (begun.returncode, said) == (2, "")
    assert f"the present row of '{NAME}' is failed: accuracy 0 < 1" in complained
