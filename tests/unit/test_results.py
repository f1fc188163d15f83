"""ludus.evaluation.results: what was measured, and when it may be called verified or attested."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from ludus.core.errors import DataError
from ludus.core.types import Executor, Gate
from ludus.evaluation.executors import EXECUTORS
from ludus.evaluation.results import (
    Result,
    attest,
    judge,
    measure,
    read_result,
    read_results,
    shortfalls,
    write_result,
    write_results,
)
from support.paths import ROOT

THRESHOLDS = Gate(accuracy=0.99, accuracy_loss=0.0005, agreement=0.9999, max_abs_diff=0.001)
GOOD = Result(
    evaluation="iree-cuda",
    target="iree-cuda",
    device="cuda",
    executor="native",
    machine="linux-x86_64",
    status="measured",
    images=10_000,
    accuracy=0.9925,
    reference_accuracy=0.9925,
    agreement=1.0,
    flipped=[],
    max_abs_diff=1e-6,
    sha256="a" * 64,
)
NOT_RUN = replace(GOOD, status="not run", reason="no CUDA here", accuracy=None, images=0)
LABELS = np.array([0, 1, 1, 2], dtype=np.uint8)
EXACT = np.eye(3, dtype=np.float32)[LABELS]


def test_measure_counts_what_was_answered() -> None:
    answers = EXACT[[0, 1, 3, 3]]  # the third image, a 1, is taken for a 2
    figures = measure(answers, LABELS, EXACT)
    assert figures["images"] == 4
    assert figures["accuracy"] == 0.75
    assert figures["reference_accuracy"] == 1.0
    assert figures["recall"] == [1.0, 0.5, 1.0]
    assert figures["agreement"] == 0.75
    assert figures["flipped"] == [2]
    assert figures["max_abs_diff"] == 1.0
    assert figures["confusion"] == [[1, 0, 0], [0, 1, 1], [0, 0, 1]]


def test_measure_compares_with_the_reference_not_with_the_labels() -> None:
    wrong_reference = EXACT[[0, 1, 3, 3]]
    figures = measure(wrong_reference, LABELS, wrong_reference)
    assert (figures["accuracy"], figures["agreement"], figures["max_abs_diff"]) == (0.75, 1.0, 0.0)


def test_recall_of_a_class_without_images_is_zero() -> None:
    assert measure(EXACT[:1], LABELS[:1], EXACT[:1])["recall"] == [1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("probabilities", "reference"),
    [(EXACT, EXACT[:1]), (EXACT[:3], EXACT), (EXACT[:3], EXACT[:3]), (EXACT[:, :2], EXACT)],
)
def test_shapes_that_do_not_fit_are_refused(
    probabilities: np.ndarray, reference: np.ndarray
) -> None:
    with pytest.raises(DataError, match="do not fit"):
        measure(probabilities, LABELS, reference)


@pytest.mark.parametrize("wrong", [-1, 3])
def test_a_label_of_no_class_is_refused(wrong: int) -> None:
    with pytest.raises(DataError, match=f"labels: there is a label {wrong}, expected 0 to 2"):
        measure(EXACT, np.array([0, 1, wrong, 2]), EXACT)


def test_a_probability_that_is_nan_fails() -> None:
    broken = EXACT.copy()
    broken[1, 0] = np.nan
    figures = measure(broken, LABELS, EXACT)
    result = replace(GOOD, **figures)  # type: ignore[arg-type]
    assert "largest difference nan > 0.001" in shortfalls(result, THRESHOLDS)


def test_a_result_within_every_threshold_is_verified() -> None:
    assert judge(GOOD, THRESHOLDS, 10_000) == replace(GOOD, status="verified")


@pytest.mark.parametrize(
    "changes",
    [
        {"accuracy": 0.99, "reference_accuracy": 0.99},
        {"accuracy": 0.992, "reference_accuracy": 0.9925},
        {"agreement": 0.9999, "flipped": [7]},
        {"max_abs_diff": 0.001},
    ],
)
def test_a_figure_exactly_on_its_threshold_is_verified(changes: dict[str, float]) -> None:
    assert judge(replace(GOOD, **changes), THRESHOLDS).status == "verified"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"accuracy": 0.9899, "reference_accuracy": 0.9899}, "accuracy 0.9899 < 0.99"),
        ({"accuracy": 0.9919}, "accuracy 0.0006 below the reference's, more than 0.0005"),
        (
            {"agreement": 0.9998, "flipped": [7, 9]},
            "agreement 0.9998 < 0.9999, 2 images flip",
        ),
        ({"max_abs_diff": 0.00104}, "largest difference 0.00104 > 0.001"),
        ({"images": 100}, "run on 100 images, not on all 10000"),
        ({"accuracy": float("nan")}, "accuracy nan < 0.99; accuracy nan below the reference's"),
        ({"accuracy": None}, "no accuracy, and its threshold is 0.99"),
        ({"agreement": None}, "agreement nan"),
        ({"max_abs_diff": None}, "largest difference nan"),
    ],
)
def test_each_threshold_not_met_fails_and_is_named(changes: dict[str, float], reason: str) -> None:
    judged = judge(replace(GOOD, **changes), THRESHOLDS, 10_000)  # type: ignore[arg-type]
    assert judged.status == "failed"
    assert judged.reason is not None
    assert judged.reason.startswith(reason)


def test_every_threshold_not_met_is_named_at_once() -> None:
    bad = replace(GOOD, accuracy=0.5, agreement=0.5, max_abs_diff=0.5)
    assert len(shortfalls(bad, THRESHOLDS)) == 4


@pytest.mark.parametrize("status", ["failed", "not run"])
def test_what_broke_or_was_not_run_is_not_judged_by_its_figures(status: str) -> None:
    result = replace(GOOD, status=status, reason="it broke")  # type: ignore[arg-type]
    assert judge(result, THRESHOLDS) == result


def test_the_same_file_run_elsewhere_attests() -> None:
    elsewhere = replace(GOOD, evaluation="gpu", machine="gpu-box", device_name="NVIDIA H200")
    row = attest(replace(NOT_RUN, required=True), [elsewhere], THRESHOLDS, 10_000)
    assert (row.status, row.reason) == ("attested", "run on NVIDIA H200")
    assert (row.evaluation, row.machine, row.accuracy) == ("iree-cuda", "gpu-box", 0.9925)
    assert row.required


@pytest.mark.parametrize(
    "changes",
    [
        {"sha256": "b" * 64},
        {"sha256": None},
        {"target": "iree-vulkan"},
        {"device": "vulkan-gpu"},
        {"executor": "godot"},
        {"images": 100},
        {"status": "failed"},
        {"status": "not run"},
        {"status": "attested"},
    ],
)
def test_anything_but_the_same_file_run_well_does_not_attest(changes: dict[str, str]) -> None:
    elsewhere = replace(GOOD, **changes)  # type: ignore[arg-type]
    assert attest(NOT_RUN, [elsewhere], THRESHOLDS, 10_000) == NOT_RUN


def test_an_attestation_outside_a_threshold_does_not_count_and_the_row_says_which() -> None:
    elsewhere = replace(GOOD, accuracy=0.5, device_name="NVIDIA H200")
    row = attest(NOT_RUN, [elsewhere], THRESHOLDS, 10_000)
    assert row.status == "not run"
    assert str(row.reason).startswith(
        f"{NOT_RUN.reason}; an attestation by NVIDIA H200 does not count: accuracy 0.5"
    )
    assert attest(NOT_RUN, [elsewhere, GOOD], THRESHOLDS, 10_000).status == "attested"


def test_what_was_run_in_the_engine_is_attested_by_what_was_run_in_the_engine_alone() -> None:
    here, there = replace(NOT_RUN, executor="godot"), replace(GOOD, executor="godot")
    assert attest(here, [there], THRESHOLDS, 10_000).status == "attested"
    for machine in ("native", "h200", "godot", "godot-pck"):
        assert attest(here, [replace(GOOD, machine=machine)], THRESHOLDS, 10_000) == here


@pytest.mark.parametrize("executor", EXECUTORS)
def test_what_an_executor_ran_attests_no_other(executor: Executor) -> None:
    ran = replace(GOOD, executor=executor)
    attested = [
        name
        for name in EXECUTORS
        if attest(replace(NOT_RUN, executor=name), [ran], THRESHOLDS, 10_000).status == "attested"
    ]
    assert attested == [executor]


@pytest.mark.parametrize("label", EXECUTORS)
def test_the_label_of_a_machine_proves_nothing(label: str) -> None:
    labelled = replace(GOOD, machine=label)
    for executor in EXECUTORS:
        row = attest(replace(NOT_RUN, executor=executor), [labelled], THRESHOLDS, 10_000)
        assert (row.status == "attested") is (executor == "native")


def test_a_result_without_a_file_of_its_own_is_not_attested() -> None:
    unbuilt = replace(NOT_RUN, sha256=None)
    assert attest(unbuilt, [replace(GOOD, sha256=None)], THRESHOLDS, 10_000) == unbuilt


@pytest.mark.parametrize("status", ["verified", "failed"])
def test_what_was_run_here_is_not_replaced_by_another_machine(status: str) -> None:
    here = replace(GOOD, status=status)  # type: ignore[arg-type]
    assert attest(here, [GOOD], THRESHOLDS, 10_000) == here


def test_a_results_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_result(GOOD, tmp_path / "one.json")
    assert read_result(tmp_path / "one.json") == GOOD
    write_results([GOOD, NOT_RUN], tmp_path / "many.json")
    assert read_results(tmp_path / "many.json") == [GOOD, NOT_RUN]


# Files from before `executor`

OLD_RUNS = [  # label, device_name, runtime_version, who ran it
    ("native", "AMD EPYC", "3.13.0", "native"),
    ("h200", "NVIDIA H200", "3.13.0", "native"),
    ("triton", "AMD EPYC", "3.13.0", "native"),
    ("triton", "AMD EPYC", "3.13.0 in Triton", "triton"),
    ("godot", "NVIDIA H200", "3.13.0", "native"),
    ("godot", "NVIDIA H200", "3.13.0 in Godot 4.6.3", "godot"),
    ("godot-pck", "NVIDIA H200", "3.13.0", "native"),
    ("godot-pck", "NVIDIA H200", "3.13.0 in Godot 4.6.3", "godot-pck"),
    ("own-runtime", "AMD EPYC", "3.9.0", "native"),
    ("own-runtime", "AMD EPYC", "iree-base-runtime 3.9.0", "own-runtime"),
    ("own-runtime", "AMD EPYC", "iree-runtime 20240828.999", "own-runtime"),
    ("own-runtime", "AMD EPYC", "shortfin 3.9.0", "own-runtime"),
    ("wine", "AMD EPYC", "3.13.0", "native"),
    ("wine", "x86_64 by wine-8.0, on AMD EPYC", "3.13.0", "wine"),
    ("qemu-aarch64", "AMD EPYC", "3.13.0", "native"),
    ("qemu-aarch64", "aarch64 by qemu-aarch64 version 7.2, on AMD EPYC", "3.13.0", "qemu-aarch64"),
    ("qemu-riscv64", "AMD EPYC", "3.13.0", "native"),
    ("qemu-riscv64", "riscv64 by qemu-riscv64 version 7.2, on AMD EPYC", "3.13.0", "qemu-riscv64"),
]


def write_old(path: Path, **values: object) -> None:
    """A file as it was before `executor`."""
    old = {key: value for key, value in (asdict(GOOD) | values).items() if key != "executor"}
    path.write_text(json.dumps(old))


@pytest.mark.parametrize(("label", "device", "version", "ran_by"), OLD_RUNS)
def test_an_old_file_was_run_by_what_it_proves_and_not_by_what_it_is_labelled(
    tmp_path: Path, label: str, device: str, version: str, ran_by: str
) -> None:
    path = tmp_path / "old.json"
    write_old(path, machine=label, device_name=device, runtime_version=version)
    found = read_result(path)
    assert (found.executor, found.machine) == (ran_by, label)


def test_every_executor_has_a_case_of_an_old_file() -> None:
    assert {ran_by for *_, ran_by in OLD_RUNS} == set(EXECUTORS)


@pytest.mark.parametrize("label", EXECUTORS)
def test_an_old_file_of_what_was_not_run_is_of_the_executor_that_was_asked(
    tmp_path: Path, label: str
) -> None:
    write_old(tmp_path / "old.json", machine=label, status="not run", reason="no")
    assert read_result(tmp_path / "old.json").executor == label


@pytest.mark.parametrize(
    ("label", "version"),
    [("h200", "3.13.0 in Godot 4.6.3"), ("godot", "3.13.0 in Triton"), ("native", "shortfin 3")],
)
def test_an_old_file_that_contradicts_its_label_is_refused(
    tmp_path: Path, label: str, version: str
) -> None:
    path = tmp_path / "old.json"
    write_old(path, machine=label, runtime_version=version)
    with pytest.raises(DataError, match="executor: input should be 'native', "):
        read_result(path)


@pytest.mark.parametrize("executor", ["h200", "", None, 1])
def test_an_executor_that_there_is_not_is_refused(tmp_path: Path, executor: object) -> None:
    path = tmp_path / "one.json"
    path.write_text(json.dumps(asdict(GOOD) | {"executor": executor}))
    with pytest.raises(DataError, match="executor: input should be 'native', "):
        read_result(path)


@pytest.mark.parametrize(
    ("file", "executor"),
    [
        ("godot-cuda-h200.json", "godot"),
        ("godot-vulkan-gpu-h200.json", "godot"),
        ("iree-cuda-h200.json", "native"),
        ("iree-vulkan-gpu-h200.json", "native"),
    ],
)
def test_the_attestations_that_there_are_are_read_as_what_they_were(
    file: str, executor: str
) -> None:
    assert read_result(ROOT / "attestations" / file).executor == executor


def test_a_later_versions_key_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    write_result(GOOD, path)
    path.write_text(path.read_text().replace("{", '{"weather": "fine",', 1))
    assert read_result(path) == GOOD


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no results file: Invalid JSON"),
        ("[]", "is no results file"),
        ('{"evaluation": "x"}', "target: field required"),
        (None, "is missing"),
    ],
)
def test_a_file_that_is_no_results_file_is_refused(
    tmp_path: Path, text: str | None, message: str
) -> None:
    path = tmp_path / "one.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        read_result(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        ('"measured"', '"splendid"', "status: input should be"),
        ("0.9925", '"high"', "accuracy: input should be a valid number"),
        ("0.9925", '"0.9925"', "accuracy: input should be a valid number"),
        ("10000", '"all"', "images: input should be a valid integer"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(
    tmp_path: Path, good: str, bad: str, message: str
) -> None:
    path = tmp_path / "one.json"
    write_result(GOOD, path)
    path.write_text(path.read_text().replace(good, bad, 1))
    with pytest.raises(DataError, match=message):
        read_result(path)


def test_a_figure_that_is_no_number_survives_the_file(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    write_result(replace(GOOD, max_abs_diff=float("nan")), path)
    assert judge(read_result(path), THRESHOLDS).reason == "largest difference nan > 0.001"


# Networks of another form


def test_of_several_positions_each_is_an_answer() -> None:
    reference = np.eye(3, dtype=np.float32)[[[0, 1], [2, 2], [1, 0]]]  # [3 inputs, 2, 3]
    outputs = reference.copy()
    outputs[1, 0] = [1, 0, 0]
    figures = measure(outputs, None, reference)
    assert figures["agreement"] == pytest.approx(5 / 6)
    assert figures["flipped"] == [1]
    assert figures["images"] == 3


def test_labels_of_several_positions_give_accuracy_and_no_confusion() -> None:
    reference = np.eye(3, dtype=np.float32)[[[0, 1], [2, 2]]]
    figures = measure(reference, np.array([[0, 1], [2, 0]]), reference)
    assert figures["accuracy"] == figures["reference_accuracy"] == 0.75
    assert "confusion" not in figures


def test_one_number_an_input_agrees_always_and_differs_as_it_does() -> None:
    reference = np.array([1.0, 2.0, 3.0], dtype=np.float32)
    figures = measure(reference + np.float32(0.5), None, reference)
    assert (figures["images"], figures["agreement"], figures["max_abs_diff"]) == (3, 1.0, 0.5)


def test_what_has_too_many_classes_has_no_confusion() -> None:
    reference = np.eye(101, dtype=np.float32)
    figures = measure(reference, np.arange(101), reference)
    assert figures["accuracy"] == 1
    assert "confusion" not in figures


def test_without_labels_agreement_and_difference_judge() -> None:
    unlabelled = replace(GOOD, accuracy=None, reference_accuracy=None)
    thresholds = THRESHOLDS.model_copy(update={"accuracy": 0.0})
    assert judge(unlabelled, thresholds).status == "verified"
    assert judge(replace(unlabelled, agreement=0.5), thresholds).status == "failed"
    assert judge(replace(unlabelled, max_abs_diff=0.1), thresholds).status == "failed"


def test_a_threshold_of_accuracy_is_not_met_by_having_none() -> None:
    unlabelled = replace(GOOD, accuracy=None, reference_accuracy=None)
    assert judge(unlabelled, THRESHOLDS).status == "failed"
