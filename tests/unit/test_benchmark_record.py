"""benchmark.json: what is read back, what is refused, and how a person is shown it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ludus.benchmark import comparisons, tables
from ludus.benchmark.record import (
    RESIDENT,
    Load,
    Machine,
    Record,
    Row,
    compare,
    read_record,
    write_record,
)
from ludus.benchmark.runners import chosen, of_variants
from ludus.bundle.schema import EntryFunction, File, Variant
from ludus.config.benchmark import Comparison
from ludus.core.errors import DataError, UsageError


def measured(target: str, runner: str, ms: list[float], **changes: Any) -> Row:
    row = Row(
        runner=runner,
        target=target,
        device="cpu",
        batch=256,
        threads=2,
        status="measured",
        rounds=len(ms),
        calls=len(ms),
        median_ms=sorted(ms)[len(ms) // 2],
        p99_ms=max(ms),
        max_ms=max(ms),
        images_per_second=256_000 / sorted(ms)[len(ms) // 2],
        round_ms=ms,
    )
    return replace(row, **changes)


IREE = measured("iree-cpu", "IREE", [8, 10, 8], ratio_to_onnxruntime=1.5, ratio_low=1, ratio_high=2)
RESIDENT_ROW = replace(IREE, way=RESIDENT)
ONNX = measured("onnx", "ONNX Runtime", [12, 15, 12])
OPENVINO = replace(ONNX, runner="OpenVINO", round_ms=[1, 1, 1])
CUDA = Row(runner="IREE", target="iree-cuda", device="cuda", reason="there is no NVIDIA driver")
RECORD = Record(
    machine=Machine(system="Linux x86_64", cpu="A CPU", cores=2, devices={"cpu": "A CPU"}),
    versions={"onnxruntime": "1.0"},
    long=False,
    rows=[CUDA, RESIDENT_ROW, IREE, OPENVINO, ONNX],
    loads=[
        Load(
            runner="IREE",
            target="iree-cpu",
            device="cpu",
            status="measured",
            file_bytes=1_070_000,
            load_ms=8.6,
            processes=1,
            peak_bytes=7_000_000,
        )
    ],
)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "benchmark.json"
    write_record(RECORD, path)
    assert read_record(path) == RECORD


def test_keys_are_in_order_and_unknown_ones_left_out(tmp_path: Path) -> None:
    path = tmp_path / "benchmark.json"
    write_record(RECORD, path)
    values = json.loads(path.read_text())
    assert list(values["rows"][0]) == sorted(values["rows"][0])
    path.write_text(json.dumps(values | {"later": 1}))
    assert read_record(path) == RECORD


def _no_cpu(values: Any) -> None:
    del values["machine"]["cpu"]


def _status(values: Any) -> None:
    values["rows"][0]["status"] = "verified"


def _zero(values: Any) -> None:
    values["rows"][1]["median_ms"] = 0


def _no_median(values: Any) -> None:
    values["rows"][1]["median_ms"] = None


def _no_speed_but_a_median(values: Any) -> None:
    values["rows"][1]["status"] = "failed"


def _a_round_less(values: Any) -> None:
    values["rows"][1]["round_ms"].pop()


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (_no_cpu, "is no benchmark: machine.cpu: field required"),
        (_status, "is no benchmark: rows.0.status: input should be 'measured', 'failed' or"),
        (_zero, "is no benchmark: rows.1.median_ms: input should be greater than 0"),
        (_no_median, "rows.1 is 'measured' with the median None and 3 of 3 rounds"),
        (_no_speed_but_a_median, "rows.1 is 'failed' with the median 8"),
        (_a_round_less, "rows.1 is 'measured' with the median 8.0 and 2 of 3 rounds"),
    ],
)
def test_a_bad_record_is_told_with_its_place(
    tmp_path: Path, harm: Callable[[Any], None], said: str
) -> None:
    path = tmp_path / "benchmark.json"
    write_record(RECORD, path)
    values = json.loads(path.read_text())
    harm(values)
    path.write_text(json.dumps(values))
    with pytest.raises(DataError) as caught:
        read_record(path)
    assert said in str(caught.value)
    assert str(caught.value).endswith("run `dvc repro -f benchmark`")


@pytest.mark.parametrize("text", ["", "{", "[]", "\xff"])
def test_what_is_no_record_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "benchmark.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(DataError, match=r"is (no benchmark|empty)"):
        read_record(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"benchmark\.json is missing"):
        read_record(tmp_path / "benchmark.json")


# Comparing


def test_two_rows_are_compared_round_by_round() -> None:
    ratio = compare(IREE, ONNX)
    assert ratio is not None
    assert (ratio.median, ratio.low, ratio.high) == (1.5, 1.5, 1.5)


def test_rows_of_other_batches_are_not_compared() -> None:
    with pytest.raises(DataError, match="not measured side by side"):
        compare(IREE, replace(ONNX, batch=1))


def test_what_was_not_measured_has_no_ratio() -> None:
    assert compare(CUDA, ONNX) is None


def wanted(**changes: Any) -> Comparison:
    row = {"target": "iree-cpu", "batch": 256, "against": "onnx", "threshold": 1.3, "goal": 2.0}
    return Comparison.model_validate(row | changes)


@pytest.mark.parametrize(
    ("threshold", "goal", "verdict"),
    [
        (1.3, 2.0, "above the threshold"),
        (1.5, 1.5, "goal reached"),
        (1.6, 2.0, "below the threshold"),
    ],
)
def test_a_ratio_is_held_against_threshold_and_goal(
    threshold: float, goal: float, verdict: str
) -> None:
    found = comparisons.compared(wanted(threshold=threshold, goal=goal), RECORD)
    assert found.verdict == verdict
    assert found.ratio is not None
    assert found.ratio.median == 1.5, "ONNX Runtime's own row, not OpenVINO's on its file"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"target": "iree-cuda", "device": "cuda", "against_device": "cpu"},
         "iree-cuda: there is no NVIDIA driver"),
        ({"against": "iree-cuda", "against_device": "cuda"},
         "iree-cuda: there is no NVIDIA driver"),
        ({"batch": 4096}, "iree-cpu: batch 4096 was not measured; --long measures it"),
    ],
)  # fmt: skip
def test_what_was_not_measured_is_not_run_with_the_reason(
    changes: dict[str, Any], reason: str
) -> None:
    found = comparisons.compared(wanted(**changes), RECORD)
    assert (found.verdict, found.ratio, found.reason) == ("not run", None, reason)


# Tables


def printed(width: int) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(tables.terminal(RECORD, width), crop=False)
    return " ".join(capture.get().split())


def test_the_terminal_shows_ratios_loads_and_reasons() -> None:
    text = printed(100)
    for said in (
        "A CPU, 2 cores, Linux x86_64",
        "batch 256, 2 threads",
        "iree-cpu 8.00 ms 10.0 ms 32,000 1.50 (1.00 to 2.00)",
        "iree-cpu, device-resident",
        "iree-cpu 8.60 ms 7 MB 1.07 MB",
        "iree-cuda: not run: there is no NVIDIA driver",
    ):
        assert said in text


@pytest.mark.parametrize("target", ["iree-cpu-x86_64-v3", "iree-cpu-x86_64-v3-with-a-long-name"])
def test_a_terminal_of_80_columns_has_names_and_figures_whole(target: str) -> None:
    row = replace(IREE, target=target, ratio_to_onnxruntime=12.345, median_ms=1234.5)
    record = replace(RECORD, rows=[row, ONNX])
    console = Console(width=80, color_system=None)
    with console.capture() as capture:
        console.print(tables.terminal(record, 80), crop=False)
    text = capture.get()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80
    for cell in (
        *tables.cells(row),
        *(cell for each in record.loads for cell in tables.load_cells(each)),
    ):
        assert cell in text


def test_markdown_names_the_machine_and_has_the_fastest_first() -> None:
    lines = tables.markdown(RECORD).splitlines()
    assert lines[0] == "On A CPU, 2 cores, Linux x86_64:"
    assert lines[2] == (
        "| batch 256, 2 threads: runner | median | p99 | images/s | to ONNX Runtime |"
    )
    assert lines[4].startswith("| iree-cpu | 8.00 ms ")


def test_the_long_form_shows_both_thread_counts_and_the_short_one_the_usual() -> None:
    pairs = [(1, 1), (1, 4), (16, 4), (256, 1), (256, 2), (256, 4)]
    rows = [replace(IREE, batch=batch, threads=threads) for batch, threads in pairs]
    four = replace(RECORD, machine=replace(RECORD.machine, cores=4), rows=rows)
    titles = [title for title, _ in tables.shown(four)]
    assert titles == ["batch 1, 1 thread", "batch 256, 4 threads"]
    titles = [title for title, _ in tables.shown(replace(four, long=True))]
    assert len(titles) == 4
    assert "batch 256, 2 threads" not in titles


@pytest.mark.parametrize(
    ("others", "words"),
    [(None, ""), (0.01, ""), (0.3, " (others took 30% of the CPU)")],
)
def test_a_session_on_a_busy_machine_says_so(others: float | None, words: str) -> None:
    record = replace(RECORD, rows=[replace(IREE, others=others)])
    ((title, _),) = tables.shown(record)
    assert title == f"batch 256, 2 threads{words}"


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.07123, "0.0712 ms"), (1.0, "1.00 ms"), (12.34, "12.3 ms"), (1234.5, "1,230 ms")],
)
def test_times_have_three_digits(value: float, words: str) -> None:
    assert tables.milliseconds(value) == words


@pytest.mark.parametrize(("value", "words"), [(12.3, "12"), (1.319, "1.32"), (0.00312, "0.0031")])
def test_ratios_have_what_can_be_told_apart(value: float, words: str) -> None:
    assert tables.times(value) == words


# Who takes part


def variant(target: str, backend: str, driver: str | None = None) -> tuple[Variant, Path]:
    described = Variant.model_validate(
        {
            "target": target,
            "backend": backend,
            "driver": driver,
            "files": [File(path="model", bytes=1, sha256="0" * 64)],
            "sha256": "0" * 64,
            "iree_version": "3.13.0" if driver else None,
            "entry_functions": [EntryFunction(name="main", batch=-1)],
        }
    )
    return described, Path("folder")


BUILT = [
    variant("iree-cpu", "iree", "cpu"),
    variant("iree-vulkan", "iree", "vulkan"),
    variant("onnx", "onnx"),
    variant("ncnn", "ncnn"),
    variant("torchscript", "torch"),
]


def test_every_variant_takes_part_on_each_device_it_could_run_on_and_so_do_the_peers() -> None:
    assert [one.key for one in of_variants(BUILT)] == [
        ("IREE", "iree-cpu", "cpu"),
        ("IREE", "iree-vulkan", "vulkan-llvmpipe"),
        ("IREE", "iree-vulkan", "vulkan-gpu"),
        ("ONNX Runtime", "onnx", "cpu"),
        ("OpenVINO", "onnx", "cpu"),
        ("ncnn", "ncnn", "cpu"),
        ("ncnn", "ncnn", "vulkan-llvmpipe"),
        ("ncnn", "ncnn", "vulkan-gpu"),
        ("TorchScript", "torchscript", "cpu"),
        ("TorchScript", "torchscript", "cuda"),
        ("TorchScript in a CUDA graph", "torchscript", "cuda"),
    ]


def names(only: list[str], on: list[str]) -> list[str]:
    return [one.target for one in chosen(of_variants(BUILT), only, on)]


def test_the_baseline_stays_whatever_is_chosen() -> None:
    assert names(["iree-cpu"], []) == ["iree-cpu", "onnx"]
    assert names([], ["vulkan-gpu"]) == ["iree-vulkan", "onnx", "ncnn"]
    assert names(["iree-vulkan"], ["cuda"]) == ["onnx"]


def test_an_unknown_variant_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no variant 'iree-cup', did you mean 'iree-cpu'"):
        names(["iree-cup"], [])


def test_an_unknown_device_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no device 'vulcan', did you mean 'vulkan'"):
        names([], ["vulcan"])
