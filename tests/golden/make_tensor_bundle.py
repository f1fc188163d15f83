"""Make tests/golden/tensor-bundle, the good bundle of a network that is no classifier of drawings.

    python tests/golden/make_tensor_bundle.py [FOLDER]

A convolution, relu and a dense layer: [N, 3, 8, 8] to [N, 4, 5], no labels, pictures as photos;
its golden data are tensors. The weights are drawn from whole numbers, so that every machine gets
the same.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from make_bundle import PARAMS, build
from torch import nn

from ludus.bundle.schema import Network, Tensor
from ludus.core.pictures import Photo
from ludus.data.reference_set import ReferenceSet

HERE = Path(__file__).parent
HOW = Photo(
    kind="photo",
    height=8,
    width=8,
    fit="crop",
    channels="RGB",
    layout="NCHW",
    scale=1 / 255,
    mean=[0.485, 0.456, 0.406],
    std=[0.229, 0.224, 0.225],
)
DESCRIBED = Network(
    inputs=[Tensor(name="picture", datatype="FP32", shape=[-1, 3, 8, 8])],
    outputs=[Tensor(name="features", datatype="FP32", shape=[-1, 4, 5])],
    labels=[],
    preprocess=HOW,
)


def make(out: Path) -> None:
    """Write the bundle; the same bytes each time."""
    random = np.random.default_rng(29)
    kernel = random.integers(-32, 33, (4, 3, 3, 3)) / 128
    dense = random.integers(-32, 33, (5, 36)) / 128
    inputs = random.integers(-512, 513, (6, 3, 8, 8)) / 256
    tests = ReferenceSet(
        inputs=inputs.astype(np.float32), labels=None, reference=_reference(inputs, kernel, dense)
    )
    floors = PARAMS.gate.model_copy(update={"accuracy": 0.0})
    named = PARAMS.bundle.model_copy(update={"name": "golden-tensors"})
    params = PARAMS.model_copy(update={"gate": floors, "bundle": named})
    build(_network(kernel, dense), DESCRIBED, tests, params, out)


def _reference(inputs: np.ndarray, kernel: np.ndarray, dense: np.ndarray) -> np.ndarray:
    """float32 [N, 4, 5], exact: products of such numbers are, in float64."""
    windows = np.lib.stride_tricks.sliding_window_view(inputs, (3, 3), axis=(2, 3))
    hidden = np.maximum(np.einsum("ncijkl,ockl->noij", windows, kernel), 0)
    return (hidden.reshape(len(inputs), 4, 36) @ dense.T).astype(np.float32)


class Features(nn.Module):
    """The network itself."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 3, bias=False)
        self.dense = nn.Linear(36, 5, bias=False)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.dense(torch.relu(self.convolution(picture)).flatten(2))
        return features


def _network(kernel: np.ndarray, dense: np.ndarray) -> nn.Module:
    network = Features().eval()
    with torch.no_grad():
        network.convolution.weight.copy_(torch.from_numpy(kernel))
        network.dense.weight.copy_(torch.from_numpy(dense))
    return network


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, nargs="?", default=HERE / "tensor-bundle")
    make(parser.parse_args().out.absolute())
