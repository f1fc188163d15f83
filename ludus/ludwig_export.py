"""From a trained Ludwig model to files that need no Ludwig.

Importing this module takes half a minute, nearly all of it `import ludwig.api`.
"""

import json
import logging
import os
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}
for name in ("bitsandbytes", "onnxscript", "onnx_ir"):
    logging.getLogger(name).setLevel(logging.CRITICAL)  # they tell of every step

import onnx  # noqa: E402
import torch  # noqa: E402
from ludwig.api import LudwigModel  # noqa: E402
from torch import nn  # noqa: E402
from torch.export import Dim, ExportedProgram  # noqa: E402

from ludus.backends import on_torch  # noqa: E402
from ludus.errors import ExportError  # noqa: E402
from ludus.manifest import Network, Preprocess, Tensor  # noqa: E402

# Ludwig types its attributes as None until they are set.
Trained = Any
Array = npt.NDArray[np.float32]
CHUNK = 1000  # images at a time, so that memory stays bounded


class Classifier(nn.Module):
    """Encoder and head of a Ludwig model: images [N, C, H, W] to probabilities [N, classes].

    Ludwig's own whole does more (dictionaries, `squeeze` in its Dense) than exporters take.
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


def load(folder: Path) -> Trained:
    """Load a saved model on the CPU, ready to infer."""
    trained: Trained = LudwigModel.load(str(folder), logging_level=logging.ERROR)
    trained.model.to("cpu").eval()
    return trained


def describe(trained: Trained) -> Network:
    """What goes in and comes out. Raises ExportError where outputs are not in label order."""
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


def answers(trained: Trained, images: Array) -> Array:
    """Ludwig's own probabilities [N, classes] of images [N, C, H, W]."""
    image = next(iter(trained.model.input_features))
    label = next(iter(trained.model.output_features))

    def predict(part: torch.Tensor) -> torch.Tensor:
        outputs = trained.model.outputs_to_predictions(trained.model({image: part}))
        found: torch.Tensor = outputs[label]["probabilities"]
        return found

    return _run(predict, images)


def write(trained: Trained, network: Network, images: Array, folder: Path) -> dict[str, Array]:
    """Write model.torchscript, model.onnx and model.pt2; returns what each answers to images."""
    classifier = Classifier(trained).eval()
    example = torch.from_numpy(images[:2])
    with torch.no_grad():
        program = torch.export.export(
            classifier, (example,), dynamic_shapes=({0: Dim("batch", min=1, max=65536)},)
        )
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # names this machine's source paths
    torch.export.save(program, folder / "model.pt2")
    _write_onnx(program, network, folder / "model.onnx")
    _write_torchscript(classifier, example, folder / "model.torchscript")
    return _read_back(folder, images)


def _write_torchscript(classifier: nn.Module, example: torch.Tensor, path: Path) -> None:
    """A trace, not frozen: freezing on the CPU makes its weights constants that no GPU takes."""
    with torch.no_grad(), warnings.catch_warnings():
        # torch 2.14 would have torch.export in its place; TorchScript is what was asked for.
        warnings.filterwarnings("ignore", "`torch.jit.*deprecated", FutureWarning)
        torch.jit.trace(classifier, example).save(path)
    _strip_debug_files(path)


def _strip_debug_files(path: Path) -> None:
    """Write the archive again without the files that name this machine's source paths."""
    with zipfile.ZipFile(path) as archive:
        kept = {
            name: archive.read(name)
            for name in archive.namelist()
            if not name.endswith(".debug_pkl")
        }
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in kept.items():
            archive.writestr(zipfile.ZipInfo(name), data)


def _write_onnx(program: ExportedProgram, network: Network, path: Path) -> None:
    """ONNX with any batch, checked, with labels and preprocessing in its metadata."""
    exported = torch.onnx.export(
        program,
        dynamo=True,
        input_names=[network.inputs[0].name],
        output_names=[network.outputs[0].name],
        external_data=False,
        verbose=False,
    )
    assert exported is not None  # with dynamo=True it is a program
    model = exported.model_proto
    for node in model.graph.node:
        del node.metadata_props[:]  # stack traces with this machine's paths
        node.doc_string = ""
    metadata = {
        "labels": json.dumps(network.labels),
        "preprocess": network.preprocess.model_dump_json(),
    }
    onnx.helper.set_model_props(model, metadata)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def _read_back(folder: Path, images: Array) -> dict[str, Array]:
    """What each file answers, loaded from the disk again."""
    import onnxruntime

    trace = on_torch.load_trace(folder / "model.torchscript", "cpu")
    program = torch.export.load(folder / "model.pt2").module()
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    name = session.get_inputs()[0].name
    return {
        "model.torchscript": _run(trace, images),
        "model.onnx": _run(
            lambda part: torch.from_numpy(session.run(None, {name: part.numpy()})[0]), images
        ),
        "model.pt2": _run(program, images),
    }


def _run(network: Callable[[torch.Tensor], torch.Tensor], images: Array) -> Array:
    with torch.inference_mode():
        parts = torch.from_numpy(images).split(CHUNK)
        return torch.cat([network(part) for part in parts]).numpy()
