"""IREE: MLIR compiled to a module, run through a HAL driver."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from ludus.config.backends.base import Backend, LoweredTarget
from ludus.core.errors import nearest
from ludus.core.types import Cpu, Driver, Strict
from ludus.process import toolchains

# What --iree-hal-target-device must say for the driver that a row names.
HAL_TARGETS = {"cpu": "local", "vulkan": "vulkan", "cuda": "cuda", "rocm": "hip", "metal": "metal"}
# What --iree-hal-target-backends may say for it, IREE's flag before it had target devices.
HAL_BACKENDS = {
    "cpu": {"llvm-cpu", "vmvx"},
    "vulkan": {"vulkan-spirv"},
    "cuda": {"cuda"},
    "rocm": {"rocm"},
    "metal": {"metal-spirv"},
}


class Tile(Strict):
    """Inner loop sizes of the matmuls that they divide; see ludus/compile/tiles.py."""

    batched: bool = False
    m: Annotated[int, Field(ge=1, le=64)]  # rows; 1 is for the product of one row
    n: Annotated[int, Field(ge=1, le=1024)]  # columns
    k: Annotated[int, Field(ge=1, le=64)]  # products added up at a time


class IreeTarget(LoweredTarget):
    """A module for IREE: MLIR of one lowering, compiled with these flags for one HAL driver."""

    backend: Literal["iree"]
    toolchain: str
    lowering: str
    driver: Driver
    cpu: Cpu | None = None
    tiles: list[Tile] = Field(default_factory=list)
    flags: list[str]

    @property
    def hal_driver(self) -> Driver | None:
        return self.driver

    @property
    def architecture(self) -> Literal["x86_64", "aarch64", "riscv64"] | None:
        return self.cpu.architecture if self.cpu else None

    def faults(self) -> Iterator[str]:
        """Flags for another driver, or a toolchain that this checkout does not have."""
        fits = {
            "--iree-hal-target-device": {HAL_TARGETS[self.driver]},
            "--iree-hal-target-backends": HAL_BACKENDS[self.driver],
        }
        for flag in self.flags:
            name, _, value = flag.partition("=")
            if name in fits and value not in fits[name]:
                yield f"driver is '{self.driver}', but its flags say {flag}"
        known = set(toolchains.versions())  # empty outside a checkout
        if known and self.toolchain not in known:
            yield (
                f"toolchain: there is no requirements/iree-{self.toolchain}.txt"
                f"{nearest(self.toolchain, known)} (docs/reference/toolchains.md says how one is "
                "added)"
            )


BACKEND = Backend(
    name="iree",
    title="IREE",
    package="iree.runtime",
    target=IreeTarget,
    needs=("driver", "iree_version"),
    native_only=False,
)
