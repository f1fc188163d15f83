"""The splits that the prepare stage writes: data/prepared/{train,validation,test}.npz."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from ludus.core.arrays import read_arrays
from ludus.core.errors import DataError

AGAIN = "run `dvc repro prepare`"

Bytes = npt.NDArray[np.uint8]


def read_split(path: Path) -> tuple[Bytes, Bytes]:
    """images uint8 [N, height, width] and labels uint8 [N] of one split. Raises DataError."""
    images, labels = read_arrays(path, ("images", "labels"), AGAIN)
    for name, array, rank in (("images", images, 3), ("labels", labels, 1)):
        if array.dtype != np.uint8 or array.ndim != rank:
            got = f"{array.dtype} of shape {list(array.shape)}"
            raise DataError(f"{path}: {name} are {got}, expected uint8 of rank {rank}; {AGAIN}")
    if len(images) != len(labels) or len(labels) < 2:
        raise DataError(f"{path} has {len(images)} images and {len(labels)} labels; {AGAIN}")
    return images, labels
