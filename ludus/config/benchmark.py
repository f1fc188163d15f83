"""The table `benchmark` of params.yaml: how speed is measured, and its thresholds and goals."""

from typing import Annotated, Literal

from pydantic import Field

from ludus.core.types import Device, Seed, Strict


class Comparison(Strict):
    """A target's required speed relative to another target in the same rounds.

    `threshold` and `goal` are ratios through the Python runners: 2.0 is twice as fast.
    """

    target: str
    device: Device = "cpu"
    batch: Literal[1, 256, 4096]
    against: str
    against_device: Device | None = None  # None: the same
    threshold: Annotated[float, Field(gt=0)]
    goal: Annotated[float, Field(gt=0)]


class Benchmark(Strict):
    """How the benchmark measures, in its short form; see `ludus.benchmark`."""

    seconds: Annotated[float, Field(gt=0)] = 1.5
    rounds: Annotated[int, Field(ge=3)] = 10
    curve: list[Annotated[int, Field(ge=1, le=4096)]] = Field(default=[1, 8, 64, 256])
    curve_seconds: Annotated[float, Field(gt=0)] = 0.4
    curve_rounds: Annotated[int, Field(ge=3)] = 3
    slowest_call: Annotated[float, Field(gt=0)] = 0.05
    processes: Annotated[int, Field(ge=1, le=100)] = 1
    max_abs_diff: Annotated[float, Field(ge=0)] = 0.001
    seed: Seed = 42
    comparisons: list[Comparison] = Field(default_factory=list)
