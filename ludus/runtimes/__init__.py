"""The runtimes of the backends: a module each, with the same functions.

    why_not(variant, device)           why this machine cannot run it there, or None
    load(variant, folder, device)      a Run: inputs to outputs
    load_resident(…, images)           the same without copies, for timing; some backends have it

Each imports its runtime when it is used, since the plain package depends only on IREE's.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

import numpy as np
import numpy.typing as npt

from ludus.bundle.schema import Variant
from ludus.config.backends import BACKENDS
from ludus.core.errors import DeviceError, UsageError

Array = npt.NDArray[np.float32]
# Inputs [N, ...] float32 to outputs [N, ...] float32, for any N >= 1.
Run = Callable[[Array], Array]


class Runtime(Protocol):
    """The functions of a backend's module in this package: NAME.py for the backend NAME."""

    def why_not(self, variant: Variant, device: str) -> str | None: ...
    def load(self, variant: Variant, folder: Path, device: str, threads: int = 0) -> Run: ...
    def runtime_version(self) -> str: ...


@runtime_checkable
class Measurable(Protocol):
    """A runtime that can run a model without copies to and from the host."""

    def load_resident(
        self, variant: Variant, folder: Path, device: str, images: Array, threads: int
    ) -> Callable[[], None]: ...


def runtime(name: str) -> Runtime:
    """The runtime of a backend. Raises UsageError for an unknown name."""
    if name not in BACKENDS:
        raise UsageError(_unknown(name))
    return cast(Runtime, import_module(f"{__name__}.{name}"))


def _unknown(name: str) -> str:
    return (
        f"its backend '{name}' is not known to this Ludus ({', '.join(BACKENDS)}); a newer one may "
        "know it"
    )


def why_not(variant: Variant, device: str) -> str | None:
    """Why this machine cannot run a variant on a device, or None."""
    if variant.backend not in BACKENDS:
        return _unknown(variant.backend)
    try:
        return runtime(variant.backend).why_not(variant, device)
    except ModuleNotFoundError as error:
        return (
            f"the Python package '{error.name}' is not installed; "
            "in a checkout of Ludus: pip install '.[runtimes]'"
        )


def load(variant: Variant, folder: Path, device: str, threads: int = 0) -> Run:
    """Load a variant whose files lie in folder. Raises DeviceError where it cannot run there.

    threads: of the CPU; 0 is all cores. The result is not thread-safe.
    """
    _refuse(variant, device)
    return runtime(variant.backend).load(variant, folder, device, threads)


def load_resident(
    variant: Variant, folder: Path, device: str, images: Array, threads: int = 0
) -> Callable[[], None]:
    """Load a variant with images [N, ...] in the device's memory, to time it.

    A call computes the answers and leaves them there. Raises DeviceError where the variant cannot
    run there, UsageError where its backend cannot do this.
    """
    _refuse(variant, device)
    found = runtime(variant.backend)
    if not isinstance(found, Measurable):
        raise UsageError(f"{variant.backend} runs only from the host's memory")
    return found.load_resident(variant, folder, device, images, threads)


def _refuse(variant: Variant, device: str) -> None:
    reason = why_not(variant, device)
    if reason is not None:
        raise DeviceError(f"{variant.target} cannot run on '{device}': {reason}")
