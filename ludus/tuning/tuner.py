"""Runs a whole search for one target on this machine, with a final comparison."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ludus.bundle.schema import read_network
from ludus.config.backends.iree import IreeTarget
from ludus.config.params import Params
from ludus.core.errors import ConfigError, DataError, DeviceError, UsageError, nearest
from ludus.data.reference_set import load_reference_set
from ludus.process.isolated import run_isolated
from ludus.runtimes import devices
from ludus.runtimes.devices import cpu
from ludus.tuning import summary
from ludus.tuning.builds import Builds, need_torch
from ludus.tuning.candidates import Candidate, dimensions, present
from ludus.tuning.scores import Score
from ludus.tuning.search import Log, Outcome, Step, search
from ludus.tuning.trials import LAST, Trials

LAST_SECONDS = 20.0  # set aside for holding what was found against the row as it was


@dataclass(frozen=True, kw_only=True)
class Found:
    """What came of a search."""

    name: str
    device: str
    log: Log
    score: Score | None  # of the best against the row as it was; None: none, or interrupted

    @property
    def chosen(self) -> Candidate | None:
        """The row to write: faster than the original row by more than the spread."""
        return self.log.best if self.score is not None and self.score.wins else None


def tune(name: str, params: Params, export: Path, *, minutes: float, batches: list[int]) -> Found:
    """Search for a faster row for a target; writes nothing.

    export: the folder that the export stage wrote. Raises UsageError, ConfigError, DataError or
    DeviceError where the target cannot be tuned here, and says why.
    """
    ends = time.monotonic() + minutes * 60
    target = _tunable(name, params, batches)
    need_torch()
    for file in ("model.pt2", "network.json", "reference.npz"):
        if not (export / file).is_file():
            raise DataError(f"{export / file} is missing; run `dvc repro export`")
    device = _device(name, target)
    log = Log(start=present(name, params))
    console = Console(stderr=True)
    console.print(f"{name} on {device}, batch {' and '.join(map(str, batches))}", highlight=False)
    with tempfile.TemporaryDirectory(prefix="ludus-tune-") as folder, _bar(console) as bar:
        task = bar.add_task("building the present row", total=minutes * 60)

        def tick(description: str | None = None) -> None:
            done = minutes * 60 - (ends - time.monotonic())
            bar.update(task, completed=done, description=description)
            bar.refresh()

        trials = Trials(
            builds=Builds(export=export, folder=Path(folder)),
            device=device,
            batches=batches,
            tests=load_reference_set(export / "reference.npz"),
            network=read_network(export),
            gate=params.gate,
            after_round=tick,
        )
        tick()
        _check_start(name, trials, log.start)

        def compare(candidate: Candidate, best: Candidate) -> Outcome:
            tick(summary.progress(log, candidate))
            return trials.compare(candidate, best)

        def told(step: Step) -> None:
            console.print(summary.step(step), highlight=False, soft_wrap=True)

        def left() -> float:
            return ends - time.monotonic() - (LAST_SECONDS if log.kept else 0)

        search(log, dimensions(params), compare, left, told)
        return Found(name=name, device=device, log=log, score=_last(trials, log, tick))


def _last(trials: Trials, log: Log, tick: summary.Tick) -> Score | None:
    """The best against the row as it was: what won over several rows in turn may not over it."""
    if log.interrupted or not log.kept:
        return None
    tick("the best against the row as it was")
    try:
        builds = trials.builds
        return trials.race(builds.build(log.best), builds.build(log.start), LAST)
    except KeyboardInterrupt:
        log.interrupted = True
        return None


def _tunable(name: str, params: Params, batches: list[int]) -> IreeTarget:
    if name not in params.targets:
        raise UsageError(f"no target '{name}'{nearest(name, set(params.targets))}")
    target = params.targets[name]
    if not isinstance(target, IreeTarget):
        raise UsageError(
            f"'{name}' is a file for another runtime ({target.backend}), with nothing to tune; "
            "expected a target whose backend is iree"
        )
    if not target.bundled:
        raise UsageError(f"'{name}' is not bundled, and nothing is asked of its speed")
    if not batches or min(batches) < 1 or len(set(batches)) != len(batches):
        raise UsageError(f"--batch {batches}: expected sizes of at least 1, each once")
    return target


def _device(name: str, target: IreeTarget) -> str:
    """The first device here that runs the target, GPUs before software. Raises DeviceError."""
    reasons = run_isolated(devices_for, target, seconds=120)
    for word, reason in reasons.items():
        if reason is None:
            return word
    said = "; ".join(f"{word}: {reason}" for word, reason in reasons.items())
    raise DeviceError(f"{name} cannot be tuned on this machine, which cannot run it: {said}")


def devices_for(target: IreeTarget) -> dict[str, str | None]:
    """The devices of a target's driver, and why this machine cannot run it there, or None."""
    fitting = [
        word
        for word, known in devices.DEVICES.items()
        if known.probe == target.driver and word != "vulkan"
    ]
    needs = cpu.why_not_cpu(target.cpu) if target.cpu else None
    fitting.sort(key=lambda word: word in ("vulkan-llvmpipe", "vulkan-swiftshader"))
    return {word: needs or devices.why_not(word) for word in fitting}


def _check_start(name: str, trials: Trials, start: Candidate) -> None:
    """The row as it is must be built and verified, or nothing can be held against it."""
    result = trials.verify(trials.builds.build(start))
    if result.status != "verified":
        raise ConfigError(f"the present row of '{name}' is {result.status}: {result.reason}")


def _bar(console: Console) -> Progress:
    # Drawn only between rounds, since a drawing thread would disturb the timing.
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    return Progress(*columns, console=console, auto_refresh=False, transient=True)
