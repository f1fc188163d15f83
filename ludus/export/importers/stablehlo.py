"""Imports StableHLO from an MLIR file, text or bytecode, whose function is called main.

Its reference is IREE itself, for the CPU and without optimisation. So variants for other machines
are compared with IREE, and nothing proves that IREE reads StableHLO as other compilers do.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from iree import runtime as iree

from ludus.config.model import ModelDescription
from ludus.core.errors import NetworkError, ToolError
from ludus.export.importers import shapes
from ludus.export.importers.trial import TOOLCHAIN, try_compiler
from ludus.process.toolchains import iree_compile
from ludus.runtimes import devices
from ludus.runtimes.batches import run_in_batches
from ludus.runtimes.devices.module import Array, Module

ENTRY = "main"
FLAGS = [
    "--iree-input-type=stablehlo",
    "--iree-input-demote-f64-to-f32=false",  # else a float64 network would be taken as float32
    "--iree-hal-target-device=local",
    "--iree-hal-local-target-device-backends=llvm-cpu",
    "--iree-llvmcpu-target-cpu=generic",
    "--iree-opt-level=O0",
]
SIGNATURE = re.compile(r"\((?P<inputs>.*?)\) -> \((?P<outputs>.*?)\)$")
TENSOR = re.compile(r"tensor<((?:[\d?]+x)*)(\w+)>")


def take(file: Path, description: ModelDescription, folder: Path) -> None:
    """Check the signature of its function, and copy it to model.mlir."""
    try_compiler(file, file)
    with _compiled(file) as path:
        kinds = _signature(file, path)
    for kind, tensors in kinds.items():
        shapes.only(file, kind, [f"{kind[:-1]} {index}" for index, _ in enumerate(tensors)])
        if tensors[0][1] != "f32":
            raise NetworkError(f"{file}: the {kind[:-1]} is of {tensors[0][1]}; expected f32")
    shapes.agree(file, ENTRY, kinds["inputs"][0][0], description.input.shape)
    for index, (size, given) in enumerate(
        zip(kinds["inputs"][0][0], description.input.shape, strict=True)
    ):
        if isinstance(size, str) and given != -1:
            raise NetworkError(
                f"{file}: the dimension {index} of the input is dynamic and cannot be fixed at "
                f"{given} here; export it with that size"
            )
    shutil.copyfile(file, folder / "model.mlir")


def answers(file: Path, *inputs: Array) -> list[Array]:
    """The answers of IREE's module."""
    with _compiled(file) as path:
        batch = _signature(file, path)["inputs"][0][0][0]
        module = Module(path, devices.open_device("cpu")[0])
        try:
            sizes = [batch if isinstance(batch, int) else -1]
            return [
                run_in_batches(lambda part: module.call(ENTRY, part), sizes, each)
                for each in inputs
            ]
        except (RuntimeError, ValueError) as error:
            raise NetworkError(f"IREE does not run {file}: {error}") from None


@contextmanager
def _compiled(file: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "model.vmfb"
        try:
            iree_compile(TOOLCHAIN, file, FLAGS, path)
        except ToolError as error:
            raise NetworkError(f"{file} cannot be compiled by IREE {TOOLCHAIN}: {error}") from None
        yield path


def _signature(file: Path, module: Path) -> dict[str, list[tuple[list[shapes.Declared], str]]]:
    """Shape and type of each input and output, from the signature that the compiler wrote."""
    loaded = iree.VmModule.copy_buffer(iree.VmInstance(), module.read_bytes())
    function = loaded.lookup_function(ENTRY)
    if function is None:
        raise NetworkError(f"{file} has no function '{ENTRY}'; name the network's so")
    declared = SIGNATURE.search(function.reflection.get("iree.abi.declaration", ""))
    if declared is None:
        raise NetworkError(f"{file}: its function '{ENTRY}' is not one of tensors to a tensor")
    return {
        kind: [
            ([int(size) if size != "?" else "?" for size in sizes.split("x")[:-1]], element)
            for sizes, element in TENSOR.findall(declared[kind])
        ]
        for kind in ("inputs", "outputs")
    }
