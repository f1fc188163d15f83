"""Converts the exported ONNX file to MLIR without rewrites: ONNX's dialect for IREE, or StableHLO.

    model.onnx -> iree-import-onnx                             source: onnx
    model.onnx -> torch-mlir-import-onnx -> torch-mlir-opt     source: stablehlo

The ONNX importer is IREE's own, from the pipeline's environment; torch-mlir is in the toolchain
`stablehlo`. (torchax 0.0.13, which converts torch's program to StableHLO, cannot be imported beside
torch 2.14.)
"""

import hashlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ludus.config.lowerings import Lowering
from ludus.core.errors import LudusError, ProcessError, ToolError
from ludus.process.toolchains import STABLEHLO, environment
from ludus.process.tools import run_tool

TO_STABLEHLO = (
    "--torch-onnx-to-torch-backend-pipeline",
    "--torch-backend-to-stablehlo-backend-pipeline",
)


STALE = 3600.0  # seconds after which no process still compiles MLIR of another network


def to_mlir(model: Path, lowering: Lowering, name: str) -> Path:
    """A file of MLIR with the one entry function of a lowering, `main`.

    It is kept beside the model's folder, hidden and named by its content, since it is compiled next
    and a command to paste may name it. Stale files there are removed. Raises ToolError with the
    message of the tool that refuses the model; its files are kept.
    """
    given = _prepared(model, lowering)
    digest = hashlib.sha256(given).hexdigest()[:16]
    beside = model.absolute().parent
    folder = beside.with_name(f".{beside.name}.mlir") / f"{lowering.source}-{digest}"
    with kept_where_named(lowering.source) as scratch:
        made = _converted(given, lowering, scratch, name)
        folder.mkdir(parents=True, exist_ok=True)
        _remove_stale(folder)
        partial = folder / f".{scratch.name}.partial"  # another process may write the same file
        shutil.copyfile(made, partial)
        return partial.replace(folder / made.name)


def convert(model: Path, lowering: Lowering, folder: Path, name: str) -> Path:
    """The same in the caller's folder, with all intermediate files. Raises ToolError."""
    return _converted(_prepared(model, lowering), lowering, folder, name)


@contextmanager
def kept_where_named(what: str) -> Iterator[Path]:
    """A new temporary folder, removed at the end unless an error's command names it."""
    folder, kept = Path(tempfile.mkdtemp(prefix=f"ludus-{what}-")), False
    try:
        yield folder
    except LudusError as error:
        kept = isinstance(error, ProcessError) and str(folder) in " ".join(error.command)
        raise
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


def _converted(given: bytes, lowering: Lowering, folder: Path, name: str) -> Path:
    """folder/<name>.mlir, from an ONNX file's bytes."""
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


def _remove_stale(folder: Path) -> None:
    """Remove the folders beside this one that are older than STALE."""
    for other in folder.parent.iterdir():
        if other != folder and time.time() - other.stat().st_mtime > STALE:
            shutil.rmtree(other, ignore_errors=True)


def _prepared(model: Path, lowering: Lowering) -> bytes:
    """The ONNX file with the lowering's batch and its graph named `main`, the entry function."""
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
        del found.graph.value_info[:]  # shapes of inner values, with the former batch
    data: bytes = found.SerializeToString(deterministic=True)
    return data
