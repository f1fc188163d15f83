"""The one reader of .npz files: arrays by name, none of them a pickle."""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from ludus.core.errors import DataError
from ludus.core.files import file_fault

# zipfile raises RuntimeError and NotImplementedError for encryption and unknown compression.
BROKEN = (
    OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error, MemoryError, RuntimeError,
    NotImplementedError,
)  # fmt: skip


def read_arrays(path: Path, keys: Sequence[str], next_step: str) -> list[npt.NDArray[Any]]:
    """The arrays of these names in an .npz file. Raises DataError, which ends with next_step."""
    expected = " with " + " and ".join(f"'{key}'" for key in keys)
    with _archive(path, expected, next_step) as arrays:
        return [arrays[key] for key in keys]


def array_names(path: Path, next_step: str) -> list[str]:
    """The names of the arrays in an .npz file. Raises DataError, which ends with next_step."""
    with _archive(path, "", next_step) as arrays:
        return list(arrays.files)


@contextmanager
def _archive(path: Path, expected: str, next_step: str) -> Iterator[np.lib.npyio.NpzFile]:
    if fault := file_fault(path):
        raise DataError(f"{path} {fault}; {next_step}")
    try:
        # Opened here, since np.load of numpy 2, given a path that is no archive, leaves it open.
        with path.open("rb") as file:
            yield np.lib.npyio.NpzFile(file)
    except BROKEN as error:
        raise DataError(f"{path} is no .npz file{expected}: {error}; {next_step}") from None
