"""Compilers, from the exported network to a target's files: a module each, with one function.

build(name, target, sources, out)    writes the target's files to out, returns their description
"""

import hashlib
import shutil
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from ludus.bundle.schema import EntryFunction, File, Variant, read_network
from ludus.config.backends import BACKENDS
from ludus.config.backends.base import BuiltTarget
from ludus.config.lowerings import Lowering
from ludus.core.errors import ToolError
from ludus.lowering import from_onnx
from ludus.lowering.batches import check_batches


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The files that a target is built from."""

    export: Path  # the folder with model.torchscript, model.onnx
    lowered: Path  # the folder with <lowering>.mlir
    lowerings: dict[str, Lowering]

    def mlir(self, name: str) -> Path:
        """The MLIR of a lowering; made now if its source is not torch."""
        lowering, where = self.lowerings[name], f"lowerings.{name}"
        if lowering.source == "torch":
            mlir = self.lowered / f"{name}.mlir"
            if not mlir.is_file():  # stages/lower.py skips networks that came without model.pt2
                self.exported("model.pt2", where)
            return mlir
        check_batches(self.batch, lowering, where)
        if lowering.source == "stablehlo" and (self.export / "model.mlir").is_file():
            return self.export / "model.mlir"
        return from_onnx.to_mlir(self.exported("model.onnx", where), lowering, name)

    def exported(self, name: str, where: str) -> Path:
        """A file of the export. Raises ToolError where the export does not have it."""
        path = self.export / name
        if not path.is_file():
            raise ToolError(
                f"{path} is not there, and {where} is made from it: the network of params.yaml "
                "model did not come in this form, or could not be exported to it (`dvc repro "
                "export`); remove the rows that need it from params.yaml"
            )
        return path

    @property
    def batch(self) -> int:
        """How many inputs the exported network takes at a time; -1: any number."""
        return read_network(self.export).inputs[0].shape[0]


class Compiler[T: BuiltTarget](Protocol):
    """The function of a backend's module in this package: NAME.py for the backend NAME."""

    def build(self, name: str, target: T, sources: Sources, out: Path) -> Variant: ...


def compiler(name: str) -> Compiler[Any]:
    """The compiler of a backend, one of `ludus.config.backends`."""
    return cast(Compiler[Any], import_module(f"{__name__}.{BACKENDS[name].name}"))


def copy(name: str, sources: Sources, out: Path, model: str, entry: str, backend: str) -> Variant:
    """The variant of a runtime that takes an exported file as it is; entry: its function."""
    shutil.copyfile(sources.exported(model, f"targets.{name}"), out / model)
    function = EntryFunction(name=entry, batch=sources.batch)
    return describe(name, out, [model], backend=backend, entry_functions=[function])


def describe(name: str, folder: Path, files: list[str], **more: Any) -> Variant:
    """The variant of a target with these files, module first, in folder; `more` as in Variant."""
    described, together = [], hashlib.sha256()
    for path in files:
        data = (folder / path).read_bytes()
        together.update(data)
        sha256 = hashlib.sha256(data).hexdigest()
        described.append(File(path=path, bytes=len(data), sha256=sha256))
    return Variant(target=name, files=described, sha256=together.hexdigest(), **more)
