"""Compares measured speeds with the thresholds and goals of params.yaml benchmark.comparisons."""

from dataclasses import dataclass
from typing import Literal

from ludus.benchmark.plan import usual_threads
from ludus.benchmark.record import PYTHON, Ratio, Record, Row, compare, named
from ludus.config.benchmark import Comparison

Verdict = Literal["goal reached", "above the threshold", "below the threshold", "not run"]
PEERS = ("OpenVINO", "TorchScript in a CUDA graph")  # on a target's files, and not its runner


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A comparison and what came of it."""

    name: str
    against: str
    wanted: Comparison
    threads: int
    verdict: Verdict
    ratio: Ratio | None = None
    reason: str | None = None  # of "not run"


def compared(wanted: Comparison, record: Record) -> Compared:
    """What a benchmark says of a comparison: the median of the rounds' ratios decides."""
    threads = usual_threads(wanted.batch, record.machine.cores)
    device = wanted.against_device or wanted.device
    found = []
    for target, where in ((wanted.target, wanted.device), (wanted.against, device)):
        row = _row(record, target, where, wanted.batch, threads)
        if row is None or row.status != "measured":
            return Compared(
                name=named(wanted.target, wanted.device),
                against=named(wanted.against, device),
                wanted=wanted,
                threads=threads,
                verdict="not run",
                reason=_why_not(record, row, target, where, wanted.batch),
            )
        found.append(row)
    ratio = compare(*found)
    verdict: Verdict = "not run"
    if ratio is not None:
        verdict = (
            "above the threshold" if ratio.median >= wanted.threshold else "below the threshold"
        )
        verdict = "goal reached" if ratio.median >= wanted.goal else verdict
    return Compared(
        name=named(wanted.target, wanted.device),
        against=named(wanted.against, device),
        wanted=wanted,
        threads=threads,
        verdict=verdict,
        ratio=ratio,
    )


def _row(record: Record, target: str, device: str, batch: int, threads: int) -> Row | None:
    """The row of a target's own runner through Python."""
    return next(
        (
            row
            for row in record.rows
            if (row.target, row.device, row.way) == (target, device, PYTHON)
            and (row.batch, row.threads) == (batch, threads)
            and row.runner not in PEERS
        ),
        None,
    )


def _why_not(record: Record, row: Row | None, target: str, device: str, batch: int) -> str:
    """The reason of a row; where there is none for the batch, that of the device."""
    if row is not None:
        return f"{named(target, device)}: {row.reason}"
    absent = (
        each.reason
        for each in record.rows
        if (each.target, each.device, each.batch) == (target, device, None)
    )
    reason = next(absent, f"batch {batch} was not measured; --long measures it")
    return f"{named(target, device)}: {reason}"
