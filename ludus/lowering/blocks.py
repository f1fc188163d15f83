"""Finds blocks of convolution, bias, relu and 2x2 pool (maximum or mean) in an exported graph.

Rewrites replace whole blocks and compute only what the pool keeps; relu and pool may be missing.
A pool of stride 2 drops the last row and column of an odd size, so the block before need not
compute them; `crop` passes that on from the last replaced block to the first.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import fx

from ludus.lowering.finish import Finish

aten = torch.ops.aten
POOLS: dict[Any, Literal["max", "average"]] = {
    aten.max_pool2d.default: "max",
    aten.avg_pool2d.default: "average",
}


@dataclass(frozen=True, kw_only=True)
class Block:
    """conv2d of stride 1 -> (relu) -> (pool 2x2) -> (relu), each read only by the next."""

    input: fx.Node  # [N, C, H, W]
    output: fx.Node  # [N, O, rows, columns] of the network as exported
    weight: torch.Tensor  # [O, C, K, K] float32
    bias: torch.Tensor  # [O] float32
    padding: int  # zeros on each side
    finish: Finish
    rows: int  # of the output, that are computed
    columns: int


def find_blocks(module: fx.GraphModule) -> list[Block]:
    """All blocks, in the graph's order."""
    blocks = [_match(module, node) for node in module.graph.nodes]
    return [block for block in blocks if block is not None]


def crop(blocks: list[Block]) -> list[Block]:
    """Limit each block that only the next block reads to the rows and columns that it reads.

    blocks: those that will be replaced, in the graph's order. A block that stays as exported reads
    all of its input, so it must not be among them.
    """
    cropped: list[Block] = []
    readers: dict[fx.Node, Block] = {}
    for block in reversed(blocks):
        reader = readers.get(block.output)
        if reader is not None and len(block.output.users) == 1:
            margin = reader.weight.shape[2] - 1 - reader.padding
            block = replace(
                block,
                rows=min(block.rows, reader.finish.step * reader.rows + margin),
                columns=min(block.columns, reader.finish.step * reader.columns + margin),
            )
        cropped.insert(0, block)
        readers[block.input] = block
    return cropped


def shape_of(node: fx.Node) -> torch.Size:
    """A node's shape as torch.export recorded it; the batch may be symbolic."""
    value: torch.Tensor = node.meta["val"]
    return value.shape


def constant(module: fx.GraphModule, node: Any) -> torch.Tensor | None:
    """The tensor that a node reads from the module's parameters and buffers, or None."""
    if not isinstance(node, fx.Node) or node.op != "get_attr":
        return None
    owner, _, name = str(node.target).rpartition(".")
    value = getattr(module.get_submodule(owner), name)
    return value.detach() if isinstance(value, torch.Tensor) else None


def arguments(node: fx.Node) -> dict[str, Any]:
    """A node's arguments by their names in the operator's schema, with defaults."""
    assert isinstance(node.target, torch._ops.OpOverload)
    values = {
        argument.name: argument.default_value
        for argument in node.target._schema.arguments
        if argument.has_default_value()
    }
    names = [argument.name for argument in node.target._schema.arguments]
    return {**values, **dict(zip(names, node.args, strict=False)), **node.kwargs}


def _match(module: fx.GraphModule, conv: fx.Node) -> Block | None:
    """The block that begins at a node, or None."""
    if conv.target not in (aten.conv2d.default, aten.conv2d.padding):
        return None
    conv_arguments = arguments(conv)
    weight = constant(module, conv_arguments["weight"])
    if weight is None or weight.dtype != torch.float32 or weight.shape[2] != weight.shape[3]:
        return None
    padding = _zeros_on_each_side(conv_arguments["padding"], weight.shape[2])
    if padding is None or not _plain(conv_arguments):
        return None
    bias = torch.zeros(weight.shape[0])
    if conv_arguments["bias"] is not None:
        found = constant(module, conv_arguments["bias"])
        if found is None:
            return None
        bias = found
    chain = list(_chain(conv))
    rows, columns = shape_of(chain[-1])[2:]
    return Block(
        input=conv_arguments["input"],
        output=chain[-1],
        weight=weight,
        bias=bias,
        padding=padding,
        finish=_finish(chain),
        rows=int(rows),
        columns=int(columns),
    )


def _chain(conv: fx.Node) -> list[fx.Node]:
    """A convolution and the rest of its block: at most one pool, and the relus around it."""
    chain = [conv]
    while len(chain[-1].users) == 1:
        (node,) = chain[-1].users
        pooled = any(each.target in POOLS for each in chain)
        pools = not pooled and node.target in POOLS and _pools_2x2(arguments(node))
        if not pools and node.target is not aten.relu.default:
            break
        chain.append(node)
    return chain


def _finish(chain: list[fx.Node]) -> Finish:
    """The operations after the convolution that begins a chain."""
    names = [node.target for node in chain]
    pool = next((POOLS[name] for name in names if name in POOLS), None)
    if aten.relu.default not in names:
        return Finish(pool=pool, relu=None)
    first = pool == "average" and names[1] is aten.relu.default
    return Finish(pool=pool, relu="first" if first else "last")


def _plain(conv: dict[str, Any]) -> bool:
    """Whether a convolution has stride 1, no dilation and no groups."""
    return (
        all(stride == 1 for stride in conv["stride"])
        and all(dilation == 1 for dilation in conv["dilation"])
        and conv["groups"] == 1
    )


def _zeros_on_each_side(padding: str | list[int], kernel: int) -> int | None:
    """The padding of a convolution, or None where the sides differ."""
    if padding == "valid":
        return 0
    if padding == "same":
        return kernel // 2 if kernel % 2 == 1 else None
    return int(padding[0]) if padding[0] == padding[-1] else None


def _pools_2x2(pool: dict[str, Any]) -> bool:
    """Whether a pool is 2x2 with stride 2 and no other option."""
    stride = list(pool["stride"]) or list(pool["kernel_size"])
    return (
        all(size == 2 for size in [*pool["kernel_size"], *stride])
        and all(padding == 0 for padding in pool["padding"])
        and all(dilation == 1 for dilation in pool.get("dilation", []))
        and not pool["ceil_mode"]
        and pool.get("divisor_override") is None
    )
