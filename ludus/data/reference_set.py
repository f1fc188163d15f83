"""The reference set of every evaluation: inputs, the reference's answers, and optional labels."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ludus.core.arrays import array_names, read_arrays
from ludus.core.errors import DataError

NEXT_STEP = "expected artifacts/export/reference.npz of the build (`dvc repro export`)"
# The names of the arrays in a file; drawings are stored as pictures.
DRAWINGS = {"inputs": "images", "labels": "labels", "reference": "probabilities"}
MOST_CLASSES = 100  # for which a confusion matrix is recorded
TENSORS = {"inputs": "inputs", "labels": "labels", "reference": "outputs"}


@dataclass(frozen=True, kw_only=True)
class ReferenceSet:
    """Inputs, drawings uint8 [N, size, size] or tensors float32 [N, ...], and reference answers.

    reference: float32 [N, ...]. labels: a class for each row of the reference's last dimension, so
    [N] for outputs [N, classes]; None for unlabelled inputs.
    """

    inputs: npt.NDArray[np.uint8] | npt.NDArray[np.float32]
    labels: npt.NDArray[np.integer] | None
    reference: npt.NDArray[np.float32]

    @property
    def are_drawings(self) -> bool:
        """Whether the inputs are pictures that are not normalised yet."""
        return self.inputs.dtype == np.uint8

    @property
    def classes(self) -> npt.NDArray[np.integer] | None:
        """The labels if each input has one, of at most MOST_CLASSES classes; else None."""
        one_each = self.labels is not None and self.labels.ndim == 1
        return self.labels if one_each and self.reference.shape[-1] <= MOST_CLASSES else None


def load_reference_set(path: Path) -> ReferenceSet:
    """Read what the export stage wrote. Raises DataError.

    A file of drawings has images, labels and probabilities; any other has inputs, outputs and
    perhaps labels.
    """
    there = array_names(path, NEXT_STEP)
    names = TENSORS if TENSORS["inputs"] in there else DRAWINGS
    labelled = names is DRAWINGS or names["labels"] in there
    keys = [name for part, name in names.items() if labelled or part != "labels"]
    arrays = dict(zip(keys, read_arrays(path, keys, NEXT_STEP), strict=True))
    if len(set(map(len, arrays.values()))) != 1 or len(arrays[keys[0]]) == 0:
        counts = ", ".join(f"{len(array)} {name}" for name, array in arrays.items())
        raise DataError(f"{path} has {counts}; expected as many of each")
    return ReferenceSet(
        inputs=arrays[names["inputs"]],
        labels=arrays.get(names["labels"]),
        reference=arrays[names["reference"]],
    )


def save_reference_set(tests: ReferenceSet, path: Path) -> None:
    """Write a reference set as `load_reference_set` reads it."""
    names = DRAWINGS if tests.are_drawings else TENSORS
    arrays = {name: getattr(tests, part) for part, name in names.items()}
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
