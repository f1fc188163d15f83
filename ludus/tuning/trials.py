"""Builds a candidate, times it in turns with the best so far, and verifies it if it is faster."""

import random
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from ludus.benchmark.plan import usual_threads
from ludus.benchmark.rounds import Series, interleave, round_medians
from ludus.benchmark.runners import Array
from ludus.benchmark.sessions import calls_in
from ludus.benchmark.worker import Key, Trial
from ludus.benchmark.workers import Worker, workers
from ludus.bundle.inputs import network_inputs
from ludus.bundle.schema import Network, Variant
from ludus.core.errors import DeviceError, LudusError, ProcessError
from ludus.core.types import Gate
from ludus.data.reference_set import ReferenceSet
from ludus.evaluation import run
from ludus.evaluation.results import Result, judge
from ludus.process.isolated import limited, no_interrupts, run_isolated
from ludus.runtimes.devices import cpu
from ludus.tuning.builds import Builds, Built
from ludus.tuning.candidates import Candidate
from ludus.tuning.scores import Score, Times, score
from ludus.tuning.search import Outcome

VERIFY_SECONDS = 300.0
RACE_SECONDS = 120.0  # after which a race is taken to hang
SLOWEST_CALL = 10.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Form:
    """How long a race is, at each batch."""

    rounds: int
    seconds: float  # of timed calls, of both together


# Who is slower in the first is not timed longer.
FIRST = Form(rounds=5, seconds=0.5)
WHOLE = Form(rounds=15, seconds=2)
LAST = Form(rounds=30, seconds=5)


@dataclass(frozen=True, kw_only=True)
class Trials:
    """Where candidates are tried."""

    builds: Builds
    device: str
    batches: list[int]
    tests: ReferenceSet
    network: Network
    gate: Gate
    after_round: Callable[[], None] = lambda: None

    def compare(self, candidate: Candidate, best: Candidate) -> Outcome:
        """Whether a candidate is faster than the best so far, and verified."""
        try:
            built, held = self.builds.build(candidate), self.builds.build(best)
            if built.variant.sha256 == held.variant.sha256:
                return Outcome(verdict="not faster", reason="the same module")
            first = self.race(built, held, FIRST)
            if first.together.median < 1:
                return Outcome(verdict="not faster", score=first)
            whole = self.race(built, held, WHOLE)
            if not whole.wins:
                return Outcome(verdict="not faster", score=whole)
            result = self.verify(built)
        except LudusError as error:
            return Outcome(verdict="refused", reason=_first_line(error))
        if result.status != "verified":
            return Outcome(verdict="refused", reason=result.reason or "", score=whole)
        return Outcome(verdict="faster", score=whole)

    def race(self, built: Built, held: Built, form: Form) -> Score:
        """How many times as fast `built` is as `held`. Raises DeviceError where one breaks."""
        pair = [(each.variant, each.folder) for each in (held, built)]
        keys: list[Key] = [("IREE", variant.target, self.device) for variant, _ in pair]
        with ExitStack() as stack:
            with no_interrupts():
                running = stack.enter_context(workers(pair, keys))
            asked = [running[key] for key in keys]
            expired = stack.enter_context(limited([each.pid for each in asked], RACE_SECONDS))
            try:
                return score([self._times(asked, batch, form) for batch in self.batches])
            except LudusError:
                if expired.is_set():
                    raise DeviceError(f"a race took more than {RACE_SECONDS:.0f} s") from None
                raise

    def _times(self, asked: list[Worker], batch: int, form: Form) -> Times:
        """The rounds of two workers, the incumbent's first, at one batch."""
        threads = usual_threads(batch, cpu.count())
        which = np.arange(batch) % len(self.tests.inputs)
        chosen = replace(self.tests, inputs=self.tests.inputs[which])
        images, expected = network_inputs(chosen, self.network), self.tests.reference[which]
        share = form.seconds / form.rounds / len(asked)
        series = [
            _series(each, images, expected, threads, self.gate.max_abs_diff, share)
            for each in asked
        ]
        interleave(series, form.rounds, random.Random(batch), self.after_round)
        for each in series:
            if each.broke is not None:
                raise DeviceError(f"broke: {each.broke}")
        before, after = (round_medians(each.times) for each in series)
        return Times(batch=batch, threads=threads, before=before, after=after)

    def verify(self, built: Built) -> Result:
        """Run all images through it, in a process of its own, and judge it by the thresholds."""
        result = run_isolated(
            _evaluate, built.variant, built.folder, self.device, self.tests, self.network,
            seconds=VERIFY_SECONDS,
        )  # fmt: skip
        return judge(result, self.gate, len(self.tests.inputs))


def _series(
    worker: Worker, images: Array, expected: Array, threads: int, tolerance: float, share: float
) -> Series:
    """A series of device-resident calls if the runtime has them, else through Python."""
    trials: list[Trial] = worker.ask("enter", images, expected, threads, SLOWEST_CALL, tolerance)
    for trial in trials:
        if trial.status != "measured":
            raise DeviceError(trial.reason or "broke")
        if trial.seconds > SLOWEST_CALL:
            raise DeviceError(f"a call took {trial.seconds:.1f} s")
    last = trials[-1]
    calls = calls_in(share, last.seconds)
    return Series(turn=partial(worker.ask, "turn", last.way, calls, last.seconds))


def _evaluate(
    variant: Variant, folder: Path, device: str, tests: ReferenceSet, network: Network
) -> Result:
    return run.evaluate(variant, folder, device, tests, network, evaluation="tune")


def _first_line(error: LudusError) -> str:
    """The line of a compiler's output that says what is wrong; else the error's first."""
    printed = error.output.splitlines() if isinstance(error, ProcessError) else []
    return next((line.strip() for line in printed if "error: " in line), str(error).splitlines()[0])
