"""Imports torch's ExportedProgram, a .pt2 file; its reference is torch on the unchanged file."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import torch
from iree.compiler.ir import MLIRError
from torch.export import Dim, ExportedProgram

from ludus.config.lowerings import Lowering
from ludus.config.model import ModelDescription
from ludus.core.errors import NetworkError
from ludus.export import formats
from ludus.export.importers import shapes
from ludus.export.importers.trial import try_compiler
from ludus.lowering.from_onnx import kept_where_named
from ludus.lowering.to_mlir import to_mlir
from ludus.runtimes.batches import run_in_batches
from ludus.runtimes.devices.module import Array

# torch's errors for unsupported operations; NotImplementedError and its exporters' are subclasses.
REFUSED = (RuntimeError, ValueError, TypeError, KeyError)
NEXT_STEP = "write it with torch.export.save(torch.export.export(network, (example,)), file)"


def take(file: Path, description: ModelDescription, folder: Path) -> None:
    """Write model.pt2, and from it model.onnx and model.torchscript where torch can."""
    program = _read(file)
    calls = {str(node.target) for node in program.graph.nodes if node.op == "call_function"}
    print(f"{file}: operators {', '.join(sorted(calls))}")
    given = _given(file, program)
    declared: list[shapes.Declared] = [
        size if isinstance(size, int) else str(size) for size in given.shape
    ]
    shapes.agree(file, program.graph_signature.user_inputs[0], declared, description.input.shape)
    if any(isinstance(size, str) for size in declared[1:]) or (
        isinstance(declared[0], str) and description.input.shape[0] != -1
    ):
        program = _fixed(file, program, description.input.shape)
    _try(file, program, description.input.shape[0])
    torch.export.save(program, folder / "model.pt2")
    metadata = {"preprocess": description.preprocess}
    named = description.input.name, description.output.name
    _where_it_can(
        "model.onnx",
        lambda: formats.write_onnx(program, *named, metadata, folder / "model.onnx"),
    )
    example = torch.zeros([_two(description.input.shape[0]), *description.input.shape[1:]])
    _where_it_can(
        "model.torchscript",
        lambda: formats.write_torchscript(program, example, folder / "model.torchscript"),
    )


def answers(file: Path, *inputs: Array) -> list[Array]:
    """The answers of torch, on the CPU."""
    program = _read(file)
    batch, module = _given(file, program).shape[0], program.module()

    @torch.inference_mode()
    def call(part: Array) -> Array:
        found: Array = module(torch.from_numpy(part)).numpy()
        return found

    try:
        sizes = [batch if isinstance(batch, int) else -1]
        return [run_in_batches(call, sizes, each) for each in inputs]
    except REFUSED as error:
        raise NetworkError(f"torch {torch.__version__} does not run {file}: {error}") from None


def _read(file: Path) -> ExportedProgram:
    other = _what_else(file)
    if other:  # torch would log a page
        raise NetworkError(f"{file} is no ExportedProgram, but {other}; {NEXT_STEP}")
    said: list[str] = []
    try:
        with _unlogged(said):
            return torch.export.load(file)
    except (*REFUSED, OSError) as error:
        cause = said[0] if said else formats.first_line(error)
        raise NetworkError(
            f"{file} is no ExportedProgram that torch {torch.__version__} reads: {cause}; "
            f"{NEXT_STEP}"
        ) from None


def _what_else(file: Path) -> str | None:
    """The kind of a file that is no ExportedProgram, by the names in its archive; else None."""
    try:
        with ZipFile(file) as archive:
            # All entries are in one folder, which torch names after the file.
            names = {name.partition("/")[2] or name for name in archive.namelist()}
    except (BadZipFile, OSError):
        with file.open("rb") as stream:
            pickled = stream.read(2) == b"\x80\x02"
        return "a pickle, as torch.save wrote them once" if pickled else "no zip archive at all"
    if "serialized_exported_program.json" in names:  # before torch 2.8
        return None
    if "archive_format" in names:
        program = any(name.startswith("models/") for name in names)
        return None if program else "an archive without one, such as AOTInductor's"
    if "constants.pkl" in names:
        return "TorchScript, as torch.jit.save writes it"
    if "data.pkl" in names:
        return "weights or a module, as torch.save writes them"
    return "a zip archive of something else"


@contextmanager
def _unlogged(said: list[str]) -> Iterator[None]:
    """Collects in said the errors that torch.export would print with their tracebacks."""
    logs = [logging.getLogger(f"torch.export{end}") for end in ("", ".pt2_archive._package")]

    def keep(record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], Exception):
            said.append(formats.first_line(record.exc_info[1]))
        return False

    for log in logs:
        log.addFilter(keep)
    try:
        yield
    finally:
        for log in logs:
            log.removeFilter(keep)


def _given(file: Path, program: ExportedProgram) -> torch.Tensor:
    """The one input as torch.export recorded it; checks it and the one output."""
    signature = program.graph_signature
    values = {node.name: node.meta.get("val") for node in program.graph.nodes}
    for kind, names in (("inputs", signature.user_inputs), ("outputs", signature.user_outputs)):
        shapes.only(file, kind, [str(name) for name in names])
        value = values.get(str(names[0]))
        if not isinstance(value, torch.Tensor) or value.dtype != torch.float32:
            found = value.dtype if isinstance(value, torch.Tensor) else type(value).__name__
            raise NetworkError(
                f"{file}: of the {kind}, '{names[0]}' is {found}; expected torch.float32"
            )
    given: torch.Tensor = values[str(signature.user_inputs[0])]
    return given


def _fixed(file: Path, program: ExportedProgram, shape: list[int]) -> ExportedProgram:
    """The program exported again, only for inputs of this shape."""
    example = torch.zeros([_two(shape[0]), *shape[1:]])
    dynamic = ({0: Dim.DYNAMIC},) if shape[0] == -1 else None
    try:
        with torch.no_grad():
            return torch.export.export(
                program.module(check_guards=False), (example,), dynamic_shapes=dynamic
            )
    except REFUSED as error:
        raise NetworkError(
            f"{file} cannot be fixed to {shape}: {formats.first_line(error)}"
        ) from None


def _two(batch: int) -> int:
    """The batch of an example; two for any batch, since torch treats one as a constant."""
    return 2 if batch == -1 else batch


def _try(file: Path, program: ExportedProgram, batch: int) -> None:
    lowering = Lowering(rewrites=[], batches="dynamic" if batch == -1 else [batch])
    with kept_where_named("trial") as folder:
        mlir = folder / "model.mlir"
        try:
            to_mlir(program, lowering).save_mlir(mlir)
        except (*REFUSED, MLIRError) as error:
            raise NetworkError(f"{file} cannot be converted to MLIR: {error}") from None
        try_compiler(file, mlir)


def _where_it_can(name: str, write: Callable[[], None]) -> None:
    """Write a file if torch can; a target that needs a missing file is refused when it is built."""
    try:
        write()
    except REFUSED as error:
        print(f"{name} is not written: {formats.first_line(error)}")
