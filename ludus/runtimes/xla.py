"""XLA's CPU client, through JAX, which compiles StableHLO when it is loaded.

It is a second reference, independent of PyTorch and IREE. The toolchain `stablehlo` has JAX.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from ludus.bundle.schema import Variant
from ludus.process import toolchains
from ludus.runtimes import Run, out_of_process


def why_not(variant: Variant, device: str) -> str | None:
    """Why this machine cannot run a variant on a device, or None."""
    if device != "cpu":
        return "XLA runs only on 'cpu'"
    return out_of_process.why_no_runtime(toolchains.STABLEHLO)


def load(variant: Variant, folder: Path, device: str, threads: int = 0) -> Run:
    """Have XLA compile the StableHLO, in a process of its own; XLA chooses its threads itself."""
    return out_of_process.load(toolchains.STABLEHLO, variant, folder, device)


def runtime_version() -> str:
    """The version of jaxlib, which contains XLA."""
    return toolchains.pinned(toolchains.STABLEHLO)["jaxlib"]


if TYPE_CHECKING:  # mypy holds this file to the protocol
    from ludus.runtimes import Runtime
    from ludus.runtimes import xla as this

    _offered: Runtime = this
