"""Rewrites softmax to a form that IREE 3.13 compiles well for GPUs."""

import torch
from torch import fx

from ludus.lowering.blocks import aten, shape_of

LARGEST = 12  # classes; IREE fuses up to 16 operands into one kernel


def unroll(module: fx.GraphModule) -> None:
    """Softmax over a few classes as one elementwise operator; else each image is one thread."""
    graph = module.graph
    for softmax in list(graph.nodes):
        if softmax.target not in (aten.softmax.int, aten._softmax.default):
            continue
        shape, dim = shape_of(softmax), softmax.args[1]
        if len(shape) != 2 or dim not in (-1, 1) or shape[1] > LARGEST:
            continue
        with graph.inserting_before(softmax):

            def call(target: torch._ops.OpOverload, *arguments: fx.node.Argument) -> fx.Node:
                return graph.call_function(target, arguments)

            x = softmax.args[0]
            columns = [call(aten.slice.Tensor, x, 1, i, i + 1) for i in range(int(shape[1]))]
            largest = columns[0]
            for column in columns[1:]:
                largest = call(aten.maximum.default, largest, column)
            powers = [call(aten.exp.default, call(aten.sub.Tensor, c, largest)) for c in columns]
            total = powers[0]
            for power in powers[1:]:
                total = call(aten.add.Tensor, total, power)
            power = call(aten.exp.default, call(aten.sub.Tensor, x, largest))
            softmax.replace_all_uses_with(call(aten.div.Tensor, power, total))
    graph.eliminate_dead_code()
