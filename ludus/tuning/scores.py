"""A candidate is faster if it gains over all batches, by more than the spread of the rounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
import numpy.typing as npt

from ludus.benchmark.record import Ratio

# What the 10th percentile of the rounds' ratios must exceed: two files with the same code differ
# by a percent, by where their pages lie.
WINS = 1.02


@dataclass(frozen=True, kw_only=True)
class Times:
    """The ms of a call of two rows in the same rounds, at one batch."""

    batch: int
    threads: int
    before: Sequence[float]  # the incumbent's
    after: Sequence[float]  # the candidate's

    @property
    def ratios(self) -> npt.NDArray[np.float64]:
        before, after = np.array(self.before), np.array(self.after)
        return np.asarray(before / after, dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Line:
    """What came of one batch."""

    batch: int
    threads: int
    before_ms: float
    after_ms: float
    ratio: Ratio


@dataclass(frozen=True, kw_only=True)
class Score:
    """How many times as fast a candidate is: at each batch, and the geometric mean of them."""

    lines: list[Line]
    together: Ratio

    @property
    def wins(self) -> bool:
        return self.together.low > WINS


def score(times: Sequence[Times]) -> Score:
    """Each batch must have been measured in as many rounds. Raises ValueError where not."""
    logarithms = np.array([np.log(each.ratios) for each in times])
    return Score(
        lines=[
            Line(
                batch=each.batch,
                threads=each.threads,
                before_ms=median(each.before),
                after_ms=median(each.after),
                ratio=_spread(each.ratios),
            )
            for each in times
        ],
        together=_spread(np.exp(logarithms.mean(axis=0))),
    )


def _spread(ratios: npt.NDArray[np.float64]) -> Ratio:
    low, middle, high = np.percentile(ratios, [10, 50, 90])
    return Ratio(median=float(middle), low=float(low), high=float(high))
