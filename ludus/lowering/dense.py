"""Rewrites dense layers to forms that IREE 3.13 compiles well: one for CPUs, one for GPUs."""

from torch import fx, nn

from ludus.lowering.blocks import aten, constant

DEEPEST = 512  # inputs of a dense layer above which its sum is split


def transpose_weights(module: fx.GraphModule) -> None:
    """Replace every linear(x, W, b) of a constant W by x @ W^T + b, with W^T stored: for CPUs.

    torch stores a row for each output, so one image's product would be a sum across the lanes of a
    vector. With a row for each input, the lanes are outputs.
    """
    graph = module.graph
    for linear in list(graph.nodes):
        if linear.target is not aten.linear.default:
            continue
        x, weight_node, *bias = linear.args
        weight = constant(module, weight_node)
        if weight is None or len(linear.meta["val"].shape) != 2:
            continue
        name = f"{linear.name}_weight_by_input"
        transposed = nn.Parameter(weight.t().contiguous(), requires_grad=False)
        module.register_parameter(name, transposed)
        with graph.inserting_before(linear):
            y = graph.call_function(aten.mm.default, (x, graph.get_attr(name)))
            if bias and bias[0] is not None:
                y = graph.call_function(aten.add.Tensor, (y, bias[0]))
        y.meta["val"] = linear.meta["val"]
        linear.replace_all_uses_with(y)
    graph.eliminate_dead_code()


def split_sums(module: fx.GraphModule) -> None:
    """Sum a deep dense layer in parts: a batched matmul, and the sum of its results.

    Few rows and columns give few workgroups, and depth adds none. The depth of the parts is no
    multiple of 32, so that IREE 3.13 does not choose tiles of 32x128x32, whose code is slow: 256
    images through 1600 -> 128 take 845 microseconds on an H200 whole, 15 + 4 in 40 parts.
    """
    graph = module.graph
    for linear in list(graph.nodes):
        if linear.target is not aten.linear.default:
            continue
        weight = constant(module, linear.args[1])
        parts = 0 if weight is None else _parts(weight.shape[1])
        if weight is None or parts < 2:
            continue
        outputs, inputs = weight.shape
        name = f"{linear.name}_weight_split"
        split = weight.T.reshape(parts, inputs // parts, outputs).contiguous()
        module.register_parameter(name, nn.Parameter(split, requires_grad=False))
        with graph.inserting_before(linear):
            x = graph.call_function(
                aten.reshape.default, (linear.args[0], [-1, parts, inputs // parts])
            )
            x = graph.call_function(aten.permute.default, (x, [1, 0, 2]))
            y = graph.call_function(aten.bmm.default, (x, graph.get_attr(name)))
            y = graph.call_function(aten.sum.dim_IntList, (y, [0]))
            if len(linear.args) > 2 and linear.args[2] is not None:
                y = graph.call_function(aten.add.Tensor, (y, linear.args[2]))
        linear.replace_all_uses_with(y)
    graph.eliminate_dead_code()


def _parts(inputs: int) -> int:
    """The number of parts of a sum, of 32 to 64 inputs each (multiples of 8, not of 32); or 1."""
    if inputs <= DEEPEST:
        return 1
    depths = [d for d in range(40, 64, 8) if inputs % d == 0]
    return inputs // depths[0] if depths else 1
