"""The devices of this machine, each known by a word and tested by computing on it.

`why_not("vulkan-gpu")` is None where a small module gave the right answer there, else the reason
and what would help. Nothing falls back to another device.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from iree import runtime as iree
from iree.runtime import _binding

from ludus.core.errors import DeviceError, UsageError, nearest
from ludus.process.prebuilt import Prebuilt
from ludus.runtimes.devices import cpu, vulkan_drivers
from ludus.runtimes.devices.module import Module

# Names by which drivers report a Vulkan device that is the CPU.
SOFTWARE = ("llvmpipe", "SwiftShader")


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device: IREE's driver, which of the driver's devices, and what would install one."""

    driver: str  # as IREE names it
    probe: str  # the file double-<probe>.vmfb
    accepts: Callable[[str], bool] = lambda _: True
    prebuilt: Prebuilt | None = None  # has the Vulkan driver that replaces the system's
    help: str


DEVICES = {
    "cpu": Device(driver="local-sync", probe="cpu", help=""),
    "vulkan": Device(
        driver="vulkan",
        probe="vulkan",
        help="install the graphics driver, or Mesa's software one (Debian: mesa-vulkan-drivers)",
    ),
    "vulkan-llvmpipe": Device(
        driver="vulkan",
        probe="vulkan",
        accepts=lambda name: "llvmpipe" in name,
        help="install Mesa's software driver (Debian: mesa-vulkan-drivers)",
    ),
    "vulkan-swiftshader": Device(
        driver="vulkan",
        probe="vulkan",
        accepts=lambda name: "SwiftShader" in name,
        prebuilt=Prebuilt(name="swiftshader"),
        help="it has no such driver; `rm -r .prebuilt/swiftshader` and `make prebuilt` "
        "install it again",
    ),
    "vulkan-gpu": Device(
        driver="vulkan",
        probe="vulkan",
        accepts=lambda name: not any(software in name for software in SOFTWARE),
        help="needs a GPU and its Vulkan driver",
    ),
    "cuda": Device(driver="cuda", probe="cuda", help="needs an NVIDIA GPU and its driver"),
    "rocm": Device(driver="hip", probe="rocm", help="needs an AMD GPU and ROCm"),
    "metal": Device(driver="metal", probe="metal", help="needs a Mac"),
}

# Error texts of IREE's drivers, and their meaning.
MISSING = {
    "LIBVULKAN_PATH": "there is no Vulkan loader (libvulkan.so.1)",
    "VK_ERROR_INCOMPATIBLE_DRIVER": "there is no Vulkan driver",
    "libcuda.so": "there is no NVIDIA driver (libcuda.so)",
    "libamdhip64": "there is no HIP runtime (libamdhip64.so)",
    "no driver 'metal' registered": "this build of IREE's runtime has no Metal driver",
}


def known_device(word: str) -> Device:
    """The device of a word. Raises UsageError with the nearest known word."""
    if word not in DEVICES:
        raise UsageError(f"no device '{word}'{nearest(word, set(DEVICES))}")
    return DEVICES[word]


@cache
def open_device(word: str) -> tuple[iree.HalDevice, str]:
    """Open a device. Returns it with its driver's name for it. Raises DeviceError."""
    device = known_device(word)
    if device.prebuilt is None:
        return _open(word, iree.get_driver)
    reason = device.prebuilt.why_not()
    if reason is not None:
        raise DeviceError(reason)
    with _vulkan_driver(device.prebuilt.folder):
        # get_driver caches one driver for the process, with the system's devices.
        return _open(word, _binding.create_hal_driver)


def _open(word: str, get_driver: Callable[[str], iree.HalDriver]) -> tuple[iree.HalDevice, str]:
    device = known_device(word)
    try:
        driver = get_driver(device.driver)
        found = driver.query_available_devices()
        for info in found:
            if device.accepts(info["name"]):
                name = cpu.name() if word == "cpu" else info["name"]
                return driver.create_device(info["device_id"]), name
    except (RuntimeError, ValueError) as error:
        raise DeviceError(_with_help(_meaning(str(error)), device)) from None
    names = ", ".join(info["name"] for info in found) or "none"
    reason = f"no such device; the driver '{device.driver}' has: {names}"
    raise DeviceError(_with_help(reason, device))


def _with_help(reason: str, device: Device) -> str:
    """A reason with the next step: repair the driver's files that are named, or install one."""
    if device.driver == "vulkan" and device.prebuilt is None:
        broken = vulkan_drivers.faults()
        if broken:  # the loader's own error may name another cause, such as memory
            return f"{'; '.join(broken)} (so Vulkan says: {reason})"
    return f"{reason}; {device.help}"


@contextmanager
def _vulkan_driver(folder: Path) -> Iterator[None]:
    """Within the block, Vulkan finds only the driver in a folder."""
    name = "VK_DRIVER_FILES"
    before = os.environ.get(name)
    os.environ[name] = str(folder)
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


@cache
def why_not(word: str) -> str | None:
    """None where this machine computes on a device, else the reason."""
    device = known_device(word)
    try:
        opened, _ = open_device(word)
        module = Module(Path(__file__).parent / f"double-{device.probe}.vmfb", opened)
        answer = module.call("double", np.array([1, 2, 3], dtype=np.float32))
    except DeviceError as error:
        return str(error)
    except (RuntimeError, ValueError) as error:
        return f"the device does not compute: {_meaning(str(error))}"
    if answer.tolist() != [2, 4, 6]:
        return f"the device computes wrongly: twice [1, 2, 3] gave {answer.tolist()}"
    return None


def facts(word: str) -> dict[str, str | None]:
    """A device's name, or the reason why it cannot be used, for DVC to see.

    The name includes the version of a prebuilt driver.
    """
    reason = why_not(word)
    if reason is not None:
        return {"name": None, "reason": reason}
    name, prebuilt = open_device(word)[1], known_device(word).prebuilt
    return {"name": f"{name}, {prebuilt.description()}" if prebuilt else name, "reason": None}


def _meaning(message: str) -> str:
    """The meaning of an error of IREE, or its first line where the meaning is unknown."""
    for sign, meaning in MISSING.items():
        if sign in message:
            return meaning
    return message.strip().splitlines()[0].rpartition("; ")[2]
