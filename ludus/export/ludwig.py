"""Converts a trained Ludwig model to a torch program without Ludwig, and its description.

This module does not import Ludwig, which takes 20 seconds; a caller with a model has done so.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.export import Dim, ExportedProgram

from ludus.bundle.schema import Network, Tensor
from ludus.core.errors import ExportError
from ludus.core.pictures import Preprocess

# Ludwig's type annotations say None for attributes that are set later.
Trained = Any
Array = npt.NDArray[np.float32]
CHUNK = 1000  # images at a time, to limit memory
LARGEST_DIFFERENCE = 1e-5  # of any probability


class Classifier(nn.Module):
    """Encoder and head of a Ludwig model: images [N, C, H, W] to probabilities [N, classes].

    Ludwig's complete module (dictionaries, `squeeze` in its Dense) is more than exporters support.
    """

    def __init__(self, trained: Trained) -> None:
        super().__init__()
        (encoder,), (head,) = (
            list(features.values())
            for features in (trained.model.input_features, trained.model.output_features)
        )
        self.encoder = encoder.encoder_obj
        self.dense = head.decoder_obj.dense.dense

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        hidden = self.encoder(image)["encoder_output"]
        return torch.softmax(self.dense(hidden), dim=-1)


def describe(trained: Trained) -> Network:
    """The description of the network. Raises ExportError if outputs are not in label order."""
    metadata = trained.training_set_metadata
    image, label = (
        features[0]["name"]
        for features in (trained.config["input_features"], trained.config["output_features"])
    )
    labels = metadata[label]["idx2str"]
    if labels != sorted(labels):
        raise ExportError(f"the model's outputs are in the order {labels}, not in that of labels")
    channels, height, width = metadata[image]["reshape"]
    return Network(
        inputs=[Tensor(name="image", datatype="FP32", shape=[-1, channels, height, width])],
        outputs=[Tensor(name="probabilities", datatype="FP32", shape=[-1, len(labels)])],
        labels=labels,
        # MNIST's own: digits in a box of 20, their centre of mass in the middle.
        preprocess=Preprocess(
            size=height,
            box=height - 8,
            layout="NCHW",
            scale=1 / 255,
            mean=0.0,
            invert="auto",
            centre="mass",
        ),
    )


def write(trained: Trained, images: Array, folder: Path) -> None:
    """Write program.pt2 and network.json.

    images: [N, C, H, W]. Raises ExportError if the answers of the program, read back from disk,
    differ from Ludwig's.
    """
    network = describe(trained)
    expected = answers(trained, images)
    torch.export.save(to_program(trained, images), folder / "program.pt2")
    found = run_in_chunks(torch.export.load(folder / "program.pt2").module(), images)
    compare("program.pt2", found, expected, "Ludwig")
    (folder / "network.json").write_text(network.model_dump_json(indent=1) + "\n")


def to_program(trained: Trained, images: Array) -> ExportedProgram:
    """The network as torch's ExportedProgram for any batch, with two of images as its example."""
    classifier = Classifier(trained).eval().cpu()
    classifier.to(memory_format=torch.contiguous_format)
    example = torch.from_numpy(images[:2])
    with torch.no_grad():
        program = torch.export.export(
            classifier, (example,), dynamic_shapes=({0: Dim("batch", min=1, max=65536)},)
        )
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # names this machine's source paths
    return program


def answers(trained: Trained, images: Array) -> Array:
    """Ludwig's own probabilities [N, classes] of images [N, C, H, W]."""
    image = next(iter(trained.model.input_features))
    label = next(iter(trained.model.output_features))

    def predict(part: torch.Tensor) -> torch.Tensor:
        outputs = trained.model.outputs_to_predictions(trained.model({image: part}))
        found: torch.Tensor = outputs[label]["probabilities"]
        return found

    trained.model.to("cpu").eval()
    return run_in_chunks(predict, images)


def run_in_chunks(network: Callable[[torch.Tensor], torch.Tensor], images: Array) -> Array:
    """The answers of network to images [N, C, H, W], in parts of CHUNK images."""
    with torch.inference_mode():
        parts = torch.from_numpy(images).split(CHUNK)
        return torch.cat([network(part) for part in parts]).numpy()


def compare(name: str, found: Array, expected: Array, reference: str) -> None:
    """Raises ExportError if the answers [N, classes] of name differ from those of reference."""
    differences = np.abs(found - expected)
    image, output = np.unravel_index(int(differences.argmax()), differences.shape)
    largest = float(differences[image, output])
    print(f"{name}: largest difference to {reference} {largest:.1e} ({len(found)} images)")
    if not largest <= LARGEST_DIFFERENCE:
        raise ExportError(
            f"{name} differs from {reference} by {largest:.3g}, more than {LARGEST_DIFFERENCE:g}: "
            f"image {image}, output {output} is {found[image, output]:.6f}, "
            f"expected {expected[image, output]:.6f}"
        )
