"""The results of a benchmark: artifacts/benchmark.json, and the file of `ludus bench --out`.

On a busy machine only ratios within a round are reliable, so each row keeps its median of every
round: any two rows of one batch and thread count can be compared round by round, also later.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, TypeAdapter

from ludus.core.errors import DataError
from ludus.core.files import read_json, write_json

Status = Literal["measured", "failed", "not run"]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Way = Literal["through Python", "device-resident"]
PYTHON: Way = "through Python"
RESIDENT: Way = "device-resident"  # input and answer stay in the device's memory


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """How many times as fast: the median of the rounds' ratios, and their 10th and 90th percentile.

    Larger is faster.
    """

    median: Positive
    low: Positive
    high: Positive


@dataclass(frozen=True, kw_only=True)
class Row:
    """One runner at one batch and thread count. What was not measured has no figures."""

    runner: str  # the runtime
    way: Way = PYTHON
    target: str
    device: str
    device_name: str | None = None
    batch: Count | None = None  # None: at no batch
    threads: Count | None = None  # of the CPU; without effect on a GPU
    status: Status = "not run"
    reason: str | None = None
    rounds: int = 0
    calls: int = 0  # timed, of all rounds; none is left out
    median_ms: Positive | None = None
    p99_ms: Positive | None = None
    max_ms: Positive | None = None
    images_per_second: Positive | None = None
    ratio_to_onnxruntime: Positive | None = None
    ratio_low: Positive | None = None
    ratio_high: Positive | None = None
    round_ms: list[Positive] = field(default_factory=list)  # the median of each round
    others: float | None = None  # share of the cores' time that others took meanwhile

    @property
    def key(self) -> tuple[str, str, str]:
        """Of its runner."""
        return self.runner, self.target, self.device

    @property
    def name(self) -> str:
        """Such as "iree-cpu-x86_64-v3, device-resident", or "ncnn"."""
        name = named(self.target if self.runner in OWN_RUNNERS else self.runner, self.device)
        return f"{name}, {RESIDENT}" if self.way == RESIDENT else name


def named(name: str, device: str) -> str:
    """A name with its device, unless the name says it: "ncnn on vulkan-gpu", but "iree-cuda"."""
    said = device == "cpu" or device in name.lower()
    return name if said else f"{name} on {device}"


# Runners that are not named, since a target's name implies them.
OWN_RUNNERS = ("IREE",)


@dataclass(frozen=True, kw_only=True)
class Load:
    """A runner in a fresh process: from the call that loads it to its first answer."""

    runner: str
    target: str
    device: str
    status: Status = "not run"
    reason: str | None = None
    file_bytes: int = 0
    load_ms: Positive | None = None  # the median of `processes`
    processes: int = 0
    peak_bytes: int | None = None  # above what the process had after its imports


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where it was measured."""

    system: str
    cpu: str
    cores: Count
    devices: dict[str, str]  # the name of each device that is here


@dataclass(frozen=True, kw_only=True)
class Record:
    """A whole benchmark."""

    machine: Machine
    versions: dict[str, str]
    long: bool
    rows: list[Row]
    loads: list[Load]


def compare(row: Row, other: Row) -> Ratio | None:
    """How many times as fast `row` is as `other`, round by round; None where either has no rounds.

    Raises DataError where the two were not measured side by side.
    """
    if not row.round_ms or not other.round_ms:
        return None
    if (row.batch, row.threads, row.rounds) != (other.batch, other.threads, other.rounds):
        raise DataError(f"{row.name} and {other.name} were not measured side by side")
    ratios = np.array(other.round_ms) / np.array(row.round_ms)
    low, median, high = np.percentile(ratios, [10, 50, 90])
    return Ratio(median=float(median), low=float(low), high=float(high))


def write_record(record: Record, path: Path) -> None:
    """Write a benchmark as JSON, keys in order."""
    write_json(path, asdict(record))


def read_record(path: Path) -> Record:
    """Read what `write_record` wrote; keys that it does not know are left out. Raises DataError."""
    again = "run `dvc repro -f benchmark`"
    record = read_json(TypeAdapter(Record), path, "benchmark", again)
    for number, row in enumerate(record.rows):
        measured = row.status == "measured"
        if measured != (row.median_ms is not None) or len(row.round_ms) != row.rounds:
            raise DataError(
                f"{path}: rows.{number} is '{row.status}' with the median {row.median_ms} and "
                f"{len(row.round_ms)} of {row.rounds} rounds; {again}"
            )
    return record
