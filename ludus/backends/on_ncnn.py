"""ncnn, on the CPU or a Vulkan device: converted by pnnx, one image a call."""

import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

from ludus import devices
from ludus.backends import Run, Sources, describe
from ludus.backends.batches import run_in_batches
from ludus.devices import cpu
from ludus.devices.module import Array
from ludus.errors import ToolError
from ludus.manifest import EntryFunction, Variant
from ludus.params import OtherTarget
from ludus.toolchain import run_tool

PARAM, BIN = "model.param", "model.bin"


def build(name: str, target: OtherTarget, sources: Sources, out: Path) -> Variant:
    """Convert the exported trace with pnnx. Raises ToolError with the converter's words."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        exported = sources.exported("model.torchscript", f"targets.{name}")
        shutil.copyfile(exported, folder / "model.pt")
        pnnx = str(Path(sys.executable).with_name("pnnx"))
        command = [pnnx, "model.pt", *target.flags]
        said = run_tool(command, folder, paste=[pnnx, str(exported), *target.flags])
        for flag in target.flags:
            if f"\n{flag.replace('=', ' = ')}\n" not in f"\n{said}":
                raise ToolError(f"targets.{name}.flags: pnnx took no notice of '{flag}'")
        for made, kept in (("model.ncnn.param", PARAM), ("model.ncnn.bin", BIN)):
            if not (folder / made).exists():
                raise ToolError(f"pnnx made no {made} and said:\n{said}")
            shutil.copyfile(folder / made, out / kept)
    return describe(
        name,
        out,
        [PARAM, BIN],
        backend="ncnn",
        entry_functions=[EntryFunction(name="main", batch=1)],
    )


def why_not(variant: Variant, device: str) -> str | None:
    """Why this machine cannot run a variant on a device, or None."""
    import ncnn

    if device == "cpu":
        return None
    if not device.startswith("vulkan"):
        return "ncnn runs on 'cpu' and Vulkan devices alone"
    reason = devices.why_not(device)
    if reason is None and _gpu_index(device) is None:
        return f"ncnn {ncnn.__version__} does not take this Vulkan device"
    return reason


def load(variant: Variant, folder: Path, device: str, threads: int = 0) -> Run:
    """Load the network; float32 throughout, since ncnn would round to float16 where it may."""
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
    """Of ncnn."""
    return version("ncnn")


def _gpu_index(device: str) -> int | None:
    """ncnn's index of a Vulkan device."""
    import ncnn

    accepts = devices.known_device(device).accepts
    names = [ncnn.get_gpu_info(index).device_name() for index in range(ncnn.get_gpu_count())]
    return next((index for index, name in enumerate(names) if accepts(name)), None)
