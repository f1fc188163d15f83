"""Keeps activations NHWC between rewritten blocks, and through the flatten into the dense layer.

Each rewritten block stands between two transposes. Two that meet cancel; the one before a flatten
moves into the columns of the dense layer's weight, once, here.
"""

import torch
from torch import fx, nn

from ludus.lowering.blocks import aten, constant, shape_of

TO_NHWC = [0, 2, 3, 1]
TO_NCHW = [0, 3, 1, 2]
FLATTENS = (aten.reshape.default, aten.flatten.using_ints)


def views_to_reshapes(module: fx.GraphModule) -> None:
    """Replace views by reshapes: rewritten blocks give the same values with other strides."""
    for node in module.graph.nodes:
        if node.target is aten.view.default:
            node.target = aten.reshape.default


def cancel_transposes(module: fx.GraphModule) -> None:
    """Replace a transpose to NCHW followed by one to NHWC by the value before both."""
    for node in list(module.graph.nodes):
        if node.target is not aten.permute.default or list(node.args[1]) != TO_NHWC:
            continue
        before = node.args[0]
        if before.target is aten.permute.default and list(before.args[1]) == TO_NCHW:
            node.replace_all_uses_with(before.args[0])
    module.graph.eliminate_dead_code()


def fold_transpose_into_linear(module: fx.GraphModule) -> None:
    """Let a dense layer read NHWC, if transpose, flatten and layer are each read once."""
    for linear in list(module.graph.nodes):
        if linear.target is not aten.linear.default:
            continue
        flatten = linear.args[0]
        weight = constant(module, linear.args[1])
        if weight is None or flatten.target not in FLATTENS or len(flatten.users) != 1:
            continue
        transpose = flatten.args[0]
        if transpose.target is not aten.permute.default or list(transpose.args[1]) != TO_NCHW:
            continue
        channels, rows, columns = (int(size) for size in shape_of(transpose)[1:])
        if list(shape_of(flatten)[1:]) != [channels * rows * columns]:
            continue
        permuted = weight.reshape(-1, channels, rows, columns).permute(0, 2, 3, 1)
        name = f"{linear.name}_weight_nhwc"
        module.register_parameter(
            name, nn.Parameter(permuted.reshape(weight.shape).contiguous(), requires_grad=False)
        )
        with module.graph.inserting_before(linear):
            linear.replace_input_with(linear.args[1], module.graph.get_attr(name))
        flatten.replace_input_with(transpose, transpose.args[0])
    module.graph.eliminate_dead_code()


def transpose(graph: fx.Graph, node: fx.Node, order: list[int]) -> fx.Node:
    """Insert a transpose of a node, and record its shape."""
    result = graph.call_function(aten.permute.default, (node, order))
    result.meta["val"] = torch.permute(node.meta["val"], order)
    return result
