"""Brings any number of images through functions that each take a fixed number of them."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
ANY = -1
# A function for any batch is given this many images at a time, so that memory stays bounded.
LARGEST = 256


def plan(images: int, batches: Sequence[int]) -> list[int]:
    """The batch sizes to call, in order, so that together they take at least `images` images.

    The largest that is more than half full comes first; only the last call can be padded.
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


def run_in_batches(call: Callable[[int, Array], Array], batches: Sequence[int], x: Array) -> Array:
    """x [N, ...] through `call(batch, x [batch, ...])`, as planned, to [N, ...] float32."""
    answers, start = [], 0
    for batch in plan(len(x), batches):
        part = x[start : start + batch]
        missing = batch - len(part)
        if missing:
            part = np.concatenate([part, np.zeros((missing, *x.shape[1:]), dtype=np.float32)])
        answers.append(call(batch, part)[: batch - missing])
        start += batch
    return np.concatenate(answers)
