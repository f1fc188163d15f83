"""IREE: MLIR compiled to a module, run through a HAL driver."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ludus.bundle.schema import Variant
from ludus.core.errors import DeviceError, ManifestError, RuntimeVersionError
from ludus.runtimes import Run, batches, devices
from ludus.runtimes.devices import cpu, fenced
from ludus.runtimes.devices.module import Array, Input, Module


def why_not(variant: Variant, device: str) -> str | None:
    """Why this machine cannot run a variant on a device, or None."""
    return _why_not_version(variant) or why_no_device(variant, device)


def why_no_device(variant: Variant, device: str) -> str | None:
    """Why a variant does not fit a device, or this machine has no such device, in any runtime."""
    driver = devices.known_device(device).probe
    if driver != variant.driver:
        return f"it is built for the driver '{variant.driver}', not for '{driver}'"
    return (cpu.why_not_cpu(variant.cpu) if variant.cpu else None) or devices.why_not(device)


def load(variant: Variant, folder: Path, device: str, threads: int = 0) -> Run:
    """Load the module on a device.

    On the CPU each thread has a share of the batches. Raises RuntimeVersionError where the runtime
    refuses the module, ManifestError where it lacks an entry function. A call raises DeviceError
    with the runtime's message.
    """
    path = folder / variant.files[0].path
    pool, names = _pool(variant, path, device, threads), _names(variant)
    sizes, largest = list(names), max(names)

    def work(module: Module, part: Array) -> Array:
        return module.call(names.get(len(part)) or names[batches.ANY], part)

    def run(images: Array) -> Array:
        with _DeviceErrors(path, device):
            parts = batches.split(images, sizes)
            answers = pool.run(work, parts, on_caller=len(images) <= largest)
        whole = answers[0] if len(answers) == 1 else np.concatenate(answers)
        return whole[: len(images)]

    return run


def load_resident(
    variant: Variant, folder: Path, device: str, images: Array, threads: int = 0
) -> Callable[[], None]:
    """Load the module and put images into the device's memory; raises as `load` does.

    The result runs the module on them and waits for the answers, which stay on the device.
    """
    path = folder / variant.files[0].path
    pool, names = _pool(variant, path, device, threads), _names(variant)
    placed = [
        Input(devices.open_device(device)[0], part) for part in batches.split(images, list(names))
    ]

    def work(module: Module, part: Input) -> None:
        module.invoke(names.get(part.shape[0]) or names[batches.ANY], part)

    def run() -> None:
        with _DeviceErrors(path, device):
            pool.run(work, placed, on_caller=len(images) <= max(names))

    return run


def _names(variant: Variant) -> dict[int, str]:
    """The name of the entry function for each batch size."""
    return {entry.batch: entry.name for entry in variant.entry_functions}


def _pool(variant: Variant, path: Path, device: str, threads: int) -> batches.WorkerPool[Module]:
    """The module, loaded once for each thread: on a CPU the number asked for, else one."""
    opened, _ = devices.open_device(device)
    given = any(entry.buffers for entry in variant.entry_functions)
    try:
        module = (fenced.FencedModule if given else Module)(path, opened)
    except (RuntimeError, ValueError) as error:
        raise RuntimeVersionError(
            f"{path} is refused by IREE's runtime {runtime_version()}: {error}"
        ) from None
    for name in _names(variant).values():
        if not module.has(name):
            raise ManifestError(f"{path} has no entry function '{name}', which its variant names")
    several = (threads or cpu.count()) if device == "cpu" else 1
    return batches.WorkerPool([module, *(module.twin() for _ in range(several - 1))])


class _DeviceErrors:
    """Turns the runtime's errors into DeviceError; @contextmanager would cost a microsecond."""

    def __init__(self, path: Path, device: str) -> None:
        self._where = f"{path} failed on '{device}'"

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, RuntimeError | ValueError):
            raise DeviceError(f"{self._where}: {str(error).splitlines()[0]}") from None


def runtime_version() -> str:
    """The version of IREE's runtime."""
    return version("iree-base-runtime")


def _why_not_version(variant: Variant) -> str | None:
    """Why the version is wrong: IREE's modules run only in a runtime of their minor version."""
    if not same_minor(str(variant.iree_version)):
        return f"it needs IREE's runtime {variant.iree_version}, and {runtime_version()} is here"
    return None


def same_minor(wanted: str) -> bool:
    """Whether modules of a version run in the installed runtime."""
    return wanted.split(".")[:2] == runtime_version().split(".")[:2]


if TYPE_CHECKING:  # mypy holds this file to the protocol
    from ludus.runtimes import Runtime
    from ludus.runtimes import iree as this

    _offered: Runtime = this
