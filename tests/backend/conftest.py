"""A small network, exported and lowered as the stages do, and its targets, built when asked for."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import pytest

from ludus.bundle.schema import Network, Tensor, Variant
from ludus.config.backends.iree import IreeTarget, Tile
from ludus.config.backends.ncnn import NcnnTarget
from ludus.config.backends.onnx import OnnxTarget
from ludus.config.backends.torch import TorchTarget
from ludus.config.lowerings import Lowering
from ludus.config.params import Params
from ludus.config.targets import Target
from ludus.core.pictures import Preprocess
from support.shared import once

SIZE, CLASSES = 14, 10
LLVM = ["--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=llvm-cpu"]
VMVX = ["--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=vmvx"]
VULKAN = ["--iree-hal-target-device=vulkan", "--iree-vulkan-target=vp_android_baseline_2022"]
CUDA = ["--iree-hal-target-device=cuda", "--iree-cuda-target=sm_80"]


def iree(lowering: str, driver: str, flags: list[str]) -> IreeTarget:
    row = {"backend": "iree", "toolchain": "3.13.0", "lowering": lowering}
    return IreeTarget.model_validate({**row, "driver": driver, "flags": flags})


LOWERINGS = {
    "dynamic": Lowering(rewrites=[], batches="dynamic"),
    "static": Lowering(rewrites=[], batches=[1, 16]),
    "rewritten": Lowering(rewrites=["winograd", "patches"], batches="dynamic"),
    "rewritten-static": Lowering(rewrites=["winograd", "patches"], batches=[1, 16]),
    "callers": Lowering(rewrites=["winograd", "patches"], batches=[1, 16], buffers="caller"),
    "cpu": Lowering(rewrites=["winograd", "patches", "transpose-dense"], batches=[1, 4]),
}
TILES = [Tile(m=1, n=10, k=4), Tile(m=2, n=8, k=4)]
TARGETS: dict[str, Target] = {
    "iree-cpu-dynamic": iree("dynamic", "cpu", LLVM),
    "iree-cpu-static": iree("static", "cpu", LLVM),
    "iree-cpu-rewritten": iree("rewritten", "cpu", LLVM),
    "iree-cpu-rewritten-static": iree("rewritten-static", "cpu", LLVM),
    "iree-cpu-untiled": iree("cpu", "cpu", LLVM),
    "iree-cpu-tiled": iree("cpu", "cpu", LLVM).model_copy(update={"tiles": TILES}),
    "iree-vmvx-static": iree("static", "cpu", VMVX),
    "iree-vulkan-dynamic": iree("rewritten", "vulkan", VULKAN),
    "iree-vulkan-static": iree("static", "vulkan", VULKAN),
    "iree-vulkan-callers": iree("callers", "vulkan", VULKAN),
    "iree-cpu-callers": iree("callers", "cpu", LLVM),
    "iree-cuda": iree("rewritten-static", "cuda", CUDA),
    "onnx": OnnxTarget(backend="onnx"),
    "ncnn": NcnnTarget(backend="ncnn", flags=["fp16=0"]),
    "torchscript": TorchTarget(backend="torch"),
}


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What the export stage makes, and 300 images with the network's own answers."""

    folder: Path
    images: npt.NDArray[np.float32]
    answers: npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Built:
    """A target's files and what describes them."""

    folder: Path
    variant: Variant


@contextmanager
def quiet() -> Iterator[None]:
    """Ludwig, torch and turbine warn of themselves; what is tested here is not that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    folder = once(tmp_path_factory, "export", export)
    with np.load(folder / "exact.npz") as arrays:
        return Exported(folder=folder, images=arrays["images"], answers=arrays["answers"])


def export(folder: Path) -> None:
    """Make the network, and write what the export stage writes of it."""
    with quiet():
        import torch
        from torch import nn

        from ludus.export import formats
        from ludus.export import ludwig as ludwig_export

    class Encoder(nn.Module):
        """Answers in a dictionary, as Ludwig's do."""

        def __init__(self) -> None:
            super().__init__()
            first, second = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 8, 3)
            layers = [first, nn.ReLU(), nn.MaxPool2d(2), second, nn.ReLU(), nn.MaxPool2d(2)]
            self.layers = nn.Sequential(*layers, nn.Flatten())

        def forward(self, x: "torch.Tensor") -> dict[str, "torch.Tensor"]:
            return {"encoder_output": self.layers(x)}

    torch.manual_seed(7)
    encoder, head = Encoder(), nn.Linear(32, CLASSES)
    decoder = SimpleNamespace(dense=SimpleNamespace(dense=head))
    trained = SimpleNamespace(
        model=SimpleNamespace(
            input_features={"image": SimpleNamespace(encoder_obj=encoder)},
            output_features={"label": SimpleNamespace(decoder_obj=decoder)},
        )
    )
    network = Network(
        inputs=[Tensor(name="image", datatype="FP32", shape=[-1, 1, SIZE, SIZE])],
        outputs=[Tensor(name="probabilities", datatype="FP32", shape=[-1, CLASSES])],
        labels=[str(digit) for digit in range(CLASSES)],
        preprocess=Preprocess(
            size=SIZE, box=10, layout="NCHW", scale=1 / 255, mean=0.0, invert="auto", centre="mass"
        ),
    )
    images = np.random.default_rng(7).random((300, 1, SIZE, SIZE), dtype=np.float32)
    with quiet():
        program = ludwig_export.to_program(trained, images)
        torch.export.save(program, folder / "model.pt2")
        formats.write(program, network, images, folder)
    (folder / "network.json").write_text(network.model_dump_json())
    with torch.inference_mode():
        hidden = encoder(torch.from_numpy(images))["encoder_output"]
        answers = torch.softmax(head(hidden), dim=-1).numpy()
    np.savez(
        folder / "reference.npz",
        images=(images[:, 0] * 255).round().astype(np.uint8),
        labels=answers.argmax(1).astype(np.uint8),
        probabilities=answers,
    )
    np.savez(folder / "exact.npz", images=images, answers=answers)


@pytest.fixture(scope="session")
def lowered(exported: Exported, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with <lowering>.mlir for each of LOWERINGS."""
    from stages.lower import lower

    def make(folder: Path) -> None:
        with quiet():
            lower(exported.folder / "model.pt2", LOWERINGS, folder)

    return once(tmp_path_factory, "lowered", make)


@pytest.fixture(scope="session")
def build(
    exported: Exported, lowered: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Built]:

    from stages.compile import compile_target

    params = Params.model_construct(targets=TARGETS, lowerings=LOWERINGS)

    def built(name: str) -> Built:
        folder = once(
            tmp_path_factory,
            f"targets/{name}",
            lambda folder: compile_target(name, params, exported.folder, lowered, folder),
        )
        described = (folder / "variant.json").read_bytes()
        return Built(folder=folder, variant=Variant.model_validate_json(described))

    return built
