"""Results of evaluations: measured here, judged by thresholds, attested by other machines.

A results file is one `Result` as JSON, whether a stage or `ludus evaluate` wrote it. The status
words are those of the whole project:

verified   run here, all images, within every threshold
failed     run, and outside a threshold, or broken
not run    built, and this machine cannot run it, with the reason
attested   run elsewhere, by the same executor, on the very file that was built here, and within
           every threshold

An evaluation only measures; its file says `measured` until `judge` compares it with the thresholds.
So an edited threshold runs nothing again, and a refused run keeps its figures.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter

from ludus.core.errors import DataError
from ludus.core.files import read_json, write_json
from ludus.core.types import Executor, Gate
from ludus.data.reference_set import MOST_CLASSES
from ludus.evaluation import old_results

Status = Literal["measured", "verified", "failed", "not run", "attested"]
# The kind of failure, which decides the next step: the executor is broken; the run ended in an
# error; a threshold was not met.
Failure = Literal["executor", "run", "thresholds"]


@dataclass(frozen=True, kw_only=True)
class Result:
    """The outcome of one evaluation. Figures are None if it was not run."""

    evaluation: str
    target: str
    device: str
    executor: Executor  # as the executor itself says; if not run, the one asked for
    status: Status
    reason: str | None = None
    failure: Failure | None = None
    required: bool = False
    machine: str | None = None  # a label of the machine that it was run on: free text
    device_name: str | None = None  # the hardware's or driver's own name
    images: int = 0
    accuracy: float | None = None  # None too for unlabelled inputs
    reference_accuracy: float | None = None
    recall: list[float] | None = None  # of each class, in label order
    agreement: float | None = None  # share of answers that equal the reference's
    flipped: list[int] | None = None  # indices of the inputs with another answer
    max_abs_diff: float | None = None  # of any output, against the reference
    confusion: list[list[int]] | None = None  # [label][answer], counts
    seconds: float | None = None
    sha256: str | None = None  # of the module
    runtime_version: str | None = None


def measure(
    outputs: npt.NDArray[np.float32],
    labels: npt.NDArray[np.integer] | None,
    reference: npt.NDArray[np.float32],
) -> dict[str, Any]:
    """The figures of a run: outputs and reference float32 [N, ..., classes], labels [N, ...].

    An answer is the top class along the last dimension, at every position; an input flips if any of
    its answers differs from the reference's. Raises DataError if the shapes do not fit, since numpy
    would broadcast silently.
    """
    rows = reference.shape[:-1] or reference.shape
    if outputs.shape != reference.shape or (labels is not None and labels.shape != rows):
        found = "none" if labels is None else list(labels.shape)
        raise DataError(
            f"outputs {list(outputs.shape)}, reference {list(reference.shape)} and labels {found} "
            "do not fit; expected [N, ..., classes] twice and [N, ...]"
        )
    if reference.ndim == 1:  # one number for each input
        outputs, reference = outputs[:, None], reference[:, None]
    answers, expected = outputs.argmax(-1), reference.argmax(-1)
    differ = (answers != expected).reshape(len(reference), -1)
    return {
        "images": len(reference),
        "agreement": float((answers == expected).mean()),
        "flipped": np.flatnonzero(differ.any(axis=1)).tolist(),
        "max_abs_diff": float(np.abs(outputs - reference).max()),
        **({} if labels is None else _against_labels(answers, expected, labels, reference)),
    }


def _against_labels(
    answers: npt.NDArray[np.intp],
    expected: npt.NDArray[np.intp],
    labels: npt.NDArray[np.integer],
    reference: npt.NDArray[np.float32],
) -> dict[str, Any]:
    """Accuracy; also recall and confusion if each input has one label, of at most MOST_CLASSES."""
    classes = reference.shape[-1]
    if labels.min(initial=0) < 0 or labels.max(initial=0) >= classes:
        wrong = labels[(labels < 0) | (labels >= classes)][0]
        raise DataError(f"labels: there is a label {wrong}, expected 0 to {classes - 1}")
    figures: dict[str, Any] = {
        "accuracy": float((answers == labels).mean()),
        "reference_accuracy": float((expected == labels).mean()),
    }
    if labels.ndim == 1 and classes <= MOST_CLASSES:
        confusion = np.zeros((classes, classes), dtype=int)
        np.add.at(confusion, (labels, answers), 1)
        figures["recall"] = [float(row[i] / max(row.sum(), 1)) for i, row in enumerate(confusion)]
        figures["confusion"] = confusion.tolist()
    return figures


def shortfalls(result: Result, thresholds: Gate) -> list[str]:
    """One line for each threshold that a measured result does not meet; else []."""
    found = _accuracy_shortfalls(result, thresholds)
    agreement, difference = (
        np.nan if figure is None else figure for figure in (result.agreement, result.max_abs_diff)
    )
    # Written as `not (good)`, so that NaN is outside too.
    if not agreement >= thresholds.agreement:
        flips = len(result.flipped or [])
        found.append(f"agreement {agreement:.6g} < {thresholds.agreement:g}, {flips} images flip")
    if not difference <= thresholds.max_abs_diff:
        found.append(f"largest difference {difference:.3g} > {thresholds.max_abs_diff:g}")
    return found


def _accuracy_shortfalls(result: Result, thresholds: Gate) -> list[str]:
    """The lines for accuracy; without labels there is none, and only a threshold of 0 is met."""
    if result.accuracy is None or result.reference_accuracy is None:
        if thresholds.accuracy == 0:
            return []
        asked = f"its threshold is {thresholds.accuracy:g}: 0 where nothing is labelled"
        return [f"no accuracy, and {asked}"]
    found = []
    # 0.9925 - 0.992 is more than 0.0005 in floating point
    lost = round(result.reference_accuracy - result.accuracy, 9)
    if not result.accuracy >= thresholds.accuracy:
        found.append(f"accuracy {result.accuracy:.6g} < {thresholds.accuracy:g}")
    if not lost <= thresholds.accuracy_loss:
        found.append(
            f"accuracy {lost:.6g} below the reference's, more than {thresholds.accuracy_loss:g}"
        )
    return found


def judge(result: Result, thresholds: Gate, images: int | None = None) -> Result:
    """Compare a measured result with the thresholds; one that was not run or broke is unchanged.

    If `images` is given, a result over fewer images is failed too.
    """
    if result.status != "measured":
        return result
    reasons = shortfalls(result, thresholds)
    if images is not None and result.images != images:
        reasons.append(f"run on {result.images} images, not on all {images}")
    status: Status = "failed" if reasons else "verified"
    return replace(
        result,
        status=status,
        reason="; ".join(reasons) or None,
        failure="thresholds" if reasons else None,
    )


def attest(result: Result, elsewhere: Iterable[Result], thresholds: Gate, images: int) -> Result:
    """For a result not run here, another machine's result of the very same file, if any.

    It must be of the same target, device and sha256, run by the same executor over as many images,
    without failing and within the thresholds; else the result stays "not run", and its reason says
    where only a threshold is missed.
    """
    if result.status != "not run" or result.sha256 is None:
        return result
    wanted = (*_where(result), images)
    for other in elsewhere:
        found = (*_where(other), other.images)
        ran = other.status in ("measured", "verified")
        if found != wanted or not ran:
            continue
        if missed := shortfalls(other, thresholds):
            by = other.device_name or other.machine or other.device
            reason = f"{result.reason}; an attestation by {by} does not count: {'; '.join(missed)}"
            result = replace(result, reason=reason)
        else:
            return replace(
                other,
                evaluation=result.evaluation,
                required=result.required,
                status="attested",
                reason=f"run on {other.device_name or other.machine or other.device}",
            )
    return result


def _where(result: Result) -> tuple[str | None, ...]:
    """The target, device, file and executor of a result."""
    return result.target, result.device, result.sha256, result.executor


def write_result(result: Result, path: Path) -> None:
    """Write a results file."""
    write_json(path, asdict(result))


def write_results(results: list[Result], path: Path) -> None:
    """Write several results to one file, in this order."""
    write_json(path, [asdict(result) for result in results])


def read_result(path: Path) -> Result:
    """Read a results file, an old one too; unknown keys are left out. Raises DataError."""
    return read_json(TypeAdapter(Result), path, "results file", upgrade=old_results.upgrade)


def read_results(path: Path) -> list[Result]:
    """Read what `write_results` wrote. Raises DataError."""
    return read_json(TypeAdapter(list[Result]), path, "results file", upgrade=old_results.upgrade)
