"""TorchScript in PyTorch; on the CPU it is the reference for all other variants."""

import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from ludus.bundle.schema import Variant
from ludus.core.errors import ToolError
from ludus.runtimes import Run
from ludus.runtimes.batches import run_in_batches
from ludus.runtimes.devices import cpu
from ludus.runtimes.devices.module import Array

if TYPE_CHECKING:
    import torch

DEVICES = {"cpu": "cpu", "cuda": "cuda"}


def why_not(variant: Variant, device: str) -> str | None:
    """Why this machine cannot run a variant on a device, or None."""
    import torch

    if device not in DEVICES:
        return f"PyTorch runs only on {', '.join(DEVICES)}"
    if device == "cuda" and not torch.cuda.is_available():
        return "PyTorch finds no CUDA device; needs an NVIDIA GPU and its driver"
    return None


def load(variant: Variant, folder: Path, device: str, threads: int = 0) -> Run:
    """Load the trace onto a device. PyTorch has one thread count a process; each call sets it."""
    import torch

    model = load_trace(folder / variant.files[0].path, DEVICES[device])
    several = threads or cpu.count()

    @torch.inference_mode()
    def call(images: Array) -> Array:
        _set_threads(several)
        answer: Array = model(torch.from_numpy(images).to(DEVICES[device])).cpu().numpy()
        return answer

    return lambda images: run_in_batches(call, [variant.entry_functions[0].batch], images)


def load_resident(
    variant: Variant, folder: Path, device: str, images: Array, threads: int = 0
) -> Callable[[], None]:
    """Load the trace and put images on the device; the answers stay there."""
    import torch

    model = load_trace(folder / variant.files[0].path, DEVICES[device])
    placed, several = torch.from_numpy(images).to(DEVICES[device]), threads or cpu.count()

    @torch.inference_mode()
    def run() -> None:
        _set_threads(several)
        model(placed)
        if device == "cuda":
            torch.cuda.synchronize()

    return run


def _set_threads(threads: int) -> None:
    import torch

    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


def load_trace(path: Path, device: str) -> "torch.jit.ScriptModule":
    """Load a TorchScript file onto torch's device. Raises ToolError where PyTorch refuses it."""
    import torch

    with warnings.catch_warnings():
        # torch 2.14 recommends torch.export instead; the original request is for TorchScript.
        warnings.filterwarnings("ignore", "`torch.jit.*deprecated", FutureWarning)
        try:
            trace: torch.jit.ScriptModule = torch.jit.load(path, map_location=device)
        except RuntimeError as error:
            said = str(error).splitlines()[0]
            raise ToolError(f"PyTorch {runtime_version()} cannot load {path}: {said}") from None
        return trace.eval()


def runtime_version() -> str:
    """The version of PyTorch."""
    return version("torch")


if TYPE_CHECKING:  # mypy holds this file to the protocol
    from ludus.runtimes import Runtime
    from ludus.runtimes import torch as this

    _offered: Runtime = this
