"""Runs a module in the runtime of its own toolchain's environment.

So IREE modules of another version, which this process would refuse, are evaluated in the runtime
that would load them: IREE of 2024 for iree.gd's, shortfin for SHARK's.
"""

from pathlib import Path
from typing import Any

from iree import runtime as iree

from ludus.bundle.schema import Network, Variant
from ludus.data.reference_set import ReferenceSet
from ludus.evaluation.executors import (
    Answers,
    Described,
    blaming_the_executor,
)
from ludus.evaluation.executors.native import run_all
from ludus.process import toolchains
from ludus.runtimes import devices, out_of_process
from ludus.runtimes.iree import why_no_device


def facts() -> dict[str, Any]:
    """The runtime of each toolchain, as its requirements pin it."""
    runtimes = {version: out_of_process.runtime_of(version) for version in toolchains.versions()}
    return {
        f"iree-{version}": {"name": str(runtime), "reason": None}
        for version, runtime in runtimes.items()
        if runtime is not None
    }


def why_not(variant: Variant, device: str) -> str | None:
    """Why a variant cannot be run in its toolchain's environment on a device, or None."""
    return out_of_process.why_no_runtime(str(variant.iree_version)) or why_no_device(
        variant, device
    )


def describe(variant: Variant, device: str) -> Described:
    """The device as this process names it, and the runtime with its version."""
    return Described(
        device_name=devices.open_device(device)[1],
        runtime_version=str(out_of_process.runtime_of(str(variant.iree_version))),
    )


def run(
    variant: Variant, folder: Path, device: str, tests: ReferenceSet, network: Network
) -> Answers:
    """Load the variant there and run the images.

    Raises DeviceError with the runtime's message, and ExecutorError where the runtime cannot be
    installed or started, was killed, or did not answer in time.
    """
    with blaming_the_executor():
        there = out_of_process.load(str(variant.iree_version), variant, folder, _named(device))
        return run_all("own-runtime", there, variant, device, tests, network)


def not_installed() -> list[str]:
    """The toolchains of `facts` that are not installed yet, by their names there."""
    return [
        f"iree-{version}"
        for version in toolchains.versions()
        if out_of_process.runtime_of(version) is not None and not toolchains.is_installed(version)
    ]


def _named(word: str) -> str:
    """A device as every version of IREE's runtime knows it.

    A Vulkan device is named by its UUID: IREE of 2024 does not list llvmpipe, but opens it by that.
    """
    device = devices.known_device(word)
    if device.driver != "vulkan":
        return device.driver
    found = iree.get_driver(device.driver).query_available_devices()
    path = next(info["path"] for info in found if device.accepts(info["name"]))
    digits = path.removeprefix("GPU-")
    parts = (digits[0:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return f"vulkan://{'-'.join(parts)}"
