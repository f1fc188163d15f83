"""TorchScript in PyTorch; on the CPU it is the reference for all other variants."""

from pathlib import Path
from typing import TYPE_CHECKING

from ludus.bundle.schema import Variant
from ludus.compile import Sources, copy
from ludus.config.backends.torch import TorchTarget

MODEL = "model.torchscript"


def build(name: str, target: TorchTarget, sources: Sources, out: Path) -> Variant:
    """Copy the exported trace."""
    return copy(name, sources, out, MODEL, "forward", "torch")


if TYPE_CHECKING:  # mypy holds this file to the protocol
    from ludus.compile import Compiler
    from ludus.compile import torch as this

    _offered: Compiler[TorchTarget] = this
