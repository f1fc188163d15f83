"""ncnn, on the CPU or a Vulkan device: converted by pnnx, one image a call."""

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ludus.bundle.schema import Variant
from ludus.core.errors import ToolError
from ludus.runtimes import Run, devices
from ludus.runtimes.batches import run_in_batches
from ludus.runtimes.devices import cpu
from ludus.runtimes.devices.module import Array


def why_not(variant: Variant, device: str) -> str | None:
    """Why this machine cannot run a variant on a device, or None."""
    import ncnn

    if device == "cpu":
        return None
    if not device.startswith("vulkan"):
        return "ncnn runs only on 'cpu' and Vulkan devices"
    reason = devices.why_not(device)
    if reason is None and _gpu_index(device) is None:
        return f"ncnn {ncnn.__version__} does not take this Vulkan device"
    return reason


def load(variant: Variant, folder: Path, device: str, threads: int = 0) -> Run:
    """Load the network, in float32: by default ncnn rounds to float16 where the device can."""
    import ncnn

    net = ncnn.Net()
    net.opt.num_threads = threads or cpu.count()
    for option in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage"):
        setattr(net.opt, f"use_{option}", False)
    if device != "cpu":
        net.opt.use_vulkan_compute = True
        net.set_vulkan_device(_gpu_index(device))
    param, weights = (str(folder / file.path) for file in variant.files)
    if net.load_param(param) != 0 or net.load_model(weights) != 0:
        raise ToolError(f"ncnn {ncnn.__version__} cannot load {param} and {weights}")

    def call(images: Array) -> Array:
        with net.create_extractor() as extractor:
            extractor.input("in0", ncnn.Mat(images[0]))
            failed, out = extractor.extract("out0")
        if failed:
            raise ToolError(f"ncnn {ncnn.__version__} failed to run {param} on '{device}'")
        return np.array(out, dtype=np.float32)[None]

    return lambda images: run_in_batches(call, [1], images)


def runtime_version() -> str:
    """The version of ncnn."""
    return version("ncnn")


def _gpu_index(device: str) -> int | None:
    """ncnn's index of a Vulkan device."""
    import ncnn

    accepts = devices.known_device(device).accepts
    names = [ncnn.get_gpu_info(index).device_name() for index in range(ncnn.get_gpu_count())]
    return next((index for index, name in enumerate(names) if accepts(name)), None)


if TYPE_CHECKING:  # mypy holds this file to the protocol
    from ludus.runtimes import Runtime
    from ludus.runtimes import ncnn as this

    _offered: Runtime = this
