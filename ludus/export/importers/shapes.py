"""Checks the shape that a file declares for its input against the one in model.yaml."""

from collections.abc import Sequence
from pathlib import Path

from ludus.core.errors import NetworkError

# A dimension of the file: its size, or a word where it has none.
Declared = int | str


def agree(file: Path, name: str, declared: Sequence[Declared], wanted: list[int]) -> None:
    """Raises NetworkError where a file's input cannot have the shape that model.yaml gives."""
    shape = "[" + ", ".join(map(str, declared)) + "]"
    if len(declared) != len(wanted):
        raise NetworkError(
            f"{file}: the input '{name}' is {shape}, of {len(declared)} dimensions; "
            f"model.yaml says {wanted}"
        )
    for index, (size, given) in enumerate(zip(declared, wanted, strict=True)):
        if index > 0 and given == -1:
            end = f", such as {_example(declared)}" if isinstance(size, str) else ""
            raise NetworkError(
                f"{file}: the dimension {index} of the input '{name}', {shape}, is "
                f"{'dynamic' if isinstance(size, str) else size}, and only the batch can stay "
                f"open: give its size in model.yaml, inputs.0.shape{end}"
            )
        if isinstance(size, int) and given != size:
            raise NetworkError(
                f"{file}: the dimension {index} of the input '{name}', {shape}, is {size}, and "
                f"model.yaml, inputs.0.shape, says {given}"
            )


def only(file: Path, kind: str, names: Sequence[str]) -> None:
    """Raises NetworkError unless there is one input, or output."""
    if len(names) != 1:
        listed = ", ".join(names) or "none"
        raise NetworkError(
            f"{file} has {len(names)} {kind} ({listed}), and a bundle's network has one; export it "
            f"with one, and the others as constants or left out"
        )


def _example(declared: Sequence[Declared]) -> list[int]:
    return [
        size if isinstance(size, int) else -1 if index == 0 else 320
        for index, size in enumerate(declared)
    ]
