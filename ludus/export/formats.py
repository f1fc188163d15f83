"""Converts torch's ExportedProgram of the network to TorchScript and ONNX."""

import json
import logging
import warnings
import zipfile
from pathlib import Path
from typing import Any

for name in ("onnxscript", "onnx_ir"):
    logging.getLogger(name).setLevel(logging.CRITICAL)  # they log every step

import onnx  # noqa: E402
import onnxruntime  # noqa: E402
import torch  # noqa: E402
from torch import fx  # noqa: E402
from torch.export import ExportedProgram  # noqa: E402

from ludus.bundle.schema import Network  # noqa: E402
from ludus.export.ludwig import Array, run_in_chunks  # noqa: E402
from ludus.runtimes.torch import load_trace  # noqa: E402


def write(
    program: ExportedProgram, network: Network, images: Array, folder: Path
) -> dict[str, Array]:
    """Write model.torchscript and model.onnx.

    Returns the answers of each file, read back from disk, to images [N, C, H, W].
    """
    metadata = {"labels": network.labels, "preprocess": network.preprocess}
    names = network.inputs[0].name, network.outputs[0].name
    write_onnx(program, *names, metadata, folder / "model.onnx")
    write_torchscript(program, torch.from_numpy(images[:2]), folder / "model.torchscript")
    trace = load_trace(folder / "model.torchscript", "cpu")
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    name = session.get_inputs()[0].name
    return {
        "model.torchscript": run_in_chunks(trace, images),
        "model.onnx": run_in_chunks(
            lambda part: torch.from_numpy(session.run(None, {name: part.numpy()})[0]), images
        ),
    }


def write_torchscript(program: ExportedProgram, example: torch.Tensor, path: Path) -> None:
    """Write a trace, not frozen: freezing on the CPU turns weights into constants of the CPU."""
    module = program.module(check_guards=False)
    # A second module without the first one's hooks, which check input sizes and cannot be traced.
    module = fx.GraphModule(module, module.graph)
    with torch.no_grad(), warnings.catch_warnings():
        # torch 2.14 recommends torch.export instead; the original request is for TorchScript.
        warnings.filterwarnings("ignore", "`torch.jit.*deprecated", FutureWarning)
        torch.jit.trace(module, example).save(path)  # type: ignore[no-untyped-call]
    _strip_debug_files(path)


def _strip_debug_files(path: Path) -> None:
    """Rewrite the archive without the files that name this machine's source paths."""
    with zipfile.ZipFile(path) as archive:
        kept = {
            name: archive.read(name)
            for name in archive.namelist()
            if not name.endswith(".debug_pkl")
        }
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in kept.items():
            archive.writestr(zipfile.ZipInfo(name), data)


def write_onnx(
    program: ExportedProgram, given: str, found: str, metadata: dict[str, Any], path: Path
) -> None:
    """Write ONNX and check it; given and found: the names of input and output."""
    exported = torch.onnx.export(
        program,
        dynamo=True,
        input_names=[given],
        output_names=[found],
        external_data=False,
        verbose=False,
    )
    assert exported is not None  # it is a program with dynamo=True
    model = exported.model_proto
    for node in model.graph.node:
        del node.metadata_props[:]  # stack traces with this machine's paths
        node.doc_string = ""
    texts = {
        key: json.dumps(value, default=lambda part: part.model_dump())
        for key, value in metadata.items()
    }
    onnx.helper.set_model_props(model, texts)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def first_line(error: BaseException) -> str:
    """The first line of an error's message, which can have pages."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
