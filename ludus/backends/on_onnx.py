"""ONNX Runtime on the CPU: the exported model as it is."""

import shutil
from importlib.metadata import version
from pathlib import Path

from ludus.backends import Run, Sources, describe
from ludus.errors import ToolError
from ludus.manifest import EntryFunction, Variant
from ludus.params import OtherTarget

MODEL = "model.onnx"


def build(name: str, target: OtherTarget, sources: Sources, out: Path) -> Variant:
    """Copy the exported model."""
    shutil.copyfile(sources.export / MODEL, out / MODEL)
    return describe(
        name,
        out,
        [MODEL],
        backend="onnx",
        entry_functions=[EntryFunction(name="main", batch=-1)],
    )


def why_not(variant: Variant, device: str) -> str | None:
    """Why this machine cannot run a variant on a device, or None."""
    import onnxruntime  # noqa: F401

    return None if device == "cpu" else "ONNX Runtime is used on the device 'cpu' alone"


def load(variant: Variant, folder: Path, device: str) -> Run:
    """Load the model. Raises ToolError where ONNX Runtime refuses it."""
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    path = str(folder / variant.files[0].path)
    refusals = (state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf)
    try:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except (*refusals, state.NotImplemented, state.RuntimeException) as error:
        raise ToolError(f"ONNX Runtime {runtime_version()} cannot load {path}: {error}") from None
    input_name = session.get_inputs()[0].name
    return lambda images: session.run(None, {input_name: images})[0]


def runtime_version() -> str:
    """Of ONNX Runtime."""
    return version("onnxruntime")
