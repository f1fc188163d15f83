import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from ludus.core.errors import DataError
from ludus.data.idx import read_idx, write_idx


@settings(max_examples=50)
@given(st.data())
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, data) -> None:
    shape = data.draw(array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5))
    array = data.draw(arrays(np.uint8, shape))
    path = tmp_path_factory.mktemp("idx") / "file"
    write_idx(path, array)
    got = read_idx(path)
    assert got.dtype == np.uint8
    assert got.shape == array.shape
    assert (got == array).all()


def test_the_header_is_that_of_mnist(tmp_path: Path) -> None:
    write_idx(tmp_path / "images", np.zeros((2, 28, 28), np.uint8))
    assert (tmp_path / "images").read_bytes()[:16].hex() == "00000803000000020000001c0000001c"


@pytest.mark.parametrize("header", ["00000903", "01000803", "00000800", "1f8b0803"])
def test_a_wrong_magic_number_is_refused_and_shown(tmp_path: Path, header: str) -> None:
    path = tmp_path / "bad"
    path.write_bytes(bytes.fromhex(header) + bytes(40))
    with pytest.raises(DataError, match=rf"bad is no IDX file of uint8: it starts with {header}"):
        read_idx(path)


@pytest.mark.parametrize("length", [1, 3])
def test_a_file_without_a_magic_number_is_truncated(tmp_path: Path, length: int) -> None:
    (tmp_path / "bad").write_bytes(bytes(length))
    with pytest.raises(DataError, match=f"bad is truncated: got {length} bytes"):
        read_idx(tmp_path / "bad")


def test_a_header_that_breaks_off_is_truncated(tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(bytes.fromhex("0000080300000002"))
    with pytest.raises(DataError, match="bad is truncated: got 8 bytes, its header has 16"):
        read_idx(tmp_path / "bad")


@pytest.mark.parametrize("change", [-1, 1])
def test_a_file_of_another_length_than_its_header_says_is_refused(
    tmp_path: Path, change: int
) -> None:
    path = tmp_path / "bad"
    path.write_bytes(struct.pack(">HBBI", 0, 8, 1, 5) + bytes(5 + change))
    expected = f"bad has {13 + change} bytes; expected 13, as its header says 5"
    with pytest.raises(DataError, match=expected):
        read_idx(path)


def test_a_header_that_claims_more_than_memory_is_refused_before_anything_is_allocated(
    tmp_path: Path,
) -> None:
    path = tmp_path / "bad"
    path.write_bytes(struct.pack(">HBB4I", 0, 8, 4, *[2**32 - 1] * 4))
    with pytest.raises(DataError, match="4294967295 x 4294967295"):
        read_idx(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="gone is missing"):
        read_idx(tmp_path / "gone")


@pytest.mark.parametrize("array", [np.zeros(3, np.int64), np.array(7, np.uint8)])
def test_what_idx_cannot_hold_is_not_written(tmp_path: Path, array: np.ndarray) -> None:
    with pytest.raises(DataError, match="cannot write"):
        write_idx(tmp_path / "file", array)
    assert not (tmp_path / "file").exists()
