"""Who takes part: each variant on each device that it could run on, and the peers."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ludus import runtimes
from ludus.benchmark import peers
from ludus.bundle.schema import Variant
from ludus.config.backends import BACKENDS
from ludus.core.errors import UsageError, nearest
from ludus.runtimes import Run, devices

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A runner of one variant on one device."""

    runner: str
    variant: Variant
    folder: Path  # that the paths of the variant's files begin in
    device: str
    package: str  # what it imports before anything can be loaded
    why_not: Callable[[], str | None]
    load: Callable[[int], Run]  # with this many threads
    # The module alone, loaded with these images and this many threads.
    load_alone: Callable[[Array, int], Callable[[], None]] | None = None

    @property
    def target(self) -> str:
        return self.variant.target

    @property
    def files(self) -> list[Path]:
        return [self.folder / file.path for file in self.variant.files]

    @property
    def key(self) -> tuple[str, str, str]:
        return self.runner, self.target, self.device

    @property
    def on_cpu(self) -> bool:
        return self.device == "cpu"

    @property
    def is_baseline(self) -> bool:
        """Whether it is what every ratio is taken to."""
        return self.runner == BACKENDS["onnx"].title and self.on_cpu


def of_variants(variants: list[tuple[Variant, Path]]) -> list[Contestant]:
    """The contestants of variants, each with the folder that its files' paths begin in."""
    return [
        contestant
        for variant, folder in variants
        for contestant in [*_on_devices(variant, folder), *_peers(variant, folder)]
    ]


def chosen(contestants: list[Contestant], only: list[str], on: list[str]) -> list[Contestant]:
    """Those of the named targets and devices, and the baseline; an empty list names all.

    Raises UsageError with the nearest name.
    """
    targets = {contestant.target for contestant in contestants}
    for name in only:
        if name not in targets:
            raise UsageError(f"no variant '{name}'{nearest(name, targets)}")
    for word in on:
        devices.known_device(word)
    return [
        contestant
        for contestant in contestants
        if contestant.is_baseline
        or ((not only or contestant.target in only) and (not on or contestant.device in on))
    ]


def _on_devices(variant: Variant, folder: Path) -> list[Contestant]:
    """A variant on each device that its runtime could use, here or on another machine."""
    backend = BACKENDS.get(variant.backend)
    drivers = backend.kinds(variant.driver) if backend else frozenset()
    # "vulkan" is the first of the Vulkan devices, each of which has a word of its own; SwiftShader
    # is there to find faults, and no player has it.
    left_out = ("vulkan", "vulkan-swiftshader")
    words = [word for word, known in devices.DEVICES.items() if known.probe in drivers]
    return [_contestant(variant, folder, word) for word in words if word not in left_out]


def _contestant(variant: Variant, folder: Path, device: str) -> Contestant:
    backend = BACKENDS[variant.backend]
    measurable = isinstance(runtimes.runtime(variant.backend), runtimes.Measurable)

    def alone(images: Array, threads: int) -> Callable[[], None]:
        return runtimes.load_alone(variant, folder, device, images, threads)

    return Contestant(
        runner=backend.title,
        variant=variant,
        folder=folder,
        device=device,
        package=backend.package,
        why_not=lambda: runtimes.why_not(variant, device),
        load=lambda threads: runtimes.load(variant, folder, device, threads),
        load_alone=alone if measurable else None,
    )


def _peers(variant: Variant, folder: Path) -> list[Contestant]:
    """Runners that no target is for, on the files of one that is."""
    path = folder / variant.files[0].path
    if variant.backend == "onnx":
        return [
            Contestant(
                runner="OpenVINO",
                variant=variant,
                folder=folder,
                device="cpu",
                package="openvino",
                why_not=peers.why_no_openvino,
                load=lambda threads: peers.openvino(path, threads),
            )
        ]
    if variant.backend == "torch":
        return [
            Contestant(
                runner="TorchScript in a CUDA graph",
                variant=variant,
                folder=folder,
                device="cuda",
                package="torch",
                why_not=lambda: runtimes.why_not(variant, "cuda"),
                load=lambda _: peers.CudaGraphs(path).run,
                load_alone=lambda images, _: peers.CudaGraphs(path).alone(images),
            )
        ]
    return []
