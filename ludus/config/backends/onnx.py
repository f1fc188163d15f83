"""ONNX Runtime on the CPU: the exported model as it is."""

from typing import Literal

from ludus.config.backends.base import Backend, FileTarget


class OnnxTarget(FileTarget):
    """ONNX Runtime on the CPU: the exported model as it is."""

    backend: Literal["onnx"]


BACKEND = Backend(
    name="onnx",
    title="ONNX Runtime",
    package="onnxruntime",
    target=OnnxTarget,
    devices=frozenset({"cpu"}),
)
