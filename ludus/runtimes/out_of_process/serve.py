"""What every runner does: calls come in, answers go out. Run by other Pythons, so with numpy alone.

in:  {"function": NAME, "shape": [...]} and a newline; float32 values
out: [...], the shape of the answer, and a newline; float32 values
"""

import json
import os
import sys
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

_answers = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)  # what else is printed goes to the errors
# One line, the last that is said, for whoever calls.
sys.excepthook = lambda kind, error, _: print(f"{kind.__name__}: {error}".splitlines()[0])


def calls() -> Iterator[tuple[str, Array]]:
    """The name of a function and its argument, until there are no more calls."""
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        data = sys.stdin.buffer.read(4 * int(np.prod(request["shape"])))
        yield request["function"], np.frombuffer(data, dtype=np.float32).reshape(request["shape"])


def answer(values: Array) -> None:
    """Answer the last call."""
    _answers.write(json.dumps(values.shape).encode() + b"\n")
    _answers.write(np.ascontiguousarray(values, dtype=np.float32).tobytes())
    _answers.flush()
