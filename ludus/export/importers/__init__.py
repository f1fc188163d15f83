"""Imports a network that was made elsewhere: checks it, compiles it once, computes its reference.

    file, model.yaml -> signature checked, dimensions fixed -> compiled for a trial -> reference

Each kind of file has a module here with the same two functions:

    take(file, description, folder)    checks the file, writes what targets are built from to folder
    answers(file, *inputs)             the answers of the file's own runtime to each of the inputs
"""

import hashlib
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from ludus.bundle.inputs import network_inputs
from ludus.bundle.reader import check_network
from ludus.bundle.schema import Network, Tensor
from ludus.config.model import Beside, Data, ModelDescription, read_model_description
from ludus.core.arrays import read_arrays
from ludus.core.errors import NetworkError
from ludus.core.files import file_fault, replaced_folder
from ludus.data.reference_set import ReferenceSet, save_reference_set

Array = npt.NDArray[np.float32]
SOURCES = {
    "onnx": "ludus.export.importers.onnx",
    "torch": "ludus.export.importers.torch",
    "stablehlo": "ludus.export.importers.stablehlo",
}
FEW = 8  # inputs that are run twice
SAME = 1e-3  # of the largest answer: threads may add in another order


class Source(Protocol):
    """The functions of each module of this package."""

    def take(self, file: Path, description: ModelDescription, folder: Path) -> None: ...
    def answers(self, file: Path, *inputs: Array) -> list[Array]: ...


def import_model(source: str, file: Path, path: Path, out: Path) -> Network:
    """Write the files to out that the export stage writes for a network that was trained here.

    source: the kind of file, a name in SOURCES. path: of model.yaml.

    Raises NetworkError for a network that cannot be imported, and for tests and labels that do not
    fit; ConfigError for an invalid model.yaml; DataError for a broken .npz file.
    """
    description = read_model_description(path)
    if fault := file_fault(file):
        raise NetworkError(f"{file} {fault}; params.yaml model.file names it")
    origin = cast(Source, import_module(SOURCES[source]))
    with replaced_folder(out) as folder:
        origin.take(file, description, folder)
        tests = _tests(description, path)
        inputs = np.asarray(tests.inputs, np.float32)
        reference, first, again = origin.answers(file, inputs, inputs[:FEW], inputs[:FEW])
        network = _network(description, path, len(inputs), reference)
        _check_same_again(file, first, again)
        if isinstance(description.tests, Data) and tests.labels is not None:
            _check_labels(path.parent / description.tests.file, tests.labels, reference)
        tests = ReferenceSet(inputs=tests.inputs, labels=tests.labels, reference=reference)
        network_inputs(tests, network)
        (folder / "network.json").write_text(network.model_dump_json(indent=1) + "\n")
        save_reference_set(tests, folder / "reference.npz")
    return network


def _tests(description: ModelDescription, path: Path) -> ReferenceSet:
    """The test inputs, and their labels if any; the reference answers are filled in later."""
    wanted, nothing = description.input.shape[1:], np.zeros(0, np.float32)
    if isinstance(description.tests, Data):
        inputs, labels = _labelled(description.tests, path, wanted)
        return ReferenceSet(inputs=inputs, labels=labels, reference=nothing)
    random = np.random.default_rng(description.tests.seed)
    spread = description.tests.high - description.tests.low
    with np.errstate(over="ignore", invalid="ignore"):  # checked next
        inputs = random.random((description.tests.count, *wanted), np.float32) * np.float32(spread)
        inputs += np.float32(description.tests.low)
    _check_finite(
        f"{path}: tests: low {description.tests.low:g} and high {description.tests.high:g}", inputs
    )
    return ReferenceSet(inputs=inputs, labels=None, reference=nothing)


def _labelled(
    data: Data, path: Path, wanted: list[int]
) -> tuple[Array, npt.NDArray[np.integer] | None]:
    """The arrays of the test file, checked; wanted: the shape of one input."""
    keys = ["inputs", "labels"] if data.labelled else ["inputs"]
    file = _beside(data, path)
    inputs, *others = read_arrays(file, keys, f"{path} names it under tests")
    if inputs.dtype != np.float32 or list(inputs.shape[1:]) != wanted:
        raise NetworkError(
            f"{file}: 'inputs' are {inputs.dtype} {list(inputs.shape)}; expected float32 "
            f"{_of_any([-1, *wanted])}, as inputs.0.shape of {path} says"
        )
    if len(inputs) == 0:
        raise NetworkError(f"{file}: 'inputs' are none, {list(inputs.shape)}; expected at least 1")
    _check_finite(f"{file}: 'inputs'", inputs)
    for labels in others:
        if labels.dtype.kind not in "iu":
            raise NetworkError(f"{file}: 'labels' are {labels.dtype}; expected whole numbers")
        if labels.shape[:1] != inputs.shape[:1]:
            raise NetworkError(
                f"{file}: 'labels' are {list(labels.shape)} for {len(inputs)} inputs; expected as "
                "many of each"
            )
    return inputs, others[0] if others else None


def _check_finite(what: str, inputs: Array) -> None:
    """Raises NetworkError for inputs with NaN or infinity."""
    wrong = np.flatnonzero(~np.isfinite(inputs).reshape(len(inputs), -1).all(axis=1))
    if len(wrong):
        raise NetworkError(
            f"{what} give NaN or infinity in {len(wrong)} of {len(inputs)} inputs, first in "
            f"number {wrong[0]}; expected finite numbers of float32"
        )


def _check_labels(file: Path, labels: npt.NDArray[np.integer], reference: Array) -> None:
    """Raises NetworkError unless labels are classes, [N, ...] for answers [N, ..., classes]."""
    rows = reference.shape[:-1] or reference.shape  # answers of one number: as in `measure`
    classes = reference.shape[-1] if reference.ndim > 1 else 1
    if labels.shape != rows:
        raise NetworkError(
            f"{file}: 'labels' are {list(labels.shape)}, and the network's answers "
            f"{list(reference.shape)}; expected labels {list(rows)}"
        )
    wrong = np.argwhere((labels < 0) | (labels >= classes))
    if len(wrong):
        place = tuple(map(int, wrong[0]))
        raise NetworkError(
            f"{file}: 'labels' hold {labels[place]} at {list(place)}; expected 0 to {classes - 1}, "
            f"since the network's answers are {list(reference.shape)}"
        )


def _check_same_again(file: Path, first: Array, again: Array) -> None:
    """Raises NetworkError for a network with random answers, which has no reference."""
    difference = float(np.abs(first - again).max())
    if not difference <= SAME * max(1.0, float(np.abs(again).max())):
        raise NetworkError(
            f"{file} answers the same inputs differently when it is run again, by up to "
            f"{difference:.3g}; export it without random operators such as RandomNormalLike, and "
            "with dropout turned off"
        )


def _of_any(shape: list[int]) -> str:
    """A shape as a message gives it, such as [N, 3, 8]."""
    return "[" + ", ".join("N" if size == -1 else str(size) for size in shape) + "]"


def _beside(named: Beside, path: Path) -> Path:
    """A file that model.yaml names. Raises NetworkError if it is missing or its sha256 differs."""
    file = path.parent / named.file
    if fault := file_fault(file):
        raise NetworkError(f"{file} {fault}, and {path} names it")
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != named.sha256:
        raise NetworkError(
            f"{file} has the sha256 {found}, and {path} says {named.sha256}; if it is the right "
            "file, write its sha256 there, by which DVC notices a change"
        )
    return file


def _labels(description: ModelDescription, path: Path) -> list[str]:
    if not isinstance(description.labels, Beside):
        return description.labels
    file = _beside(description.labels, path)
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise NetworkError(
            f"{file} is no text in UTF-8: byte {error.start} is {error.object[error.start]:#04x}; "
            f"save it as UTF-8 and write its sha256 in {path}, labels.sha256"
        ) from None


def _network(description: ModelDescription, path: Path, count: int, reference: Array) -> Network:
    """The network's description; its output's shape is that of the reference answers."""
    if reference.shape[:1] != (count,):
        raise NetworkError(
            f"{count} inputs are answered by an output of {list(reference.shape)}; expected the "
            f"batch in its first dimension, so [{count}, ...]"
        )
    if not np.isfinite(reference).all():
        raise NetworkError(f"the network answers inputs of {path} with NaN or infinity")
    shape = [description.input.shape[0], *reference.shape[1:]]
    if description.output.shape not in (None, shape):
        raise NetworkError(
            f"{path}: outputs.0.shape is {description.output.shape}, and it has {shape}"
        )
    labels = _labels(description, path)
    _check_count(path, labels, shape)
    network = Network(
        inputs=[
            Tensor(name=description.input.name, datatype="FP32", shape=description.input.shape)
        ],
        outputs=[Tensor(name=description.output.name, datatype="FP32", shape=shape)],
        labels=labels,
        preprocess=description.preprocess,
    )
    check_network(path, network)
    return network


def _check_count(path: Path, labels: list[str], shape: list[int]) -> None:
    """Raises NetworkError unless there are no labels, or one for each value of an output."""
    classes = shape[-1] if len(shape) > 1 else 0
    if labels and len(labels) != classes:
        raise NetworkError(
            f"{path}: labels: {classes} outputs, {len(labels)} labels; the output is "
            f"{_of_any(shape)}, and each of its last dimension has a label, or none has"
        )
