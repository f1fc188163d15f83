"""ncnn, on the CPU or a Vulkan device: converted by pnnx."""

from typing import Literal

from ludus.config.backends.base import Backend, FileTarget


class NcnnTarget(FileTarget):
    """ncnn, on the CPU or a Vulkan device: converted by pnnx."""

    backend: Literal["ncnn"]


BACKEND = Backend(
    name="ncnn",
    title="ncnn",
    package="ncnn",
    target=NcnnTarget,
    devices=frozenset({"cpu", "vulkan"}),
)
