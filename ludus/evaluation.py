"""Runs a variant over labelled images and measures it against the reference."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ludus import backends, devices
from ludus.errors import DataError, LudusError
from ludus.images import normalise
from ludus.manifest import Preprocess, Variant
from ludus.results import Result, measure

# Images between two steps of the progress bar; divisible by every batch that is compiled.
CHUNK = 256


@dataclass(frozen=True, kw_only=True)
class TestSet:
    """Images [N, size, size] uint8, labels [N] uint8, and the reference's probabilities."""

    __test__ = False  # no class of tests, whatever pytest makes of the name

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]
    reference: npt.NDArray[np.float32]


def load_test_set(path: Path) -> TestSet:
    """Read what the export stage wrote: images, labels, probabilities. Raises DataError."""
    try:
        # Opened here: np.load of numpy 2 leaves a broken file open.
        with path.open("rb") as file:
            arrays = np.lib.npyio.NpzFile(file)
            found = TestSet(
                images=arrays["images"],
                labels=arrays["labels"],
                reference=arrays["probabilities"],
            )
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise DataError(
            f"{path} cannot be read as images, labels and probabilities: {error}; expected "
            "artifacts/export/reference.npz of the build"
        ) from None
    counts = [len(found.images), len(found.labels), len(found.reference)]
    if len(set(counts)) != 1 or counts[0] == 0:
        raise DataError(
            f"{path} has {counts[0]} images, {counts[1]} labels and {counts[2]} rows of "
            "probabilities; expected as many of each"
        )
    return found


def evaluate(
    variant: Variant,
    folder: Path,
    device: str,
    tests: TestSet,
    how: Preprocess,
    *,
    evaluation: str,
    machine: str,
) -> Result:
    """Run a variant over all images on a device.

    evaluation, machine: names for the result, which is "measured", "failed" where the run broke,
    or "not run" with the reason. Raises DataError for images of another size.
    """
    size = (how.size, how.size)
    if tests.images.shape[1:] != size:
        raise DataError(f"the images are {tests.images.shape[1:]} pixels, expected {size}")
    reason = backends.why_not(variant, device)
    result = Result(
        evaluation=evaluation,
        target=variant.target,
        device=device,
        machine=machine,
        status="not run",
        reason=reason,
        sha256=variant.sha256,
    )
    if reason is not None:
        return result
    result = replace(
        result,
        device_name=devices.open_device(device)[1],
        runtime_version=backends.backend(variant.backend).runtime_version(),
    )
    try:
        run = backends.load(variant, folder, device)
        run(normalise(tests.images[:1], how))  # first use: memory, kernels, caches
        answers, seconds = _run_all(run, tests.images, how, evaluation)
    except (LudusError, RuntimeError, ValueError, IndexError) as error:
        return replace(result, status="failed", reason=f"broke: {error}")
    figures = measure(answers, tests.labels, tests.reference)
    return replace(result, status="measured", seconds=seconds, **figures)


def _run_all(
    run: backends.Run, images: npt.NDArray[np.uint8], how: Preprocess, title: str
) -> tuple[npt.NDArray[np.float32], float]:
    """All answers [N, classes], and the seconds spent in the runtime."""
    answers, seconds = [], 0.0
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task(title, total=len(images))
        for start in range(0, len(images), CHUNK):
            part = normalise(images[start : start + CHUNK], how)
            began = time.perf_counter()
            answers.append(run(part))
            seconds += time.perf_counter() - began
            progress.advance(task, len(part))
    return np.concatenate(answers), seconds
