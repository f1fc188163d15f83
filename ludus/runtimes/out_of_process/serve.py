"""The protocol of every runner: reads calls, writes answers. Other Pythons run it: only numpy here.

out: a newline, when the runtime and its device work and the module is loaded next
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
os.dup2(2, 1)  # anything else that is printed goes to standard error
# One line, the last that is printed, for the caller's message.
sys.excepthook = lambda kind, error, _: print(f"{kind.__name__}: {error}".splitlines()[0])


def ready() -> None:
    """Say that the runtime and its device work; what fails from here on is the module's fault."""
    _answers.write(b"\n")
    _answers.flush()


def calls() -> Iterator[tuple[str, Array]]:
    """The name and argument of each call, until there are no more."""
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        data = sys.stdin.buffer.read(4 * int(np.prod(request["shape"])))
        yield request["function"], np.frombuffer(data, dtype=np.float32).reshape(request["shape"])


def answer(values: Array) -> None:
    """Answer the last call."""
    _answers.write(json.dumps(values.shape).encode() + b"\n")
    _answers.write(np.ascontiguousarray(values, dtype=np.float32).tobytes())
    _answers.flush()
