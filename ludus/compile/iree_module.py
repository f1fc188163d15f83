"""Checks an IREE module without the device that it is for.

A row for a GPU that the build machine lacks is never run there, so its file is checked instead: its
functions with IREE's own `iree-dump-module`, its executables as entries of the zip archive that a
module is.
"""

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

from iree import _runtime_libs
from iree import runtime as iree

from ludus.bundle.schema import EntryFunction
from ludus.core.errors import ToolError
from ludus.core.types import Driver
from ludus.process.tools import run_tool

# The one of this runtime reads modules of every version; that of 2024 fails on some of its own.
DUMP_MODULE = Path(_runtime_libs.__file__).with_name("iree-dump-module")
# The formats of a driver's executables, which are suffixes of the files in a module.
EXECUTABLES = {
    "cpu": r"_(embedded_elf_\w+\.so|vmvx_bytecode_fb\.fb)$",
    "vulkan": r"_vulkan_spirv_fb\.fb$",
    "cuda": r"_cuda_nvptx_fb\.fb$",
    "rocm": r"_rocm_hsaco_fb\.fb$",
    "metal": r"_metal_\w+_fb\.fb$",
}


def check_module(path: Path, driver: Driver, functions: Sequence[EntryFunction]) -> None:
    """Check that a module can be read, and has these functions and code for the driver.

    Raises ToolError, which says what is missing.
    """
    said = run_tool([str(DUMP_MODULE), "--output=metadata", str(path)])
    listed = said.partition("Exported Functions:")[2]
    exported = re.findall(r"^ +\[ *\d+\] ([\w$]+)\(", listed, re.MULTILINE)
    for function in functions:
        if function.name not in exported:
            there = ", ".join(sorted(exported))
            raise ToolError(f"{path} has no function '{function.name}'; it has {there}")
    try:
        with zipfile.ZipFile(path) as archive:
            files = {info.filename: info.file_size for info in archive.infolist()}
    except zipfile.BadZipFile:
        raise ToolError(f"{path} is no whole module: the list of its files is missing") from None
    code = {name: size for name, size in files.items() if re.search(EXECUTABLES[driver], name)}
    if not code:
        there = ", ".join(sorted(files))
        raise ToolError(f"{path} has no code for the driver '{driver}'; it holds {there}")
    empty = sorted(name for name, size in code.items() if size == 0)
    if empty:
        raise ToolError(f"{path} has no code in {', '.join(empty)}")


def check_loads(path: Path) -> None:
    """Check that IREE's virtual machine loads a module of this runtime's version.

    It verifies every function and every reference to data. Raises ToolError with its message.
    """
    try:
        iree.VmModule.copy_buffer(iree.VmInstance(), path.read_bytes())
    except (RuntimeError, ValueError) as error:
        raise ToolError(f"{path} is refused by IREE's virtual machine: {error}") from None
