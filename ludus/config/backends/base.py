"""The description of a backend, and what every row of `targets` has."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from ludus.config.lowerings import NONE, Lowering
from ludus.core.types import Driver, Strict


class BuiltTarget(Strict):
    """A row of `targets`, whatever its backend. Base of the models that backends export."""

    backend: str
    bundled: bool = True  # false: built and evaluated, but neither bundled nor benchmarked

    @property
    def hal_driver(self) -> Driver | None:
        """The HAL driver that the files are for; None where the backend chooses at run time."""
        return None

    @property
    def architecture(self) -> Literal["x86_64", "aarch64", "riscv64"] | None:
        """The CPU architecture that the files are for; None: any."""
        return None

    def faults(self) -> Iterator[str]:
        """Contradictions within the row, one line each, beginning with the key."""
        yield from ()


class LoweredTarget(BuiltTarget):
    """A row whose files are compiled from the MLIR of a row of `lowerings`."""

    lowering: str

    def why_not_of(self, lowering: Lowering) -> str | None:
        """Why its files cannot be compiled from a lowering, or None."""
        return None


class FileTarget(BuiltTarget):
    """A row whose files are made from the export; `flags` go to its converter, if any."""

    lowering: Literal["none"] = NONE  # dvc.yaml names the lowering of every target
    flags: list[str] = Field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Backend:
    """A kind of compiler and runtime."""

    name: str  # in params.yaml and manifest.json; also names the two files
    title: str  # the runtime's name in tables and messages
    package: str  # the Python package that running it imports
    target: type[BuiltTarget]  # its rows of `targets`
    devices: frozenset[str] = frozenset()  # that it can use; empty: only the row's driver
    needs: tuple[str, ...] = ()  # fields of a variant that it cannot be run without
    native_only: bool = True  # false: executors other than native run its files too

    def kinds(self, driver: str | None) -> frozenset[str]:
        """The kinds of device that its files can run on; files for a driver, only on that one."""
        return frozenset({driver}) if driver else self.devices
