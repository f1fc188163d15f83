"""Converts a target's `tiles`, the inner loop sizes of matmuls, to a tuning spec for the compiler.

IREE chooses such sizes itself, and well for large matmuls. But it compiles the product of one image
with a dense layer to one chain of dependent additions, and takes 25 rows (the windows of one image)
in steps that leave a remainder. A tuning spec is IREE's own way to override its choice:
https://iree.dev/reference/tuning/.
"""

from collections.abc import Sequence

from ludus.config.backends.iree import Tile

FRAME = """\
module @ludus attributes {{ transform.with_named_sequence }} {{
  transform.named_sequence @annotate(
      %op: !transform.any_op {{transform.readonly}},
      %config: !transform.any_param {{transform.readonly}}) {{
    transform.annotate %op "compilation_info" = %config : !transform.any_op, !transform.any_param
    transform.yield
  }}
{matchers}
  transform.named_sequence @__kernel_config(%variant: !transform.any_op {{transform.consumed}})
      -> !transform.any_op attributes {{ iree_codegen.tuning_spec_entrypoint }} {{
    %done = transform.foreach_match in %variant
      {rules} : (!transform.any_op) -> !transform.any_op
    transform.yield %done : !transform.any_op
  }}
}}
"""

MATCHER = """\
  transform.named_sequence @{name}(%op: !transform.any_op {{transform.readonly}})
      -> (!transform.any_op, !transform.any_param) {{
    %b, %m, %n, %k = transform.iree.match.contraction %op,
      lhs_type = f32, rhs_type = f32, output_type = f32 : !transform.any_op -> !transform.param<i64>
    %left = transform.get_operand %op[0] : (!transform.any_op) -> !transform.any_value
    %right = transform.get_operand %op[1] : (!transform.any_op) -> !transform.any_value
{conditions}
    %config = transform.param.constant #iree_codegen.compilation_info<
      lowering_config = #iree_cpu.lowering_config<
        distribution = {workgroup}, vector_common_parallel = {vector}, vector_reduction = {steps}>,
      translation_info = #iree_codegen.translation_info<
        pipeline = #iree_cpu.pipeline<DoubleTilingExpert>>> -> !transform.any_param
    transform.yield %op, %config : !transform.any_op, !transform.any_param
  }}
"""

# Inner tiles of a workgroup, along m and n, so that what it reads stays in a core's L1 cache.
WORKGROUP = 5


def tuning_spec(tiles: Sequence[Tile]) -> str:
    """MLIR that gives each matmul the first tile that divides it, if any."""
    names = [f"tile_{index}" for index in range(len(tiles))]
    matchers = (_matcher(name, tile) for name, tile in zip(names, tiles, strict=True))
    rules = ",\n      ".join(f"@{name} -> @annotate" for name in names)
    return FRAME.format(matchers="".join(matchers), rules=rules)


def _matcher(name: str, tile: Tile) -> str:
    """MLIR that matches a matmul with the loops [batch,] m, n, k; with one row there is no m."""
    loops = [
        loop for loop, there in zip("bmnk", (tile.batched, tile.m > 1, 1, 1), strict=True) if there
    ]
    first = int(tile.batched)
    conditions = [_no_loops(loop) for loop in "bm" if loop not in loops]
    if tile.m > 1:
        conditions.append(_multiple("left", first, tile.m))
    conditions.append(_multiple("right", first + 1, tile.n))
    vector = {"b": 1, "m": tile.m, "n": tile.n, "k": 0}
    workgroup = {"b": 1, "m": tile.m * WORKGROUP, "n": tile.n * WORKGROUP, "k": 0}
    steps = {"b": 0, "m": 0, "n": 0, "k": tile.k}
    return MATCHER.format(
        name=name,
        conditions="\n".join(conditions),
        vector=[vector[loop] for loop in loops],
        workgroup=[workgroup[loop] for loop in loops],
        steps=[steps[loop] for loop in loops],
    )


def _no_loops(loop: str) -> str:
    return f"    transform.iree.match.dims_equal %{loop}, [] : !transform.param<i64>"


def _multiple(operand: str, dimension: int, size: int) -> str:
    return (
        f"    transform.iree.match.dim_is_multiple_of %{operand}[{dimension}], {size}"
        " : !transform.any_value"
    )
