"""Labelled images with the reference's answers: good files, and each way to be a bad one."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ludus.bundle.inputs import network_inputs
from ludus.bundle.schema import Network, Tensor
from ludus.core.errors import DataError
from ludus.data.reference_set import ReferenceSet, load_reference_set, save_reference_set


@pytest.fixture
def tests() -> ReferenceSet:
    random = np.random.default_rng(5)
    return ReferenceSet(
        inputs=random.integers(0, 256, (30, 28, 28), dtype=np.uint8),
        labels=np.arange(30, dtype=np.uint8) % 10,
        reference=random.random((30, 10), dtype=np.float32),
    )


def arrays(tests: ReferenceSet) -> dict[str, Any]:
    return {
        "images": tests.inputs,
        "labels": tests.labels,
        "probabilities": tests.reference,
    }


def test_a_test_set_is_read_as_written(tests: ReferenceSet, tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", **arrays(tests))
    found = load_reference_set(tmp_path / "t.npz")
    assert np.array_equal(found.inputs, tests.inputs)
    assert np.array_equal(found.labels, tests.labels)
    assert np.array_equal(found.reference, tests.reference)


@pytest.mark.parametrize("name", ["images", "labels", "probabilities"])
def test_a_test_set_without_one_of_its_arrays_is_refused(
    tests: ReferenceSet, tmp_path: Path, name: str
) -> None:
    kept = {key: value for key, value in arrays(tests).items() if key != name}
    np.savez(tmp_path / "t.npz", **kept)
    with pytest.raises(DataError, match=rf"t.npz is no .npz file with .*{name} is not a file"):
        load_reference_set(tmp_path / "t.npz")


@pytest.mark.parametrize("name", ["images", "labels", "probabilities"])
def test_a_test_set_with_fewer_of_one_is_refused(
    tests: ReferenceSet, tmp_path: Path, name: str
) -> None:
    values = arrays(tests)
    np.savez(tmp_path / "t.npz", **{**values, name: values[name][:-1]})
    with pytest.raises(DataError, match="expected as many of each"):
        load_reference_set(tmp_path / "t.npz")


def test_an_empty_test_set_is_refused(tests: ReferenceSet, tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", **{key: value[:0] for key, value in arrays(tests).items()})
    with pytest.raises(DataError, match="expected as many of each"):
        load_reference_set(tmp_path / "t.npz")


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04 cut", None, b"npy"])
def test_a_file_that_is_no_test_set_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "t.npz"
    if content == b"npy":
        with path.open("wb") as file:
            np.save(file, np.zeros(3))
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(
        DataError, match=r"t.npz is (missing|empty|no .npz file).*reference.npz of the"
    ):
        load_reference_set(path)


def test_a_truncated_test_set_is_refused(tests: ReferenceSet, tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    np.savez(path, **arrays(tests))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"is no \.npz file"):
        load_reference_set(path)


def test_a_test_set_with_a_changed_byte_is_refused(tests: ReferenceSet, tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    np.savez(path, **arrays(tests))
    data = bytearray(path.read_bytes())
    data[1000] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"is no \.npz file"):
        load_reference_set(path)


# Of any network


@pytest.fixture
def network() -> Network:
    return Network(
        inputs=[Tensor(name="x", datatype="FP32", shape=[-1, 3, 4])],
        outputs=[Tensor(name="y", datatype="FP32", shape=[-1, 2])],
        labels=[],
        preprocess=None,
    )


@pytest.fixture
def tensors() -> ReferenceSet:
    random = np.random.default_rng(6)
    inputs, outputs = (random.random((5, *shape), np.float32) for shape in ((3, 4), (2,)))
    return ReferenceSet(inputs=inputs, labels=None, reference=outputs)


@pytest.mark.parametrize("labels", [None, np.array([0, 1, 0, 1, 1])])
def test_tensors_are_read_as_written_with_labels_or_none(
    tensors: ReferenceSet, tmp_path: Path, labels: Any
) -> None:
    save_reference_set(replace(tensors, labels=labels), tmp_path / "t.npz")
    found = load_reference_set(tmp_path / "t.npz")
    assert np.array_equal(found.inputs, tensors.inputs)
    assert np.array_equal(found.reference, tensors.reference)
    assert (found.labels is None) == (labels is None)
    assert not found.are_drawings


def test_drawings_are_written_as_they_are_read(tests: ReferenceSet, tmp_path: Path) -> None:
    save_reference_set(tests, tmp_path / "t.npz")
    assert set(np.load(tmp_path / "t.npz")) == {"images", "labels", "probabilities"}


def test_tensors_are_given_as_they_are(tensors: ReferenceSet, network: Network) -> None:
    assert np.array_equal(network_inputs(tensors, network), tensors.inputs)


@pytest.mark.parametrize(
    "inputs",
    [
        np.zeros((5, 3, 5), np.float32),
        np.zeros((5, 3, 4)),
        np.zeros((5, 3, 4), np.uint8),
    ],
    ids=["another size", "float64", "drawings"],
)
def test_inputs_that_the_network_does_not_take_are_refused(
    tensors: ReferenceSet, network: Network, inputs: Any
) -> None:
    with pytest.raises(DataError, match=r"the network takes float32 \[-1, 3, 4\]"):
        network_inputs(replace(tensors, inputs=inputs), network)


def test_only_a_label_each_of_not_too_many_makes_classes(tensors: ReferenceSet) -> None:
    labelled = replace(tensors, labels=np.array([0, 1, 0, 1, 1]))
    assert labelled.classes is labelled.labels
    assert tensors.classes is None
    assert replace(labelled, reference=np.zeros((5, 101), np.float32)).classes is None
