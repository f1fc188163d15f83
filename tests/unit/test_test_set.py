"""Labelled images with the reference's answers: good files, and each way to be a bad one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ludus.errors import DataError
from ludus.test_set import TestSet, load_test_set


@pytest.fixture
def tests() -> TestSet:
    random = np.random.default_rng(5)
    return TestSet(
        inputs=random.integers(0, 256, (30, 28, 28), dtype=np.uint8),
        labels=np.arange(30, dtype=np.uint8) % 10,
        reference=random.random((30, 10), dtype=np.float32),
    )


def arrays(tests: TestSet) -> dict[str, Any]:
    return {
        "images": tests.inputs,
        "labels": tests.labels,
        "probabilities": tests.reference,
    }


def test_a_test_set_is_read_as_written(tests: TestSet, tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", **arrays(tests))
    found = load_test_set(tmp_path / "t.npz")
    assert np.array_equal(found.inputs, tests.inputs)
    assert np.array_equal(found.labels, tests.labels)
    assert np.array_equal(found.reference, tests.reference)


@pytest.mark.parametrize("name", ["images", "labels", "probabilities"])
def test_a_test_set_without_one_of_its_arrays_is_refused(
    tests: TestSet, tmp_path: Path, name: str
) -> None:
    kept = {key: value for key, value in arrays(tests).items() if key != name}
    np.savez(tmp_path / "t.npz", **kept)
    with pytest.raises(DataError, match=rf"t.npz is no .npz file with .*{name} is not a file"):
        load_test_set(tmp_path / "t.npz")


@pytest.mark.parametrize("name", ["images", "labels", "probabilities"])
def test_a_test_set_with_fewer_of_one_is_refused(tests: TestSet, tmp_path: Path, name: str) -> None:
    values = arrays(tests)
    np.savez(tmp_path / "t.npz", **{**values, name: values[name][:-1]})
    with pytest.raises(DataError, match="expected as many of each"):
        load_test_set(tmp_path / "t.npz")


def test_an_empty_test_set_is_refused(tests: TestSet, tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", **{key: value[:0] for key, value in arrays(tests).items()})
    with pytest.raises(DataError, match="expected as many of each"):
        load_test_set(tmp_path / "t.npz")


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04 cut", None, b"npy"])
def test_a_file_that_is_no_test_set_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "t.npz"
    if content == b"npy":
        with path.open("wb") as file:
            np.save(file, np.zeros(3))
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"t.npz is (missing|no .npz file).*reference.npz of the"):
        load_test_set(path)


def test_a_truncated_test_set_is_refused(tests: TestSet, tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    np.savez(path, **arrays(tests))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"is no \.npz file"):
        load_test_set(path)


def test_a_test_set_with_a_changed_byte_is_refused(tests: TestSet, tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    np.savez(path, **arrays(tests))
    data = bytearray(path.read_bytes())
    data[1000] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"is no \.npz file"):
        load_test_set(path)
