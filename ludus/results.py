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

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from ludus.errors import DataError
from ludus.params import Gate

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
) -> dict[str, object]:
    """The figures of a run: probabilities and reference [N, classes] float32, labels [N] uint8."""
    answers, expected = probabilities.argmax(1), reference.argmax(1)
    classes = probabilities.shape[1]
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
    if not accuracy >= floors.accuracy:
        found.append(f"accuracy {accuracy:.4f} < {floors.accuracy}")
    if not reference - accuracy <= floors.accuracy_loss:
        found.append(f"accuracy {reference - accuracy:.4f} lost, more than {floors.accuracy_loss}")
    if not agreement >= floors.agreement:
        flips = len(result.flipped or [])
        found.append(f"agreement {agreement:.4f} < {floors.agreement}, {flips} images flip")
    if not difference <= floors.max_abs_diff:
        found.append(f"largest difference {difference:.1e} > {floors.max_abs_diff:.0e}")
    return found


def judge(result: Result, floors: Gate) -> Result:
    """Hold a measured result against the floors. What was not run, or broke, stays as it is."""
    if result.status != "measured":
        return result
    reasons = shortfalls(result, floors)
    status: Status = "failed" if reasons else "verified"
    return replace(result, status=status, reason="; ".join(reasons) or None)


def attest(result: Result, elsewhere: Iterable[Result], floors: Gate, images: int) -> Result:
    """For a result not run here, another machine's of the very same file, if there is one.

    It must be of the same target, device and sha256, over as many images, and above the floors;
    else the result stays "not run".
    """
    if result.status != "not run" or result.sha256 is None:
        return result
    wanted = (result.target, result.device, result.sha256, images)
    for other in elsewhere:
        found = (other.target, other.device, other.sha256, other.images)
        if found == wanted and not shortfalls(other, floors):
            return replace(
                other,
                evaluation=result.evaluation,
                required=result.required,
                status="attested",
                reason=f"run on {other.device_name or other.machine}",
            )
    return result


def write_result(result: Result, path: Path) -> None:
    """Write a results file: JSON, sorted keys."""
    path.write_text(json.dumps(asdict(result), indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read_result(path: Path) -> Result:
    """Read a results file. Raises DataError."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        known = {field.name for field in fields(Result)}
        return Result(**{key: value for key, value in values.items() if key in known})
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is no results file: {error}") from None
