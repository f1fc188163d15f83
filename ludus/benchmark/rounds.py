"""Times runners in turn, round after round, in a changing order.

Other load on the machine affects a whole round, so the ratio of two runners within a round is
reliable, while their times from different minutes are not.
"""

import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ludus.core.errors import LudusError

# What a runtime may raise when it is called: an answer of its own kind, not a bug of ours.
BROKE = (LudusError, RuntimeError, ValueError, IndexError)


@dataclass(kw_only=True)
class Series:
    """A runner in a race. `turn` runs it once a round and gives the ms of each call."""

    turn: Callable[[], list[float]]
    times: list[list[float]] = field(default_factory=list)  # ms of each call, of each round
    broke: str | None = None  # what it said when it broke; its times are worth nothing then


def interleave(
    series: list[Series],
    rounds: int,
    order: random.Random,
    after_round: Callable[[], None] = lambda: None,
) -> None:
    """Give each series its turn in every round, in an order of `order`; fills their `times`.

    One that breaks has no further turns.
    """
    for _ in range(rounds):
        for each in order.sample(series, len(series)):
            if each.broke is None:
                try:
                    each.times.append(each.turn())
                except BROKE as error:
                    each.broke = str(error)
        after_round()


def timed(call: Callable[[], object], calls: int) -> list[float]:
    """The ms of each of some calls."""
    times = []
    for _ in range(calls):
        began = time.perf_counter_ns()
        call()
        times.append((time.perf_counter_ns() - began) / 1e6)
    return times


def warm_up(call: Callable[[], object], usual: float, longest: float) -> None:
    """Call until a call takes about its usual ms, once at least and for `longest` ms at most.

    The first call finds the caches full of what others did. And a process that goes on after it was
    stopped can have its threads on one core for 100 ms, until Linux spreads them.
    """
    took = 0.0
    while took < longest:
        (last,) = timed(call, 1)
        took += last
        if last <= 1.25 * usual:
            return


def round_medians(times: list[list[float]]) -> list[float]:
    """The median of each round, ms."""
    return [statistics.median(calls) for calls in times]


def percentile(times: list[list[float]], share: float) -> float:
    """The call, of all rounds, that `share` percent of them do not exceed; one that there was."""
    return float(np.percentile(np.concatenate(times), share, method="inverted_cdf"))
