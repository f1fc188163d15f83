"""ONNX Runtime on the CPU: the exported model as it is."""

import shutil
from pathlib import Path

from ludus.bundle.schema import EntryFunction, Variant
from ludus.compile import Sources, describe
from ludus.config.params import OtherTarget

MODEL = "model.onnx"


def build(name: str, target: OtherTarget, sources: Sources, out: Path) -> Variant:
    """Copy the exported model."""
    shutil.copyfile(sources.exported(MODEL, f"targets.{name}"), out / MODEL)
    return describe(
        name,
        out,
        [MODEL],
        backend="onnx",
        entry_functions=[EntryFunction(name="main", batch=sources.batch)],
    )
