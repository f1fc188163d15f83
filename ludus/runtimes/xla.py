"""XLA's CPU client, through JAX: StableHLO, which it compiles when it is loaded.

A second reference, independent of PyTorch and of IREE. JAX stands in the toolchain `stablehlo`.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from ludus.bundle.schema import Variant
from ludus.process import toolchains
from ludus.runtimes import Run, out_of_process


def why_not(variant: Variant, device: str) -> str | None:
    """Why this machine cannot run a variant on a device, or None."""
    if device != "cpu":
        return "XLA is used on the device 'cpu' alone"
    return out_of_process.why_no_runtime(toolchains.STABLEHLO)


def load(variant: Variant, folder: Path, device: str, threads: int = 0) -> Run:
    """Have XLA compile the StableHLO, in a process of its own; threads are XLA's own affair."""
    return out_of_process.load(toolchains.STABLEHLO, variant, folder, device)


def runtime_version() -> str:
    """Of jaxlib, which holds XLA."""
    return toolchains.pinned(toolchains.STABLEHLO)["jaxlib"]


if TYPE_CHECKING:  # mypy holds this file to the protocol
    from ludus.runtimes import Runtime
    from ludus.runtimes import xla as this

    _offered: Runtime = this
