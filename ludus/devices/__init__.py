"""What this machine can run: each device by a word, tried by really computing on it.

`why_not("vulkan-gpu")` is None where a small module gave the right answer there, else the reason
in words and what would help. Nothing falls back to another device.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from iree import runtime as iree

from ludus.devices import cpu
from ludus.devices.module import Module
from ludus.errors import DeviceError, UsageError, nearest

# Names under which drivers report that a Vulkan device is the CPU.
SOFTWARE = ("llvmpipe", "SwiftShader")


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device word: IREE's driver, which of that driver's devices, and what brings one."""

    driver: str  # as IREE names it
    probe: str  # the file double-<probe>.vmfb
    accepts: Callable[[str], bool] = lambda _: True
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

# What IREE's drivers say when something is missing, and what that means.
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
    """Open a device. Returns it with the name that its driver gives. Raises DeviceError."""
    device = known_device(word)
    try:
        driver = iree.get_driver(device.driver)
        found = driver.query_available_devices()
        for info in found:
            if device.accepts(info["name"]):
                name = cpu.name() if word == "cpu" else info["name"]
                return driver.create_device(info["device_id"]), name
    except (RuntimeError, ValueError) as error:
        raise DeviceError(f"{_in_words(str(error))}; {device.help}") from None
    names = ", ".join(info["name"] for info in found) or "none"
    raise DeviceError(f"no such device; the driver '{device.driver}' has: {names}; {device.help}")


@cache
def why_not(word: str) -> str | None:
    """None where this machine computes on a device, else the reason in words."""
    device = known_device(word)
    try:
        opened, _ = open_device(word)
        module = Module(Path(__file__).parent / f"double-{device.probe}.vmfb", opened)
        answer = module.call("double", np.array([1, 2, 3], dtype=np.float32))
    except DeviceError as error:
        return str(error)
    except (RuntimeError, ValueError) as error:
        return f"the device does not compute: {_in_words(str(error))}"
    if answer.tolist() != [2, 4, 6]:
        return f"the device computes wrongly: twice [1, 2, 3] gave {answer.tolist()}"
    return None


def _in_words(message: str) -> str:
    """The meaning of an error of IREE's, or its first line where that is not known."""
    for sign, meaning in MISSING.items():
        if sign in message:
            return meaning
    return message.strip().splitlines()[0].rpartition("; ")[2]
