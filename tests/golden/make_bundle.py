"""Make tests/golden/bundle, the good bundle that the tests of every program that reads one share.

    python tests/golden/make_bundle.py [FOLDER]

Its network is small enough to check by hand: the nearest of the ten drawings beside this file.
With t_k a drawing as the network's input, output k is the softmax of (x . t_k - |t_k|^2 / 2) / 8.
The stages lower, compile, evaluate and bundle make the rest, as they do for a real network.
"""

import argparse
import contextlib
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.export import Dim

from ludus.bundle.preprocessing import load_image, preprocess
from ludus.bundle.schema import Network, Tensor, read_network, read_variant
from ludus.config.params import Params
from ludus.core.pictures import Preprocess
from ludus.core.types import Gate
from ludus.data.reference_set import ReferenceSet
from ludus.evaluation.results import Result, judge, write_results
from ludus.evaluation.run import evaluate
from stages.bundle import bundle
from stages.compile import compile_target
from stages.lower import lower

HERE = Path(__file__).parent
SIZE = 28
LABELS = [str(digit) for digit in range(10)]
HOW = Preprocess(
    size=SIZE, box=20, layout="NCHW", scale=1 / 255, mean=0.0, invert="auto", centre="mass"
)
IREE = {"backend": "iree", "toolchain": "3.13.0"}
PARAMS = Params.model_validate(
    {
        "data": {"sources": ["folder"], "folder": "unused", "validation": 10, "seed": 1},
        "train": {
            "epochs": 1,
            "batch_size": 1,
            "learning_rate": 1.0,
            "schedule": "constant",
            "seed": 1,
            "threads": 1,
        },
        "bundle": {"name": "golden", "version": "1.0.0", "golden": 10},
        "lowerings": {
            "split": {"rewrites": [], "batches": [1, 4]},  # a runner must split and pad
            "dynamic": {"rewrites": [], "batches": "dynamic"},
        },
        "targets": {
            "iree-vulkan": {
                **IREE,
                "lowering": "dynamic",
                "driver": "vulkan",
                "flags": [
                    "--iree-hal-target-device=vulkan",
                    "--iree-vulkan-target=vp_android_baseline_2022",
                ],
            },
            "iree-vmvx": {
                **IREE,
                "lowering": "split",
                "driver": "cpu",
                "flags": [
                    "--iree-hal-target-device=local",
                    "--iree-hal-local-target-device-backends=vmvx",
                ],
            },
        },
        "evaluations": {
            "on-cpu": {
                "target": "iree-vmvx",
                "device": "cpu",
                "executor": "native",
                "required": False,
            }
        },
        "gate": {
            "accuracy": 1.0,
            "accuracy_loss": 0.0,
            "agreement": 1.0,
            "max_abs_diff": 0.0001,
        },
    }
)


def make(out: Path) -> None:
    """Write the bundle of drawings; the same bytes each time."""
    images = np.stack([_drawing(label) for label in LABELS])
    weights, bias = _weights(images)
    tests = ReferenceSet(
        inputs=images,
        labels=np.arange(10, dtype=np.uint8),
        reference=_reference(images, weights, bias),
    )
    described = Network(
        inputs=[Tensor(name="image", datatype="FP32", shape=[-1, 1, SIZE, SIZE])],
        outputs=[Tensor(name="probabilities", datatype="FP32", shape=[-1, 10])],
        labels=LABELS,
        preprocess=HOW,
    )
    build(_network(weights, bias), described, tests, PARAMS, out)


def build(
    network: nn.Module, described: Network, tests: ReferenceSet, params: Params, out: Path
) -> None:
    """Write a bundle of a network, by the stages that make a real one's."""
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        artifacts = Path()
        _export(network, described, artifacts / "export")
        lower(artifacts / "export" / "model.pt2", params.lowerings, artifacts / "lowered")
        for target in params.targets:
            folder = artifacts / "targets" / target
            compile_target(target, params, artifacts / "export", artifacts / "lowered", folder)
        results = [
            _evaluate(target, artifacts / "targets" / target, tests, params.gate)
            for target in params.targets
        ]
        write_results(results, artifacts / "report" / "results.json")
        bundle(params, artifacts, tests, artifacts / "no dvc.lock", out)


def _drawing(label: str) -> np.ndarray:
    """A drawing as the network sees it, uint8 [size, size]."""
    values = preprocess(load_image(HERE / "drawings" / f"{label}.png"), HOW)[0]
    return np.rint(values * 255).astype(np.uint8)


def _weights(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float32 [10, size * size] and [10]; from whole numbers, so that every machine gets them."""
    flat = images.reshape(len(images), -1).astype(np.int64)
    weights = flat / (8 * 255)
    bias = -(flat**2).sum(1) / (16 * 255**2)
    return weights.astype(np.float32), bias.astype(np.float32)


def _reference(images: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Probabilities float32 [N, 10], to six places, so that every machine gets the same."""
    x = images.reshape(len(images), -1) / 255
    logits = x @ weights.T.astype(np.float64) + bias
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return (powers / powers.sum(1, keepdims=True)).round(6).astype(np.float32)


def _network(weights: np.ndarray, bias: np.ndarray) -> nn.Module:
    linear = nn.Linear(SIZE * SIZE, 10)
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(weights))
        linear.bias.copy_(torch.from_numpy(bias))
    return nn.Sequential(nn.Flatten(), linear, nn.Softmax(dim=-1)).eval()


def _export(network: nn.Module, described: Network, folder: Path) -> None:
    folder.mkdir()
    batch = Dim("batch", min=1, max=65536)
    example = torch.zeros(2, *described.inputs[0].shape[1:])
    with torch.no_grad():
        program = torch.export.export(network, (example,), dynamic_shapes=({0: batch},))
    torch.export.save(program, folder / "model.pt2")
    (folder / "network.json").write_text(described.model_dump_json(indent=1) + "\n")


def _evaluate(target: str, folder: Path, tests: ReferenceSet, gate: Gate) -> Result:
    """vmvx computes alike everywhere; what a Vulkan device finds would differ by machine."""
    variant = read_variant(folder)
    if variant.driver != "cpu":
        return Result(
            evaluation=target,
            target=target,
            device=str(variant.driver),
            executor="native",
            status="not run",
            reason="the golden bundle is evaluated on the CPU alone",
            sha256=variant.sha256,
        )
    network = read_network(folder.parent.parent / "export")
    result = evaluate(variant, folder, "cpu", tests, network, evaluation=target)
    return judge(result, gate)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, nargs="?", default=HERE / "bundle")
    make(parser.parse_args().out.absolute())
