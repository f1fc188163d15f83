"""The runtimes that a network runs in, one small file each, with the same three functions.

    build(target, sources, out)        files of a target, from the exported network
    why_not(variant, device)           why this machine cannot run it there, or None
    load(variant, folder, device)      a Run: inputs to outputs
    load_alone(…, images)              the same without copies, to be timed; not every backend's

Each imports its runtime only when it is used, since the plain package brings IREE's alone.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
import numpy.typing as npt

from ludus import from_onnx
from ludus.errors import ConfigError, DeviceError, ToolError, UsageError
from ludus.manifest import File, Variant, read_network
from ludus.params import Lowering, Target

Array = npt.NDArray[np.float32]
# Inputs [N, ...] float32 to outputs [N, ...] float32, for any N >= 1.
Run = Callable[[Array], Array]

BACKENDS = {
    "iree": "ludus.backends.on_iree",
    "onnx": "ludus.backends.on_onnx",
    "ncnn": "ludus.backends.on_ncnn",
    "torch": "ludus.backends.on_torch",
    "xla": "ludus.backends.on_xla",
}


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What a target is built from."""

    export: Path  # the folder with model.torchscript, model.onnx
    lowered: Path  # the folder with <lowering>.mlir
    lowerings: dict[str, Lowering]

    def mlir(self, name: str) -> Path:
        """The MLIR of a lowering; of one that is not torch's, it is made now."""
        lowering, where = self.lowerings[name], f"lowerings.{name}"
        if lowering.source == "torch":
            mlir = self.lowered / f"{name}.mlir"
            if not mlir.is_file():  # stages/lower.py passes over a network that came without it
                self.exported("model.pt2", where)
            return mlir
        check_batches(self.batch, lowering, where)
        if lowering.source == "stablehlo" and (self.export / "model.mlir").is_file():
            return self.export / "model.mlir"
        return from_onnx.to_mlir(self.exported("model.onnx", where), lowering, name)

    def exported(self, name: str, where: str) -> Path:
        """A file of the export. Raises ToolError where the network did not come with it."""
        path = self.export / name
        if not path.is_file():
            raise ToolError(
                f"{path} is not there, and {where} is made of it: the network of params.yaml "
                "model did not come so, or could not be exported so (`dvc repro export`); take "
                "what needs it out of params.yaml"
            )
        return path

    @property
    def batch(self) -> int:
        """How many inputs the exported network takes at a time; -1: any number."""
        return read_network(self.export).inputs[0].shape[0]


def check_batches(batch: int, lowering: Lowering, where: str) -> None:
    """Raises ConfigError where a network of a fixed batch is lowered for others."""
    if batch != -1 and lowering.batches != [batch]:
        raise ConfigError(
            f"{where}.batches is {lowering.batches}, and the network takes {batch} inputs at a "
            f"time; expected [{batch}]"
        )


class Backend(Protocol):
    """What each file of this package offers."""

    def build(self, name: str, target: Target, sources: Sources, out: Path) -> Variant: ...
    def why_not(self, variant: Variant, device: str) -> str | None: ...
    def load(self, variant: Variant, folder: Path, device: str, threads: int = 0) -> Run: ...
    def runtime_version(self) -> str: ...


@runtime_checkable
class Measurable(Protocol):
    """What a backend offers whose model can be run without the copies to and from the host."""

    def load_alone(
        self, variant: Variant, folder: Path, device: str, images: Array, threads: int
    ) -> Callable[[], None]: ...


def backend(name: str) -> Backend:
    """The backend of a name in BACKENDS."""
    return cast(Backend, import_module(BACKENDS[name]))


def why_not(variant: Variant, device: str) -> str | None:
    """Why this machine cannot run a variant on a device, in words, or None."""
    try:
        return backend(variant.backend).why_not(variant, device)
    except ModuleNotFoundError as error:
        return (
            f"the Python package '{error.name}' is not installed; "
            "in a checkout of Ludus: pip install '.[runtimes]'"
        )


def load(variant: Variant, folder: Path, device: str, threads: int = 0) -> Run:
    """Load a variant whose files lie in folder. Raises DeviceError where it cannot run there.

    threads: of the CPU; 0 is all cores. A run is not for several threads at once.
    """
    _refuse(variant, device)
    return backend(variant.backend).load(variant, folder, device, threads)


def load_alone(
    variant: Variant, folder: Path, device: str, images: Array, threads: int = 0
) -> Callable[[], None]:
    """Load a variant with images [N, ...] in the device's memory, to time it.

    A call computes the answers and leaves them there. Raises DeviceError where the variant cannot
    run there, UsageError where its backend has no such way.
    """
    _refuse(variant, device)
    found = backend(variant.backend)
    if not isinstance(found, Measurable):
        raise UsageError(f"{variant.backend} runs from the host's memory alone")
    return found.load_alone(variant, folder, device, images, threads)


def _refuse(variant: Variant, device: str) -> None:
    reason = why_not(variant, device)
    if reason is not None:
        raise DeviceError(f"{variant.target} cannot run on '{device}': {reason}")


def describe(name: str, folder: Path, files: list[str], **more: Any) -> Variant:
    """The variant of a target whose files, module first, lie in folder; `more` as in Variant."""
    described, together = [], hashlib.sha256()
    for path in files:
        data = (folder / path).read_bytes()
        together.update(data)
        sha256 = hashlib.sha256(data).hexdigest()
        described.append(File(path=path, bytes=len(data), sha256=sha256))
    return Variant(target=name, files=described, sha256=together.hexdigest(), **more)
