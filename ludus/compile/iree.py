"""IREE: MLIR compiled to a module, run through a HAL driver."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from ludus.bundle import fences
from ludus.bundle.schema import EntryFunction, Variant
from ludus.compile import Sources, describe
from ludus.compile.iree_module import check_loads, check_module
from ludus.compile.tiles import tuning_spec
from ludus.config.backends.iree import IreeTarget, Tile
from ludus.config.lowerings import Lowering
from ludus.core.files import write_text
from ludus.process.toolchains import TOOLCHAINS, iree_compile
from ludus.runtimes.devices import fenced
from ludus.runtimes.iree import same_minor

MODULE = "model.vmfb"


def build(name: str, target: IreeTarget, sources: Sources, out: Path) -> Variant:
    """Compile out/model.vmfb. Raises ToolError with the compiler's output, or what is missing."""
    source, lowering = sources.mlir(target.lowering), sources.lowerings[target.lowering]
    owned = [fences.FLAG] if lowering.buffers == "caller" else []
    flags = [*target.flags, *owned, *tile_flags(target.tiles)]
    iree_compile(target.toolchain, source, flags, out / MODULE)
    if same_minor(target.toolchain):
        check_loads(out / MODULE)
    functions = entry_functions(lowering, out / MODULE)
    check_module(out / MODULE, target.driver, functions)
    return describe(
        name,
        out,
        [MODULE],
        backend="iree",
        driver=target.driver,
        iree_version=target.toolchain,
        cpu=target.cpu,
        entry_functions=functions,
    )


def entry_functions(lowering: Lowering, path: Path) -> list[EntryFunction]:
    """The functions of a lowering in the compiled module at a path."""
    names = lowering.functions()
    if lowering.buffers == "caller":
        names = {batch: f"{name}{fences.SUFFIX}" for batch, name in names.items()}
        needs = fenced.buffers_of(path, list(names.values()))
        return [
            EntryFunction(name=name, batch=batch, buffers=needs[name])
            for batch, name in names.items()
        ]
    return [EntryFunction(name=name, batch=batch) for batch, name in names.items()]


def tile_flags(tiles: list[Tile]) -> list[str]:
    """Flags that give the compiler a file with the sizes of inner loops, if there are tiles."""
    if not tiles:
        return []
    spec = tuning_spec(tiles)
    # Named by its content and kept, since a command to paste names it; in the checkout, where no
    # other user can have made it.
    digest = hashlib.sha256(spec.encode()).hexdigest()[:16]
    path = TOOLCHAINS / "tiles" / f"{digest}.mlir"
    write_text(path, spec)
    # One thread: with a tuning spec and several threads, iree-compile 3.13 deadlocks about once in
    # a dozen runs. The bytes are the same.
    return [f"--iree-codegen-tuning-spec-path={path}", "--mlir-disable-threading"]


if TYPE_CHECKING:  # mypy holds this file to the protocol
    from ludus.compile import Compiler
    from ludus.compile import iree as this

    _offered: Compiler[IreeTarget] = this
