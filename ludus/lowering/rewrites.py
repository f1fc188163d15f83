"""Rewrites of an exported network that make it faster and keep its results.

    torch ExportedProgram -> blocks found -> each replaced by a rewrite -> layout -> MLIR

Each block is replaced by the first rewrite of the lowering that applies to it. A block that none
applies to, and everything that is no block, stays as exported.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import fx, nn
from torch.export import ExportedProgram

from ludus.core.errors import ConfigError, nearest
from ludus.lowering import dense, im2col, layout, patches, softmax, windows, winograd
from ludus.lowering.blocks import Block, crop, find_blocks


@dataclass(frozen=True, kw_only=True)
class Rewrite:
    """A way to compute a block: the blocks that it applies to, and its module, NHWC in and out."""

    matches: Callable[[Block], bool]
    module: Callable[[Block], nn.Module]


REWRITES = {
    "winograd": Rewrite(matches=winograd.matches, module=winograd.WinogradConvPool),
    "patches": Rewrite(matches=patches.matches, module=patches.PatchesConvPool),
    "winograd-windows": Rewrite(matches=winograd.matches, module=windows.WindowsWinogradConvPool),
    "patches-windows": Rewrite(matches=patches.matches, module=windows.WindowsPatchesConvPool),
    "groups": Rewrite(matches=windows.pools, module=windows.GroupsConvPool),
    "im2col": Rewrite(matches=lambda block: True, module=im2col.Im2colConv),
}
# These are applied to the whole graph, after the blocks.
PASSES = {
    "transpose-dense": dense.transpose_weights,
    "split-dense": dense.split_sums,
    "unroll-softmax": softmax.unroll,
}


def rewrite(program: ExportedProgram, names: list[str]) -> tuple[fx.GraphModule, list[str]]:
    """Apply the named rewrites.

    Returns the rewritten network, with the program's inputs and outputs, and a line for each block
    that names its rewrite. Raises ConfigError for an unknown name.
    """
    for name in names:
        if name not in {*REWRITES, *PASSES}:
            raise ConfigError(f"no rewrite '{name}'{nearest(name, {*REWRITES, *PASSES})}")
    module = program.run_decompositions({}).module(check_guards=False)
    layout.views_to_reshapes(module)
    chosen = [(block, _choose(block, names)) for block in find_blocks(module)]
    lines = [f"{block.output.name}: {name or 'as exported'}" for block, name in chosen]
    names_of = {block.output: name for block, name in chosen if name is not None}
    # Last block first, so that the input of each is still the node that was found.
    for block in reversed(crop([block for block, name in chosen if name is not None])):
        _replace(module, block, names_of[block.output])
    layout.cancel_transposes(module)
    layout.fold_transpose_into_linear(module)
    for name in names:
        if name in PASSES:
            PASSES[name](module)
    module.graph.lint()
    module.recompile()
    return module, lines


def _choose(block: Block, names: list[str]) -> str | None:
    """The first of the named rewrites that applies to a block, or None."""
    blocks = (name for name in names if name in REWRITES)
    return next((name for name in blocks if REWRITES[name].matches(block)), None)


def _replace(module: fx.GraphModule, block: Block, name: str) -> None:
    """Replace a block by a rewrite, between transposes to NHWC and back."""
    target = f"{block.output.name}_{name}"
    module.add_submodule(target, REWRITES[name].module(block))
    graph = module.graph
    with graph.inserting_before(block.output):
        nhwc = layout.transpose(graph, block.input, layout.TO_NHWC)
        rewritten = graph.call_module(target, (nhwc,))
        batch, outputs = nhwc.meta["val"].shape[0], block.weight.shape[0]
        rewritten.meta["val"] = nhwc.meta["val"].new_empty(
            (batch, block.rows, block.columns, outputs)
        )
        nchw = layout.transpose(graph, rewritten, layout.TO_NCHW)
    block.output.replace_all_uses_with(nchw)
    graph.eliminate_dead_code()
