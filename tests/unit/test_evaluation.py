"""Evaluations: what is measured, what cannot be run here, and what breaks."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ludus.bundle.reader import Bundle, read_bundle
from ludus.core.errors import DataError, DeviceError, ToolError
from ludus.data.reference_set import ReferenceSet
from ludus.evaluation.executors import EXECUTORS, ExecutorError, native
from ludus.evaluation.results import Result, judge
from ludus.evaluation.run import evaluate
from support.paths import BUNDLE
from support.reference_sets import repeated


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return read_bundle(BUNDLE)


@pytest.fixture
def tests(bundle: Bundle) -> ReferenceSet:
    """300 images: more than one step of the progress bar."""
    return repeated(bundle)


def run(bundle: Bundle, tests: ReferenceSet, device: str = "cpu") -> Result:
    return evaluate(
        bundle.variant("iree-vmvx"),
        BUNDLE,
        device,
        tests,
        bundle.manifest,
        evaluation="e",
        machine="triton",
    )


def test_all_images_are_measured(bundle: Bundle, tests: ReferenceSet) -> None:
    result = run(bundle, tests)
    assert (result.status, result.images, result.accuracy) == ("measured", 300, 1.0)
    assert result.max_abs_diff is not None
    assert result.max_abs_diff < 1e-5
    assert result.seconds is not None
    assert result.seconds > 0
    assert result.sha256 == bundle.variant("iree-vmvx").sha256
    assert result.runtime_version
    assert result.device_name
    assert (result.executor, result.machine) == ("native", "triton")
    assert judge(result, bundle.manifest.floors).status == "verified"


def test_the_executor_of_a_result_is_what_ran_it_whatever_was_asked_for(
    bundle: Bundle, tests: ReferenceSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(EXECUTORS, "triton", native.__name__)
    result = evaluate(
        bundle.variant("iree-vmvx"), BUNDLE, "cpu", tests, bundle.manifest,
        evaluation="e", executor="triton",
    )  # fmt: skip
    assert (result.status, result.executor) == ("measured", "native")


def test_a_wrong_label_costs_accuracy_and_a_wrong_reference_agreement(
    bundle: Bundle, tests: ReferenceSet
) -> None:
    labels, reference = tests.labels.copy(), tests.reference.copy()
    labels[0] = 5
    reference[1] = reference[1][::-1]
    result = run(bundle, replace(tests, labels=labels, reference=reference))
    assert result.accuracy == pytest.approx(299 / 300)
    assert result.flipped == [1]
    assert judge(result, bundle.manifest.floors).status == "failed"


def test_what_cannot_run_here_says_why_and_has_no_figures(
    bundle: Bundle, tests: ReferenceSet
) -> None:
    result = run(bundle, tests, device="cuda")
    assert result.status == "not run"
    assert result.reason == "it is built for the driver 'cpu', not for 'cuda'"
    assert result.failure is None
    assert result.accuracy is None
    assert result.sha256 == bundle.variant("iree-vmvx").sha256, "so that it can be attested"


@pytest.mark.parametrize("error", [RuntimeError("lost"), ValueError("lost"), DeviceError("lost")])
def test_a_run_that_breaks_is_failed_and_says_why(
    bundle: Bundle, tests: ReferenceSet, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken(images: Any) -> Any:
        raise error

    monkeypatch.setattr("ludus.runtimes.load", lambda *_: broken)
    result = run(bundle, tests)
    assert (result.status, result.reason, result.accuracy) == ("failed", "broke: lost", None)
    assert result.failure == "run"


def test_an_executor_that_breaks_in_the_run_is_no_result(
    bundle: Bundle, tests: ReferenceSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Any:
        raise ExecutorError("killed")

    monkeypatch.setattr(native, "run", broken)
    with pytest.raises(ExecutorError, match="killed"):
        run(bundle, tests)


@pytest.mark.parametrize("function", ["why_not", "describe"])
@pytest.mark.parametrize(
    "error", [ExecutorError("lost"), ToolError("lost"), DeviceError("lost"), RuntimeError("lost")]
)
def test_an_executor_that_cannot_say_what_it_is_is_not_run(
    bundle: Bundle,
    tests: ReferenceSet,
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    error: Exception,
) -> None:
    def broken(*_: object) -> Any:
        raise error

    monkeypatch.setattr(native, function, broken)
    result = run(bundle, tests)
    assert (result.status, result.reason) == ("not run", "the executor is broken: lost")
    assert result.failure == "executor"
    assert result.sha256 == bundle.variant("iree-vmvx").sha256, "so that it can be attested"


def test_answers_that_are_no_numbers_are_measured_and_fall_short(
    bundle: Bundle, tests: ReferenceSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(images: Any) -> Any:
        return np.full((len(images), 10), np.nan, dtype=np.float32)

    monkeypatch.setattr("ludus.runtimes.load", lambda *_: nothing)
    assert judge(run(bundle, tests), bundle.manifest.floors).status == "failed"


def test_too_few_answers_are_refused(
    bundle: Bundle, tests: ReferenceSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ludus.runtimes.load", lambda *_: lambda images: images[:1, 0, 0, :10])
    with pytest.raises(DataError, match="do not fit"):
        run(bundle, tests)


def test_an_interrupt_is_no_result(
    bundle: Bundle, tests: ReferenceSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(images: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("ludus.runtimes.load", lambda *_: interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(bundle, tests)
