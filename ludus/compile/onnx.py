"""ONNX Runtime on the CPU: the exported model as it is."""

from pathlib import Path
from typing import TYPE_CHECKING

from ludus.bundle.schema import Variant
from ludus.compile import Sources, copy
from ludus.config.backends.onnx import OnnxTarget

MODEL = "model.onnx"


def build(name: str, target: OnnxTarget, sources: Sources, out: Path) -> Variant:
    """Copy the exported model."""
    return copy(name, sources, out, MODEL, "main", "onnx")


if TYPE_CHECKING:  # mypy holds this file to the protocol
    from ludus.compile import Compiler
    from ludus.compile import onnx as this

    _offered: Compiler[OnnxTarget] = this
