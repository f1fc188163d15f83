"""TorchScript in PyTorch; on the CPU it is the reference that all others are held against."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ludus.bundle.schema import EntryFunction, Variant
from ludus.compile import Sources, describe
from ludus.config.backends.torch import TorchTarget

MODEL = "model.torchscript"


def build(name: str, target: TorchTarget, sources: Sources, out: Path) -> Variant:
    """Copy the exported trace."""
    shutil.copyfile(sources.exported(MODEL, f"targets.{name}"), out / MODEL)
    return describe(
        name,
        out,
        [MODEL],
        backend="torch",
        entry_functions=[EntryFunction(name="forward", batch=sources.batch)],
    )


if TYPE_CHECKING:  # mypy holds this file to the protocol
    from ludus.compile import Compiler
    from ludus.compile import torch as this

    _offered: Compiler[TorchTarget] = this
