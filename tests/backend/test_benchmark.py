"""The benchmark, with the real runtimes in processes of their own, on a tiny network."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ludus.benchmark.record import Record, read_record
from ludus.benchmark.run import benchmark
from ludus.benchmark.workers import workers
from ludus.config.benchmark import Benchmark
from ludus.core.errors import DeviceError
from support.paths import ROOT

GOLDEN = ROOT / "tests" / "golden" / "bundle"
TARGETS = ("iree-cpu-rewritten-static", "onnx", "ncnn", "torchscript", "iree-cuda")
QUICK = Benchmark(
    seconds=0.2, rounds=3, curve=[1], curve_seconds=0.1, curve_rounds=3, slowest_call=5
)
ONNX = ("ONNX Runtime", "onnx", "cpu")


@pytest.fixture(scope="module")
def record(exported: Any, build: Callable[[str], Any]) -> Record:
    """All targets at batch 1 and 256."""
    built = [(build(name).variant, build(name).folder) for name in TARGETS]
    return benchmark(built, exported.images, exported.answers, QUICK, on=["cpu", "cuda"])


def test_every_runner_is_measured_at_both_batches(record: Record) -> None:
    found = {(row.target, row.way, row.batch) for row in record.rows if row.status == "measured"}
    for target in ("iree-cpu-rewritten-static", "onnx", "ncnn", "torchscript"):
        for batch in (1, 256):
            assert (target, "through Python", batch) in found
    assert ("iree-cpu-rewritten-static", "device-resident", 256) in found
    assert [row for row in record.rows if row.status == "failed"] == []


def test_every_measured_row_has_a_ratio_with_its_spread(record: Record) -> None:
    for row in record.rows:
        if row.status == "measured":
            assert row.rounds == 3
            assert row.calls >= 3
            assert row.ratio_low <= row.ratio_to_onnxruntime <= row.ratio_high
            assert row.median_ms <= row.p99_ms <= row.max_ms


def test_load_time_and_memory_are_measured(record: Record) -> None:
    loads = {load.target: load for load in record.loads if load.status == "measured"}
    assert {"iree-cpu-rewritten-static", "onnx", "ncnn", "torchscript"} <= set(loads)
    for load in loads.values():
        assert 0.1 < load.load_ms < 60_000
        assert load.file_bytes > 100
        if sys.platform == "linux":
            assert 0 < load.peak_bytes < 1e9


def test_wrong_answers_have_no_speed(exported: Any, build: Callable[[str], Any]) -> None:
    built = [(build("onnx").variant, build("onnx").folder)]
    found = benchmark(built, exported.images, 1 - exported.answers, QUICK)
    rows = [row for row in found.rows if row.runner == "ONNX Runtime"]
    assert {row.status for row in rows} == {"failed"}
    assert all("from the reference, more than 0.001" in str(row.reason) for row in rows)
    assert {row.median_ms for row in rows} == {None}


def test_a_worker_that_dies_is_told_and_a_stopped_one_is_ended(
    exported: Any, build: Callable[[str], Any]
) -> None:
    built = [(build("onnx").variant, build("onnx").folder)]
    with workers(built, [ONNX]) as started:
        worker = started[ONNX]
        process = worker._process
        asked = ("enter", exported.images[:2], exported.answers[:2], 1, 1.0, 0.001)
        assert worker.ask(*asked)[0].status == "measured"
        assert stopped(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(DeviceError, match=r"its process ended with signal 9 \(SIGKILL\)"):
            worker.ask(*asked)
    with workers(built, [ONNX]) as started:
        process = started[ONNX]._process
    assert not process.is_alive()


def stopped(pid: int) -> bool:
    """Whether a process is stopped, or is within a second."""
    for _ in range(100):
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T":
            return True
        time.sleep(0.01)
    return False


def test_a_request_that_the_runtime_refuses_is_told(
    exported: Any, build: Callable[[str], Any]
) -> None:
    built = [(build("torchscript").variant, build("torchscript").folder)]
    key = ("TorchScript", "torchscript", "cpu")
    wrong = np.zeros((1, 2, 3, 3), dtype=np.float32)
    with workers(built, [key]) as started:
        with pytest.raises(DeviceError):
            started[key].ask("enter", wrong, exported.answers[:1], 1, 1.0, 0.001)
        good = "enter", exported.images[:1], exported.answers[:1], 1, 1.0, 0.001
        assert started[key].ask(*good)[0].status == "measured", "it serves on"


def test_bench_measures_a_bundle_and_writes_what_it_prints(tmp_path: Path) -> None:
    out = tmp_path / "benchmark.json"
    command = ["bench", str(GOLDEN), "--only", "iree-vmvx", "--out", str(out), "--json"]
    ended = subprocess.run(
        [sys.executable, "-c", "from ludus.cli.app import main; main()", *command],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == json.loads(out.read_text())
    rows = read_record(out).rows
    assert {row.target for row in rows} == {"iree-vmvx"}
    assert any(row.status == "measured" for row in rows)
