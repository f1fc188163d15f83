"""XLA's CPU client, through JAX: StableHLO, which it compiles when it is loaded.

A second reference, independent of PyTorch and of IREE. JAX stands in the toolchain `stablehlo`.
"""

import shutil
from pathlib import Path

from ludus import toolchain
from ludus.backends import Run, Sources, apart, describe
from ludus.manifest import EntryFunction, Variant
from ludus.params import XlaTarget

MODEL = "model.mlir"


def build(name: str, target: XlaTarget, sources: Sources, out: Path) -> Variant:
    """Make StableHLO of the exported ONNX file. Raises ToolError with the converter's words."""
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


def why_not(variant: Variant, device: str) -> str | None:
    """Why this machine cannot run a variant on a device, or None."""
    if device != "cpu":
        return "XLA is used on the device 'cpu' alone"
    return apart.why_no_runtime(toolchain.STABLEHLO)


def load(variant: Variant, folder: Path, device: str, threads: int = 0) -> Run:
    """Have XLA compile the StableHLO, in a process of its own; threads are XLA's own affair."""
    return apart.load(toolchain.STABLEHLO, variant, folder, device)


def runtime_version() -> str:
    """Of jaxlib, which holds XLA."""
    return toolchain.pinned(toolchain.STABLEHLO)["jaxlib"]
