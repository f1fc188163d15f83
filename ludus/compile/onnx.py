"""ONNX Runtime on the CPU: the exported model as it is."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ludus.bundle.schema import EntryFunction, Variant
from ludus.compile import Sources, describe
from ludus.config.backends.onnx import OnnxTarget

MODEL = "model.onnx"


def build(name: str, target: OnnxTarget, sources: Sources, out: Path) -> Variant:
    """Copy the exported model."""
    shutil.copyfile(sources.exported(MODEL, f"targets.{name}"), out / MODEL)
    return describe(
        name,
        out,
        [MODEL],
        backend="onnx",
        entry_functions=[EntryFunction(name="main", batch=sources.batch)],
    )


if TYPE_CHECKING:  # mypy holds this file to the protocol
    from ludus.compile import Compiler
    from ludus.compile import onnx as this

    _offered: Compiler[OnnxTarget] = this
