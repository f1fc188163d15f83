"""Runs any number of images with functions that each take a fixed number of them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
ANY = -1
# A function for any batch is given this many images at a time, so that memory stays bounded.
LARGEST = 256


def plan(images: int, batches: Sequence[int]) -> list[int]:
    """The batch sizes to call, in order, so that together they take at least `images` images.

    The largest batch that would be more than half full comes first; only the last call is padded.
    """
    if ANY in batches:
        full, rest = divmod(images, LARGEST)
        return [LARGEST] * full + [rest] * (rest > 0)
    calls: list[int] = []
    for batch in sorted(batches, reverse=True):
        while images * 2 > batch:
            calls.append(batch)
            images -= batch
    if images > 0:
        calls.append(min(batches))
    return calls


def split(x: Array, batches: Sequence[int]) -> list[Array]:
    """x [N, ...] in parts of the planned batch sizes; the last is padded with zeros."""
    if len(x) in batches:
        return [x]
    parts, start = [], 0
    for batch in plan(len(x), batches):
        part = x[start : start + batch]
        missing = batch - len(part)
        if missing:
            part = np.concatenate([part, np.zeros((missing, *x.shape[1:]), dtype=np.float32)])
        parts.append(part)
        start += batch
    return parts


class WorkerPool[Tool]:
    """Threads that share the parts of a run; the caller's own thread is one of them.

    Each has its own tool (a loaded module), so that a tool need not be thread-safe.
    """

    def __init__(self, tools: Sequence[Tool]) -> None:
        self._tools = tools
        self._pool = ThreadPoolExecutor(len(tools) - 1) if len(tools) > 1 else None

    def run[Part, Answer](
        self,
        work: Callable[[Tool, Part], Answer],
        parts: Sequence[Part],
        *,
        on_caller: bool = False,
    ) -> list[Answer]:
        """The results of work(tool, part), in the order of the parts. Raises what work raises.

        on_caller: use only the caller's thread; waking another takes about 0.1 ms.
        """
        if self._pool is None or len(parts) == 1 or on_caller:
            return [work(self._tools[0], part) for part in parts]
        answers: dict[int, Answer] = {}
        rest = iter(list(enumerate(parts)))

        def take(tool: Tool) -> None:
            for index, part in rest:
                answers[index] = work(tool, part)

        others = [self._pool.submit(take, tool) for tool in self._tools[1 : len(parts)]]
        try:
            take(self._tools[0])
        finally:
            wait(others)  # so that none still uses its tool when the next run begins
        for other in others:
            other.result()
        return [answers[index] for index in range(len(parts))]


def run_in_batches(call: Callable[[Array], Array], batches: Sequence[int], x: Array) -> Array:
    """The results of `call` on x [N, ...], in parts of planned batch sizes: [N, ...] float32."""
    return np.concatenate([call(part) for part in split(x, batches)])[: len(x)]
