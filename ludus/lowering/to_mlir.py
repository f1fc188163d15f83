"""Converts an exported network to MLIR for IREE, as a row of `lowerings` says."""

import torch
from iree.turbine import aot
from torch import fx
from torch.export import Dim, ExportedProgram

from ludus.config.lowerings import Lowering
from ludus.lowering.owned_buffers import give_results_to_caller
from ludus.lowering.rewrites import rewrite


def to_mlir(program: ExportedProgram, lowering: Lowering) -> aot.ExportOutput:
    """MLIR with one entry function for any batch, or one for each; equal rewrites share weights."""
    one = program.example_inputs[0][0][:1]
    if lowering.batches == "dynamic":
        # Two inputs: torch.export treats a batch of one as a constant.
        example = torch.cat([one, one])
        module = _rewritten(program, lowering.rewrites)
        dynamic = torch.export.export(module, (example,), dynamic_shapes=({0: Dim.DYNAMIC},))
        return aot.export(dynamic)
    names = {batch: tuple(lowering.rewrites_for(batch)) for batch in lowering.batches}
    different = dict.fromkeys(names.values())  # in a fixed order, which a set has not
    networks = {rewrites: _rewritten(program, list(rewrites)) for rewrites in different}
    keys = {rewrites: f"network_{i}" for i, rewrites in enumerate(networks)}
    holder = torch.nn.ModuleDict({keys[rewrites]: networks[rewrites] for rewrites in networks})
    builder = aot.FxProgramsBuilder(holder)
    for batch in lowering.batches:
        example = torch.cat([one] * batch)
        key = keys[names[batch]]

        # Not strict, which gives the same MLIR and takes a fifth more time.
        @builder.export_program(name=lowering.functions()[batch], args=(example,), strict=False)
        def _(networks: torch.nn.ModuleDict, images: torch.Tensor, key: str = key) -> torch.Tensor:
            answer: torch.Tensor = networks[key](images)
            return answer

    lowered = aot.export(builder)
    if lowering.buffers == "caller":
        give_results_to_caller(lowered.mlir_module)
    return lowered


def batch_of(program: ExportedProgram) -> int:
    """The number of inputs that a program takes at a time; -1: any."""
    (given,) = program.graph_signature.user_inputs
    (shape,) = (node.meta["val"].shape for node in program.graph.nodes if node.name == given)
    return shape[0] if isinstance(shape[0], int) else -1


def _rewritten(program: ExportedProgram, names: list[str]) -> fx.GraphModule:
    module, lines = rewrite(program, names)
    print("  " + "; ".join(lines))
    return module
