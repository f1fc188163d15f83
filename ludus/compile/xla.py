"""XLA's CPU client, through JAX, which compiles StableHLO when it is loaded.

It is a second reference, independent of PyTorch and IREE. The toolchain `stablehlo` has JAX.
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ludus.bundle.schema import EntryFunction, Variant
from ludus.compile import Sources, describe
from ludus.config.backends.xla import XlaTarget

MODEL = "model.mlir"


def build(name: str, target: XlaTarget, sources: Sources, out: Path) -> Variant:
    """Convert the exported ONNX file to StableHLO. Raises ToolError with the converter's output."""
    shutil.copyfile(sources.mlir(target.lowering), out / MODEL)
    functions = sources.lowerings[target.lowering].functions()
    return describe(
        name,
        out,
        [MODEL],
        backend="xla",
        entry_functions=[
            EntryFunction(name=function, batch=batch) for batch, function in functions.items()
        ],
    )


if TYPE_CHECKING:  # mypy holds this file to the protocol
    from ludus.compile import Compiler
    from ludus.compile import xla as this

    _offered: Compiler[XlaTarget] = this
