"""A target's tiles become a tuning spec: one matcher each, in order, with the loops that it has."""

from pathlib import Path

import pytest

from ludus.compile.iree import tile_flags
from ludus.compile.tiles import tuning_spec
from ludus.config.backends.iree import Tile


def test_each_tile_has_a_matcher_and_the_first_comes_first() -> None:
    spec = tuning_spec([Tile(m=1, n=64, k=4), Tile(m=5, n=16, k=4)])
    assert spec.count("transform.iree.match.contraction") == 2
    assert spec.index("@tile_0 -> @annotate") < spec.index("@tile_1 -> @annotate")


@pytest.mark.parametrize(
    ("tile", "vector", "steps"),
    [
        (Tile(m=1, n=64, k=4), "[64, 0]", "[0, 4]"),
        (Tile(m=5, n=16, k=8), "[5, 16, 0]", "[0, 0, 8]"),
        (Tile(batched=True, m=5, n=64, k=4), "[1, 5, 64, 0]", "[0, 0, 0, 4]"),
        (Tile(batched=True, m=1, n=64, k=4), "[1, 64, 0]", "[0, 0, 4]"),
    ],
)
def test_the_sizes_stand_in_the_order_of_the_loops(tile: Tile, vector: str, steps: str) -> None:
    spec = tuning_spec([tile])
    assert f"vector_common_parallel = {vector}, vector_reduction = {steps}>" in spec


def test_a_tile_of_one_row_is_for_matmuls_without_a_loop_over_rows() -> None:
    spec = tuning_spec([Tile(m=1, n=64, k=4)])
    assert "dims_equal %m, []" in spec
    assert "dims_equal %b, []" in spec
    assert "dim_is_multiple_of %right[1], 64" in spec
    assert "%left[" not in spec


def test_a_batched_tile_is_not_for_matmuls_without_a_batch() -> None:
    spec = tuning_spec([Tile(batched=True, m=5, n=64, k=4)])
    assert "dims_equal" not in spec
    assert "dim_is_multiple_of %left[1], 5" in spec
    assert "dim_is_multiple_of %right[2], 64" in spec


def test_a_target_without_tiles_is_compiled_as_ever() -> None:
    assert tile_flags([]) == []


def test_a_compiler_that_is_given_tiles_has_one_thread() -> None:
    """With several, iree-compile 3.13 waits for itself for ever, now and then."""
    flag, path = tile_flags([Tile(m=1, n=64, k=4)])[0].split("=")
    assert flag == "--iree-codegen-tuning-spec-path"
    assert Path(path).read_text(encoding="utf-8") == tuning_spec([Tile(m=1, n=64, k=4)])
    assert "--mlir-disable-threading" in tile_flags([Tile(m=1, n=64, k=4)])
