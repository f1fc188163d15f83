"""TorchScript in PyTorch: the exported trace as it is."""

from typing import Literal

from ludus.config.backends.base import Backend, FileTarget


class TorchTarget(FileTarget):
    """TorchScript in PyTorch: the exported trace as it is."""

    backend: Literal["torch"]


BACKEND = Backend(
    name="torch",
    title="TorchScript",
    package="torch",
    target=TorchTarget,
    devices=frozenset({"cpu", "cuda"}),
)
