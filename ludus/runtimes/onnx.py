"""ONNX Runtime on the CPU: the exported model as it is."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from ludus.bundle.schema import Variant
from ludus.core.errors import ToolError
from ludus.runtimes import Run
from ludus.runtimes.batches import ANY, run_in_batches, split
from ludus.runtimes.devices.module import Array

if TYPE_CHECKING:
    import onnxruntime


def why_not(variant: Variant, device: str) -> str | None:
    """Why this machine cannot run a variant on a device, or None."""
    import onnxruntime  # noqa: F401

    return None if device == "cpu" else "ONNX Runtime runs only on 'cpu'"


def load(variant: Variant, folder: Path, device: str, threads: int = 0) -> Run:
    """Load the model. Raises ToolError where ONNX Runtime refuses it."""
    session = _session(variant, folder, threads)
    input_name = session.get_inputs()[0].name
    batch = variant.entry_functions[0].batch

    def call(images: Array) -> Array:
        answer: Array = session.run(None, {input_name: images})[0]
        return answer

    return call if batch == ANY else lambda images: run_in_batches(call, [batch], images)


def load_resident(
    variant: Variant, folder: Path, device: str, images: Array, threads: int = 0
) -> Callable[[], None]:
    """Load the model and bind images and answers to it, so that a call copies neither."""
    session = _session(variant, folder, threads)
    batch = variant.entry_functions[0].batch
    bindings = []
    for part in [images] if batch == ANY else split(images, [batch]):
        binding = session.io_binding()
        binding.bind_cpu_input(session.get_inputs()[0].name, part)
        binding.bind_output(session.get_outputs()[0].name)
        bindings.append(binding)

    def run() -> None:
        for binding in bindings:
            session.run_with_iobinding(binding)

    return run


def _session(variant: Variant, folder: Path, threads: int) -> "onnxruntime.InferenceSession":
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    path = str(folder / variant.files[0].path)
    refusals = (state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf)
    try:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads  # 0: one for each core
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except (*refusals, state.NotImplemented, state.RuntimeException) as error:
        raise ToolError(f"ONNX Runtime {runtime_version()} cannot load {path}: {error}") from None


def runtime_version() -> str:
    """The version of ONNX Runtime."""
    return version("onnxruntime")


if TYPE_CHECKING:  # mypy holds this file to the protocol
    from ludus.runtimes import Runtime
    from ludus.runtimes import onnx as this

    _offered: Runtime = this
