"""Labelled images with the reference's answers: what every evaluation is measured on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ludus.errors import DataError
from ludus.files import read_arrays


@dataclass(frozen=True, kw_only=True)
class TestSet:
    """Images [N, size, size] uint8, labels [N] uint8, and the reference's probabilities."""

    __test__ = False  # no class of tests, whatever pytest makes of the name

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]
    reference: npt.NDArray[np.float32]


def load_test_set(path: Path) -> TestSet:
    """Read what the export stage wrote: images, labels, probabilities. Raises DataError."""
    images, labels, reference = read_arrays(
        path,
        ["images", "labels", "probabilities"],
        "expected artifacts/export/reference.npz of the build (`dvc repro export`)",
    )
    counts = [len(images), len(labels), len(reference)]
    if len(set(counts)) != 1 or counts[0] == 0:
        raise DataError(
            f"{path} has {counts[0]} images, {counts[1]} labels and {counts[2]} rows of "
            "probabilities; expected as many of each"
        )
    return TestSet(images=images, labels=labels, reference=reference)
