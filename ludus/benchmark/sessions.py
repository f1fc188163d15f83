"""One batch and thread count: times all runners whose answers are right and fast enough."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

from ludus.benchmark.others import Watch
from ludus.benchmark.plan import Session
from ludus.benchmark.record import PYTHON, Row, compare
from ludus.benchmark.rounds import BROKE, Series, interleave, percentile, round_medians
from ludus.benchmark.runners import Array, Runner
from ludus.benchmark.worker import Key, Trial
from ludus.config.benchmark import Benchmark

MOST_CALLS = 1000  # of one runner in one round


class Asked(Protocol):
    """A worker, or what stands for one in a test."""

    @property
    def pid(self) -> int: ...

    def ask(self, name: str, *arguments: object) -> Any: ...


@dataclass(kw_only=True)
class Entrant:
    """A row, and how it is timed; without a turn the row's reason says why not."""

    row: Row
    turn: Callable[[int], list[float]] | None = None
    seconds: float = 0.0  # of one call, as tried


@dataclass(frozen=True, kw_only=True)
class Sessions:
    """Where sessions are held: runners with their workers, and who was too slow."""

    runners: list[Runner]
    workers: Mapping[Key, Asked]
    settings: Benchmark
    # The batch at which one call took too long, and its seconds: no larger one is tried.
    slow: dict[tuple[Key, int], str] = field(default_factory=dict)

    def hold(
        self,
        session: Session,
        images: Array,
        expected: Array,
        after_round: Callable[[], None] = lambda: None,
    ) -> list[Row]:
        """The rows of a session; images [batch, 1, height, width], expected [batch, classes]."""
        entrants = [
            entrant
            for runner in self.runners
            if runner.on_cpu or session.usual
            for entrant in self._enter(runner, session, images, expected)
        ]
        series = _series(entrants, session)
        seed = f"{self.settings.seed} {session.batch} {session.threads}"
        watch = Watch(worker.pid for worker in self.workers.values())
        interleave(list(series.values()), session.rounds, random.Random(seed), after_round)
        others = watch.share()
        rows = [
            replace(_finished(each.row, series.get(id(each))), others=others) for each in entrants
        ]
        return with_ratios(rows, {one.key for one in self.runners if one.is_baseline})

    def _enter(
        self, runner: Runner, session: Session, images: Array, expected: Array
    ) -> list[Entrant]:
        """A runner each way that it can be had: tried once, where it is not too slow."""
        row = Row(
            runner=runner.name,
            target=runner.target,
            device=runner.device,
            batch=session.batch,
            threads=session.threads,
        )
        known = self.slow.get((runner.key, session.threads))
        if known is not None:
            return [Entrant(row=replace(row, reason=known))]
        limit, tolerance = self.settings.slowest_call, self.settings.max_abs_diff
        worker = self.workers[runner.key]
        try:
            trials: list[Trial] = worker.ask(
                "enter", images, expected, session.threads, limit, tolerance
            )
        except BROKE as error:
            return [Entrant(row=replace(row, status="failed", reason=f"broke: {error}"))]
        if trials[0].status == "measured" and trials[0].seconds > limit:
            reason = (
                f"one call took {trials[0].seconds:.2g} s at batch {session.batch} with "
                f"{session.threads} thread{'s' * (session.threads != 1)}, more than {limit:g} s"
            )
            self.slow[runner.key, session.threads] = reason
            return [Entrant(row=replace(row, reason=reason))]
        return [_entrant(row, trial, worker) for trial in trials]


def _entrant(row: Row, trial: Trial, worker: Asked) -> Entrant:
    row = replace(row, way=trial.way)
    if trial.status != "measured":
        return Entrant(row=replace(row, status=trial.status, reason=trial.reason))

    def turn(calls: int) -> list[float]:
        times: list[float] = worker.ask("turn", trial.way, calls, trial.seconds)
        return times

    return Entrant(row=row, turn=turn, seconds=trial.seconds)


def _series(entrants: list[Entrant], session: Session) -> dict[int, Series]:
    """The series of those who run, by the id of each: as many calls as fit its share of a round."""
    running = [(id(each), each.turn, each.seconds) for each in entrants if each.turn is not None]
    share = session.seconds / session.rounds / max(len(running), 1)
    return {
        number: Series(turn=partial(turn, calls_in(share, seconds)))
        for number, turn, seconds in running
    }


def calls_in(share: float, seconds: float) -> int:
    """How many calls of so many seconds fit into a share of a round, one at least."""
    return min(max(round(share / max(seconds, 1e-9)), 1), MOST_CALLS)


def _finished(row: Row, measured: Series | None) -> Row:
    """A row with what its series measured."""
    if measured is None:
        return row
    if measured.broke is not None:
        return replace(row, status="failed", reason=f"broke: {measured.broke}")
    each = [round(ms, 6) for ms in round_medians(measured.times)]
    median = percentile(measured.times, 50)
    return replace(
        row,
        status="measured",
        rounds=len(each),
        calls=sum(map(len, measured.times)),
        median_ms=median,
        p99_ms=percentile(measured.times, 99),
        max_ms=percentile(measured.times, 100),
        images_per_second=1000 * (row.batch or 0) / median,
        round_ms=each,
    )


def with_ratios(rows: list[Row], baselines: set[Key]) -> list[Row]:
    """The rows of one session, each with its ratio to the baseline in the same rounds."""
    there = (row for row in rows if row.key in baselines and row.way == PYTHON)
    baseline = next((row for row in there if row.status == "measured"), None)
    if baseline is None:
        return rows
    return [_with_ratio(row, baseline) for row in rows]


def _with_ratio(row: Row, baseline: Row) -> Row:
    ratio = compare(row, baseline)
    if ratio is None:
        return row
    return replace(
        row, ratio_to_onnxruntime=ratio.median, ratio_low=ratio.low, ratio_high=ratio.high
    )
