"""What an evaluation found: measured here, judged by floors, matched with other machines' figures.

One results file is one `Result` as JSON, whether a stage or `ludus evaluate` wrote it. The status
words are those of the whole project:

verified   run here, all images, above every floor
failed     run, and short of a floor, or broken
not run    built, and this machine cannot run it: the reason in words
attested   run elsewhere, on the very file that was built here, and above every floor

An evaluation itself only measures; its file says `measured` until `judge` holds it against the
floors. So an edited floor runs nothing again, and a refused run keeps its figures.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter

from ludus.errors import DataError
from ludus.files import read_json, write_json
from ludus.params import Gate, Machine

Status = Literal["measured", "verified", "failed", "not run", "attested"]


@dataclass(frozen=True, kw_only=True)
class Result:
    """The outcome of one evaluation. Figures are None where it was not run."""

    evaluation: str
    target: str
    device: str
    machine: str
    status: Status
    reason: str | None = None
    required: bool = False
    device_name: str | None = None  # the hardware's or driver's own name
    images: int = 0
    accuracy: float | None = None
    reference_accuracy: float | None = None
    recall: list[float] | None = None  # of each class, in label order
    agreement: float | None = None  # share of images with the reference's top class
    flipped: list[int] | None = None  # indices of the images without it
    max_abs_diff: float | None = None  # of any probability, against the reference
    confusion: list[list[int]] | None = None  # [label][answer], counts
    seconds: float | None = None
    sha256: str | None = None  # of the module
    runtime_version: str | None = None


def measure(
    probabilities: npt.NDArray[np.float32],
    labels: npt.NDArray[np.uint8],
    reference: npt.NDArray[np.float32],
) -> dict[str, Any]:
    """The figures of a run: probabilities and reference [N, classes] float32, labels [N] uint8.

    Raises DataError where the shapes do not fit, which numpy would broadcast without a word.
    """
    if probabilities.shape != reference.shape or probabilities.shape[:1] != labels.shape:
        raise DataError(
            f"probabilities {list(probabilities.shape)}, reference {list(reference.shape)} and "
            f"labels {list(labels.shape)} do not fit; expected [N, classes] twice and [N]"
        )
    answers, expected = probabilities.argmax(1), reference.argmax(1)
    classes = probabilities.shape[1]
    if labels.max(initial=0) >= classes:
        raise DataError(f"there is a label {labels.max()}, expected 0 to {classes - 1}")
    confusion = np.zeros((classes, classes), dtype=int)
    np.add.at(confusion, (labels, answers), 1)
    return {
        "images": len(labels),
        "accuracy": float((answers == labels).mean()),
        "reference_accuracy": float((expected == labels).mean()),
        "recall": [float(row[i] / max(row.sum(), 1)) for i, row in enumerate(confusion)],
        "agreement": float((answers == expected).mean()),
        "flipped": np.flatnonzero(answers != expected).tolist(),
        "max_abs_diff": float(np.abs(probabilities - reference).max()),
        "confusion": confusion.tolist(),
    }


def shortfalls(result: Result, floors: Gate) -> list[str]:
    """Where a measured result falls short of the floors, a line each; [] where nowhere."""
    figures = (result.accuracy, result.reference_accuracy, result.agreement, result.max_abs_diff)
    accuracy, reference, agreement, difference = (np.nan if f is None else f for f in figures)
    # Written as `not (good)`, so that a NaN falls short too.
    found = []
    lost = round(reference - accuracy, 9)  # 0.9925 - 0.992 is more than 0.0005 in floating point
    if not accuracy >= floors.accuracy:
        found.append(f"accuracy {accuracy:.6g} < {floors.accuracy:g}")
    if not lost <= floors.accuracy_loss:
        found.append(
            f"accuracy {lost:.6g} below the reference's, more than {floors.accuracy_loss:g}"
        )
    if not agreement >= floors.agreement:
        flips = len(result.flipped or [])
        found.append(f"agreement {agreement:.6g} < {floors.agreement:g}, {flips} images flip")
    if not difference <= floors.max_abs_diff:
        found.append(f"largest difference {difference:.3g} > {floors.max_abs_diff:g}")
    return found


def judge(result: Result, floors: Gate, images: int | None = None) -> Result:
    """Hold a measured result against the floors. What was not run, or broke, stays as it is.

    Where `images` is given, a result over fewer images than that is failed too.
    """
    if result.status != "measured":
        return result
    reasons = shortfalls(result, floors)
    if images is not None and result.images != images:
        reasons.append(f"run on {result.images} images, not on all {images}")
    status: Status = "failed" if reasons else "verified"
    return replace(result, status=status, reason="; ".join(reasons) or None)


def attest(result: Result, elsewhere: Iterable[Result], floors: Gate, images: int) -> Result:
    """For a result not run here, another machine's of the very same file, if there is one.

    It must be of the same target, device and sha256, through the same machine, over as many
    images, run without failing and above the floors; else the result stays "not run".
    """
    if result.status != "not run" or result.sha256 is None:
        return result
    wanted = (*_where(result), images)
    for other in elsewhere:
        found = (*_where(other), other.images)
        ran = other.status in ("measured", "verified")
        if found == wanted and ran and not shortfalls(other, floors):
            return replace(
                other,
                evaluation=result.evaluation,
                required=result.required,
                status="attested",
                reason=f"run on {other.device_name or other.machine}",
            )
    return result


def _where(result: Result) -> tuple[str | None, ...]:
    """What was run, on what, and through what: a machine of another name is a native one."""
    through = result.machine if result.machine in get_args(Machine) else "native"
    return result.target, result.device, result.sha256, through


def write_result(result: Result, path: Path) -> None:
    """Write a results file."""
    write_json(path, asdict(result))


def write_results(results: list[Result], path: Path) -> None:
    """Write several results to one file, in this order."""
    write_json(path, [asdict(result) for result in results])


def read_result(path: Path) -> Result:
    """Read a results file; keys it does not know are left out. Raises DataError."""
    return read_json(TypeAdapter(Result), path, "results file")


def read_results(path: Path) -> list[Result]:
    """Read what `write_results` wrote. Raises DataError."""
    return read_json(TypeAdapter(list[Result]), path, "results file")
