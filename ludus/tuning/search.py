"""Coordinate descent: one dimension of a row after another, from the best row so far."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

from ludus.tuning.candidates import Candidate, Dimension
from ludus.tuning.scores import Score

Verdict = Literal["faster", "not faster", "refused"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of a candidate compared with the best so far."""

    verdict: Verdict
    reason: str = ""  # of "refused", or of one that was not timed
    score: Score | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """A candidate that was tried."""

    candidate: Candidate
    outcome: Outcome


@dataclass(kw_only=True)
class Log:
    """What a search has done; whole after each step, whenever it is interrupted."""

    start: Candidate
    steps: list[Step] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)  # of each step
    interrupted: bool = False

    @property
    def kept(self) -> list[Step]:
        return [step for step in self.steps if step.outcome.verdict == "faster"]

    @property
    def best(self) -> Candidate:
        return self.kept[-1].candidate if self.kept else self.start

    @property
    def refused(self) -> int:
        return sum(step.outcome.verdict == "refused" for step in self.steps)


def search(
    log: Log,
    dimensions: Sequence[Dimension],
    compare: Callable[[Candidate, Candidate], Outcome],
    seconds_left: Callable[[], float],
    told: Callable[[Step], None],
) -> None:
    """Fill the log until a pass finds nothing, or less time is left than a step usually takes.

    compare(candidate, best so far): its outcome. Ctrl-C ends the search and is noted in the log.
    """
    tried = {log.start.key}
    try:
        found = -1
        while found != len(log.kept):
            found = len(log.kept)
            for dimension in dimensions:
                while candidate := _next(dimension, log.best, tried):
                    if seconds_left() <= (median(log.seconds) if log.seconds else 0):
                        return
                    tried.add(candidate.key)
                    began = time.monotonic()
                    step = Step(candidate=candidate, outcome=compare(candidate, log.best))
                    log.steps.append(step)
                    log.seconds.append(time.monotonic() - began)
                    told(step)
    except KeyboardInterrupt:
        log.interrupted = True


def _next(dimension: Dimension, best: Candidate, tried: set[tuple[str, str]]) -> Candidate | None:
    """The first candidate that was not tried yet; those of a new best are new ones."""
    return next((each for each in dimension(best) if each.key not in tried), None)
