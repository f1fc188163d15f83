"""TorchScript in PyTorch; on the CPU it is the reference that all others are held against."""

import shutil
from pathlib import Path

from ludus.bundle.schema import EntryFunction, Variant
from ludus.compile import Sources, describe
from ludus.config.params import OtherTarget

MODEL = "model.torchscript"


def build(name: str, target: OtherTarget, sources: Sources, out: Path) -> Variant:
    """Copy the exported trace."""
    shutil.copyfile(sources.exported(MODEL, f"targets.{name}"), out / MODEL)
    return describe(
        name,
        out,
        [MODEL],
        backend="torch",
        entry_functions=[EntryFunction(name="forward", batch=sources.batch)],
    )
