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


# "vulkan" is the first of the Vulkan devices, each of which has a word of its own; SwiftShader is
# there to find faults, and no player has it.
NOT_MEASURED = ("vulkan", "vulkan-swiftshader")


@dataclass(frozen=True, kw_only=True)
class Runner:
    """A runner of one variant on one device."""

    name: str
    variant: Variant
    folder: Path  # that the paths of the variant's files begin in
    device: str
    package: str  # what it imports before anything can be loaded
    why_not: Callable[[], str | None]
    load: Callable[[int], Run]  # with this many threads
    # The module, loaded with these images and this many threads.
    load_resident: Callable[[Array, int], Callable[[], None]] | None = None

    @property
    def target(self) -> str:
        return self.variant.target

    @property
    def files(self) -> list[Path]:
        return [self.folder / file.path for file in self.variant.files]

    @property
    def key(self) -> tuple[str, str, str]:
        return self.name, self.target, self.device

    @property
    def on_cpu(self) -> bool:
        return self.device == "cpu"

    @property
    def is_baseline(self) -> bool:
        """Whether it is what every ratio is taken to."""
        return self.name == BACKENDS["onnx"].title and self.on_cpu


def of_variants(variants: list[tuple[Variant, Path]]) -> list[Runner]:
    """The runners of variants, each with the folder that its files' paths begin in."""
    return [
        runner
        for variant, folder in variants
        for runner in [*_on_devices(variant, folder), *_peers(variant, folder)]
    ]


def chosen(runners: list[Runner], only: list[str], on: list[str]) -> list[Runner]:
    """Those of the named targets and devices, and the baseline; an empty list names all.

    Raises UsageError with the nearest name.
    """
    targets = {runner.target for runner in runners}
    for name in only:
        if name not in targets:
            raise UsageError(f"no variant '{name}'{nearest(name, targets)}")
    for word in on:
        devices.known_device(word)
    return [
        runner
        for runner in runners
        if runner.is_baseline
        or ((not only or runner.target in only) and (not on or runner.device in on))
    ]


def _on_devices(variant: Variant, folder: Path) -> list[Runner]:
    """A variant on each device that its runtime could use, here or on another machine."""
    backend = BACKENDS.get(variant.backend)
    drivers = backend.kinds(variant.driver) if backend else frozenset()
    names = [word for word, known in devices.DEVICES.items() if known.probe in drivers]
    return [_runner(variant, folder, word) for word in names if word not in NOT_MEASURED]


def _runner(variant: Variant, folder: Path, device: str) -> Runner:
    backend = BACKENDS[variant.backend]
    measurable = isinstance(runtimes.runtime(variant.backend), runtimes.Measurable)

    def resident(images: Array, threads: int) -> Callable[[], None]:
        return runtimes.load_resident(variant, folder, device, images, threads)

    return Runner(
        name=backend.title,
        variant=variant,
        folder=folder,
        device=device,
        package=backend.package,
        why_not=lambda: runtimes.why_not(variant, device),
        load=lambda threads: runtimes.load(variant, folder, device, threads),
        load_resident=resident if measurable else None,
    )


def _peers(variant: Variant, folder: Path) -> list[Runner]:
    """Runners that no target is for, on the files of one that is."""
    path = folder / variant.files[0].path
    if variant.backend == "onnx":
        return [
            Runner(
                name="OpenVINO",
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
            Runner(
                name="TorchScript in a CUDA graph",
                variant=variant,
                folder=folder,
                device="cuda",
                package="torch",
                why_not=lambda: runtimes.why_not(variant, "cuda"),
                load=lambda _: peers.CudaGraphs(path).run,
                load_resident=lambda images, _: peers.CudaGraphs(path).resident(images),
            )
        ]
    return []
