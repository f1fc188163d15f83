"""IREE: MLIR compiled to a module, run through a HAL driver."""

from importlib.metadata import version
from pathlib import Path

from ludus import devices
from ludus.backends import Run, Sources, batches, describe
from ludus.devices.cpu import why_not_cpu
from ludus.devices.module import Array, Module
from ludus.errors import DeviceError, ManifestError, RuntimeVersionError
from ludus.manifest import EntryFunction, Variant
from ludus.params import IreeTarget, Lowering
from ludus.toolchain import iree_compile

MODULE = "model.vmfb"


def build(name: str, target: IreeTarget, sources: Sources, out: Path) -> Variant:
    """Compile out/model.vmfb. Raises ToolError with the compiler's words."""
    source = sources.lowered / f"{target.lowering}.mlir"
    iree_compile(target.toolchain, source, target.flags, out / MODULE)
    return describe(
        name,
        out,
        [MODULE],
        backend="iree",
        driver=target.driver,
        iree_version=target.toolchain,
        cpu=target.cpu,
        entry_functions=entry_functions(sources.lowerings[target.lowering]),
    )


def entry_functions(lowering: Lowering) -> list[EntryFunction]:
    """The functions that a lowering's MLIR has."""
    if lowering.batches == "dynamic":
        return [EntryFunction(name="main", batch=batches.ANY)]
    return [EntryFunction(name=f"batch_{batch}", batch=batch) for batch in lowering.batches]


def why_not(variant: Variant, device: str) -> str | None:
    """Why this machine cannot run a variant on a device, or None."""
    driver = devices.known_device(device).probe
    if driver != variant.driver:
        return f"it is built for the driver '{variant.driver}', not for '{driver}'"
    return (
        _why_not_version(variant)
        or (why_not_cpu(variant.cpu) if variant.cpu else None)
        or devices.why_not(device)
    )


def load(variant: Variant, folder: Path, device: str) -> Run:
    """Load the module on a device.

    Raises RuntimeVersionError where the runtime refuses it, ManifestError where it lacks an entry
    function, and when it is called DeviceError, with the runtime's words.
    """
    opened, _ = devices.open_device(device)
    path = folder / variant.files[0].path
    try:
        module = Module(path, opened)
    except (RuntimeError, ValueError) as error:
        raise RuntimeVersionError(
            f"{path} is refused by IREE's runtime {runtime_version()}: {error}"
        ) from None
    names = {entry.batch: entry.name for entry in variant.entry_functions}
    for name in names.values():
        if not module.has(name):
            raise ManifestError(f"{path} has no entry function '{name}', which its variant names")

    def call(batch: int, images: Array) -> Array:
        try:
            return module.call(names.get(batch) or names[batches.ANY], images)
        except (RuntimeError, ValueError) as error:
            said = str(error).splitlines()[0]
            raise DeviceError(f"{path} failed on '{device}': {said}") from None

    return lambda images: batches.run_in_batches(call, list(names), images)


def runtime_version() -> str:
    """Of IREE's runtime."""
    return version("iree-base-runtime")


def _why_not_version(variant: Variant) -> str | None:
    """IREE's modules run in the runtime of their own minor version alone."""
    wanted, here = str(variant.iree_version).split(".")[:2], runtime_version().split(".")[:2]
    if wanted != here:
        return f"it needs IREE's runtime {variant.iree_version}, and {runtime_version()} is here"
    return None
