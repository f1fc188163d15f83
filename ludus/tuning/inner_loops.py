"""Sizes of inner loops that a CPU's vector registers can hold, as tiles to try."""

from collections.abc import Iterator
from itertools import product

from ludus.config.backends.iree import Tile
from ludus.core.types import Cpu

ROWS = (4, 5, 6, 8)
VECTORS = (1, 2, 3, 4, 6, 8)  # along n
VECTORS_OF_ONE_ROW = (4, 8, 16)
STEPS = 4  # products added up at a time

Proposal = tuple[str, list[Tile]]


def registers(cpu: Cpu) -> tuple[int, int]:
    """Float32 lanes of a vector register, and how many registers there are."""
    if "avx512f" in cpu.features:
        return 16, 32
    if cpu.architecture == "aarch64":
        return 4, 32
    return (8, 16) if "avx2" in cpu.features else (4, 16)


def shapes(cpu: Cpu) -> list[tuple[int, int]]:
    """(m, n) whose sums, with one row of the right side and a factor, stay in registers.

    The fullest come first: each value that is loaded is used the most often.
    """
    lanes, count = registers(cpu)
    fitting = [
        (m, lanes * vectors)
        for m, vectors in product(ROWS, VECTORS)
        if m * vectors + vectors + 1 <= count
    ]
    return sorted(fitting, key=lambda shape: -shape[0] * shape[1])


def proposals(tiles: list[Tile], cpu: Cpu) -> Iterator[Proposal]:
    """Each tile left out; each kind of tile with other sizes, replaced and then added."""
    for index, tile in enumerate(tiles):
        yield f"no tile {_description(tile)}", tiles[:index] + tiles[index + 1 :]
    new = list(_new(cpu))
    for tile in new:
        for index, known in enumerate(tiles):
            if _kind(known) == _kind(tile) and known != tile:
                change = f"tile {_description(tile)} for {_description(known)}"
                yield change, [*tiles[:index], tile, *tiles[index + 1 :]]
    for tile in new:
        if tile not in tiles:
            yield f"tile {_description(tile)} added", [*tiles, tile]


def _new(cpu: Cpu) -> Iterator[Tile]:
    lanes, _ = registers(cpu)
    for vectors in VECTORS_OF_ONE_ROW:
        yield Tile(m=1, n=lanes * vectors, k=STEPS)
    for m, n in shapes(cpu):
        yield Tile(batched=True, m=m, n=n, k=STEPS)
        yield Tile(m=m, n=n, k=STEPS)


def _kind(tile: Tile) -> tuple[bool, bool]:
    return tile.batched, tile.m == 1


def _description(tile: Tile) -> str:
    """Such as "batched 5x16x4": rows, columns, products added up at a time."""
    return f"{'batched ' * tile.batched}{tile.m}x{tile.n}x{tile.k}"
