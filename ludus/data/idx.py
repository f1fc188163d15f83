"""IDX files, the format of MNIST: a header of big-endian numbers, then the array's bytes.

The header is two zero bytes, the element type (8: uint8, the only one here), the number of
dimensions, and each dimension as a uint32. Source: LeCun's description of the MNIST files.
"""

import math
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ludus.core.errors import DataError
from ludus.core.files import file_fault

UINT8 = 8


def read_idx(path: Path) -> npt.NDArray[np.uint8]:
    """The array of an IDX file, uint8 of the header's shape. Raises DataError if it is corrupt."""
    if fault := file_fault(path):
        raise DataError(f"{path} {fault}")
    content = path.read_bytes()
    if len(content) < 4:
        raise DataError(f"{path} is truncated: got {len(content)} bytes, expected an IDX header")
    zeros, kind, dimensions = struct.unpack_from(">HBB", content)
    if zeros != 0 or kind != UINT8 or dimensions == 0:
        raise DataError(
            f"{path} is no IDX file of uint8: it starts with {content[:4].hex()}, "
            "expected 000008 and the number of dimensions"
        )
    header = 4 + 4 * dimensions
    if len(content) < header:
        raise DataError(f"{path} is truncated: got {len(content)} bytes, its header has {header}")
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    expected = header + math.prod(shape)  # Python's integers: a corrupt header may claim any size
    if len(content) != expected:
        sizes = " x ".join(map(str, shape))
        raise DataError(
            f"{path} has {len(content):,} bytes; expected {expected:,}, as its header says {sizes}"
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def write_idx(path: Path, array: npt.NDArray[np.uint8]) -> None:
    """Write array, uint8 of any shape with at least one dimension, as an IDX file."""
    if array.dtype != np.uint8 or not 1 <= array.ndim <= 255:
        raise DataError(f"{path}: cannot write {array.dtype} of {array.ndim} dimensions as IDX")
    header = struct.pack(f">HBB{array.ndim}I", 0, UINT8, array.ndim, *array.shape)
    path.write_bytes(header + array.tobytes())
