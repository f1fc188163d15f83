"""MLIR of the exported ONNX file, not rewritten: for IREE in ONNX's own words, or as StableHLO.

    model.onnx -> iree-import-onnx                             source: onnx
    model.onnx -> torch-mlir-import-onnx -> torch-mlir-opt     source: stablehlo

The importer of ONNX is IREE's own, of the pipeline's environment; torch-mlir has the toolchain
`stablehlo`. (torchax 0.0.13, which makes StableHLO of torch's program, does not import beside torch
2.14.)
"""

import hashlib
import sys
import tempfile
from pathlib import Path

from ludus.errors import ToolError
from ludus.params import Lowering
from ludus.toolchain import STABLEHLO, environment, run_tool

TO_STABLEHLO = (
    "--torch-onnx-to-torch-backend-pipeline",
    "--torch-backend-to-stablehlo-backend-pipeline",
)


def to_mlir(model: Path, lowering: Lowering, name: str) -> Path:
    """A file of MLIR with the one entry function of a lowering, `main`.

    Its folder is named by its content and left among the system's temporary files, with what it was
    made of, since a command to paste names them. Raises ToolError with the words of the tool that
    refuses the model.
    """
    given = _prepared(model, lowering)
    digest = hashlib.sha256(given).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"ludus-{lowering.source}-{digest}"
    folder.mkdir(exist_ok=True)
    source, made = folder / "model.onnx", folder / f"{name}.mlir"
    source.write_bytes(given)
    if lowering.source == "onnx":
        importer = Path(sys.executable).with_name("iree-import-onnx")
        run_tool([str(importer), str(source), "-o", str(made)])
    else:
        tools, imported = environment(STABLEHLO) / "bin", folder / "imported.mlir"
        run_tool([str(tools / "torch-mlir-import-onnx"), str(source), "-o", str(imported)])
        convert = [str(tools / "torch-mlir-opt"), *TO_STABLEHLO]
        run_tool([*convert, str(imported), "-o", str(made)])
    return made


def _prepared(model: Path, lowering: Lowering) -> bytes:
    """The ONNX file with its graph named `main`, as the entry function is, and with the batch."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        found = onnx.load(model)
        onnx.checker.check_model(found)
    except (OSError, DecodeError, onnx.checker.ValidationError) as error:
        raise ToolError(f"{model} cannot be read as ONNX: {error}") from None
    found.graph.name = "main"
    if lowering.batches != "dynamic":
        (batch,) = lowering.batches
        for value in [*found.graph.input, *found.graph.output]:
            value.type.tensor_type.shape.dim[0].dim_value = batch
        del found.graph.value_info[:]  # shapes in between, with the former batch
    data: bytes = found.SerializeToString(deterministic=True)
    return data
