"""ncnn, on the CPU or a Vulkan device: converted by pnnx, one image a call."""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ludus.bundle.schema import EntryFunction, Variant
from ludus.compile import Sources, describe
from ludus.config.backends.ncnn import NcnnTarget
from ludus.core.errors import ToolError
from ludus.process.tools import run_tool

PARAM, BIN = "model.param", "model.bin"


def build(name: str, target: NcnnTarget, sources: Sources, out: Path) -> Variant:
    """Convert the exported trace with pnnx. Raises ToolError with the converter's output."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        exported = sources.exported("model.torchscript", f"targets.{name}")
        shutil.copyfile(exported, folder / "model.pt")
        pnnx = str(Path(sys.executable).with_name("pnnx"))
        command = [pnnx, "model.pt", *target.flags]
        said = run_tool(command, folder, paste=[pnnx, str(exported), *target.flags])
        for flag in target.flags:
            if f"\n{flag.replace('=', ' = ')}\n" not in f"\n{said}":
                raise ToolError(f"targets.{name}.flags: pnnx took no notice of '{flag}'")
        for made, kept in (("model.ncnn.param", PARAM), ("model.ncnn.bin", BIN)):
            if not (folder / made).exists():
                raise ToolError(f"pnnx made no {made} and said:\n{said}")
            shutil.copyfile(folder / made, out / kept)
    return describe(
        name,
        out,
        [PARAM, BIN],
        backend="ncnn",
        entry_functions=[EntryFunction(name="main", batch=1)],
    )


if TYPE_CHECKING:  # mypy holds this file to the protocol
    from ludus.compile import Compiler
    from ludus.compile import ncnn as this

    _offered: Compiler[NcnnTarget] = this
