"""The output of a search: a line for each candidate, the bar, and the table at the end."""

from collections.abc import Callable

from rich.markup import escape

from ludus.benchmark.record import Ratio
from ludus.core.terminal import Whole
from ludus.tuning.candidates import Candidate
from ludus.tuning.scores import Score
from ludus.tuning.search import Log, Step

Tick = Callable[[str | None], None]
WIDEST = 48


def progress(log: Log, candidate: Candidate) -> str:
    """Such as "12 tried, best 1.08: tile 6x16x4 added"."""
    best = f", best {gained(log):.2f} times" if log.kept else ""
    change = candidate.change
    short = change if len(change) <= WIDEST else f"{change[: WIDEST - 1]}…"
    return escape(f"{len(log.steps)} tried{best}; {short}")


def step(done: Step) -> str:
    """Such as "not faster  0.97 (0.95 to 0.99)  batches [1, 8, 32]"."""
    outcome = done.outcome
    ratio = f"{spread(outcome.score.together)}  " if outcome.score else ""
    reason = f": {outcome.reason}" if outcome.reason else ""
    return escape(f"{outcome.verdict:<10}  {ratio}{done.candidate.change}{reason}")


def spread(ratio: Ratio) -> str:
    return f"{ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"


def gained(log: Log) -> float:
    """Times as fast as the row as it was, by what each kept change gave: an estimate."""
    product = 1.0
    for kept in log.kept:
        product *= kept.outcome.score.together.median if kept.outcome.score else 1
    return product


def summary(log: Log) -> str:
    """How many were tried, and what was kept of them."""
    tried = len(log.steps)
    counts = f"{tried} candidate{'s' * (tried != 1)} tried, {log.refused} refused"
    kept = "".join(f"\n  {step(each)}" for each in log.kept)
    return f"{counts}; kept:{kept}" if kept else f"{escape(counts)}; none is faster"


def table(score: Score) -> Whole:
    """Before and after, at each batch."""
    headers = ("batch", "threads", "before", "after", "times as fast (10% to 90% of rounds)")
    rows = [
        [
            str(line.batch),
            str(line.threads),
            f"{line.before_ms:.4g} ms",
            f"{line.after_ms:.4g} ms",
            spread(line.ratio),
        ]
        for line in score.lines
    ]
    return Whole(headers, [*rows, ["all", "", "", "", spread(score.together)]], right=headers[:-1])
