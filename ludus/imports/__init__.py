"""A network that was made elsewhere: taken as it came, described, tried, and asked for references.

    file, model.yaml -> signature checked, dimensions fixed -> compiled for a trial -> reference

One small file a kind of file, with the same two functions:

    take(file, about, folder)     checks the file and writes what targets are built from into folder
    answers(file, inputs)         what its own runtime answers, float32 [N, ...]
"""

import hashlib
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from ludus.bundle import check_network
from ludus.errors import NetworkError
from ludus.files import read_arrays, replaced_folder
from ludus.imports.about import About, Beside, Data, read_about
from ludus.manifest import Network, Tensor
from ludus.test_set import TestSet, save_test_set

Array = npt.NDArray[np.float32]
SOURCES = {
    "onnx": "ludus.imports.onnx_file",
    "torch": "ludus.imports.torch_file",
    "stablehlo": "ludus.imports.stablehlo_file",
}


class Source(Protocol):
    """What each file of this package offers."""

    def take(self, file: Path, about: About, folder: Path) -> None: ...
    def answers(self, file: Path, inputs: Array) -> Array: ...


def bring(source: str, file: Path, path: Path, out: Path) -> Network:
    """Write to out what the export stage writes of a network that was trained here.

    source: a name in SOURCES, what the file is. path: of model.yaml.

    Raises NetworkError, by name, for what cannot be taken; ConfigError for a model.yaml that is
    not as expected; DataError for test inputs that do not fit.
    """
    about = read_about(path)
    if not file.is_file():
        raise NetworkError(f"{file} is missing; params.yaml model.file names it")
    origin = cast(Source, import_module(SOURCES[source]))
    with replaced_folder(out) as folder:
        origin.take(file, about, folder)
        tests = _tests(about, path)
        reference = origin.answers(file, np.asarray(tests.inputs, np.float32))
        network = _network(about, path, len(tests.inputs), reference)
        tests = TestSet(inputs=tests.inputs, labels=tests.labels, reference=reference)
        tests.tensors(network)
        (folder / "network.json").write_text(network.model_dump_json(indent=1) + "\n")
        save_test_set(tests, folder / "reference.npz")
    return network


def _tests(about: About, path: Path) -> TestSet:
    """The inputs to test with, and their labels, if any; what answers them is still to be found."""
    wanted, nothing = about.input.shape[1:], np.zeros(0, np.float32)
    if isinstance(about.tests, Data):
        inputs, labels = _labelled(about.tests, path)
        if inputs.dtype != np.float32 or list(inputs.shape[1:]) != wanted or len(inputs) == 0:
            raise NetworkError(
                f"{about.tests.file}: inputs are {inputs.dtype} {list(inputs.shape)}, and {path} "
                f"says float32 {[-1, *wanted]}"
            )
        return TestSet(inputs=inputs, labels=labels, reference=nothing)
    random = np.random.default_rng(about.tests.seed)
    spread = about.tests.high - about.tests.low
    inputs = random.random((about.tests.count, *wanted), np.float32) * np.float32(spread)
    return TestSet(inputs=inputs + np.float32(about.tests.low), labels=None, reference=nothing)


def _labelled(data: Data, path: Path) -> tuple[Array, npt.NDArray[np.integer] | None]:
    """The arrays of the file of tests, checked."""
    keys = ["inputs", "labels"] if data.labelled else ["inputs"]
    arrays = read_arrays(_beside(data, path), keys, f"{path} names it under tests")
    return arrays[0], arrays[1] if data.labelled else None


def _beside(named: Beside, path: Path) -> Path:
    """A file that model.yaml names. Raises NetworkError where it is missing or another."""
    file = path.parent / named.file
    if not file.is_file():
        raise NetworkError(f"{file} is missing, and {path} names it")
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != named.sha256:
        raise NetworkError(
            f"{file} has the sha256 {found}, and {path} says {named.sha256}; if it is the one you "
            "mean, write its own there: by that DVC sees that it is another"
        )
    return file


def _labels(about: About, path: Path) -> list[str]:
    if isinstance(about.labels, Beside):
        return _beside(about.labels, path).read_text(encoding="utf-8").splitlines()
    return about.labels


def _network(about: About, path: Path, count: int, reference: Array) -> Network:
    """The network's description, its output's shape found by running it."""
    if reference.shape[:1] != (count,):
        raise NetworkError(
            f"{count} inputs are answered by an output of {list(reference.shape)}; expected the "
            f"batch in its first dimension, so {[count, '...']}"
        )
    if not np.isfinite(reference).all():
        raise NetworkError(f"the network answers inputs of {path} with what is no number")
    shape = [about.input.shape[0], *reference.shape[1:]]
    if about.output.shape not in (None, shape):
        raise NetworkError(f"{path}: outputs.0.shape is {about.output.shape}, and it has {shape}")
    network = Network(
        inputs=[Tensor(name=about.input.name, datatype="FP32", shape=about.input.shape)],
        outputs=[Tensor(name=about.output.name, datatype="FP32", shape=shape)],
        labels=_labels(about, path),
        preprocess=about.preprocess,
    )
    check_network(path, network)
    return network
