"""search.yaml as a typed object, with every name and value checked against params.yaml."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, ValidationError, model_validator

from ludus.config.training import Train
from ludus.core.explain import explain, shown
from ludus.core.strict_yaml import read_yaml
from ludus.core.types import Seed, Strict

FEWEST = 100  # images of a trial; fewer are less than a batch
Value = int | float | str
Values = dict[str, Value]  # by knob


class Between(Strict):
    """A number from lower to upper; with log, each power of ten is equally likely."""

    space: Literal["uniform", "loguniform"]
    lower: float
    upper: float

    @property
    def ends(self) -> list[Value]:
        return [self.lower, self.upper]


class Whole(Strict):
    """A whole number from lower up to upper, which is excluded."""

    space: Literal["randint", "lograndint"]
    lower: int
    upper: int

    @property
    def ends(self) -> list[Value]:
        return [self.lower, self.upper - 1]


class Choice(Strict):
    """One of several values."""

    space: Literal["choice"]
    categories: Annotated[list[Value], Field(min_length=2)]

    @property
    def ends(self) -> list[Value]:
        return self.categories


Space = Annotated[Between | Whole | Choice, Field(discriminator="space")]
Knob = Literal["train.epochs", "train.batch_size", "train.learning_rate", "train.schedule"]
# Knobs of params.yaml; the others change where or how fast a training runs, not its result.
KNOBS: tuple[str, ...] = get_args(Knob)


class Plan(Strict):
    """The values to try, and the size of each trial."""

    parameters: Annotated[dict[Knob, Space], Field(min_length=1)]
    trials: Annotated[int, Field(ge=1)]
    epochs: Annotated[int, Field(ge=1)]
    images: Annotated[int, Field(ge=0)]
    cpus: Annotated[int, Field(ge=1)]
    gpus: Annotated[int, Field(ge=0)]
    seed: Seed

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if 0 < self.images < FEWEST:
            raise ValueError(f"images: {self.images} is too few; expected {FEWEST}, or 0 for all")
        for name, space in self.parameters.items():
            if isinstance(space, Between | Whole) and space.lower >= space.upper:
                raise ValueError(
                    f"parameters.{name}: lower {space.lower} is not below {space.upper}"
                )
        return self

    def train(self, base: Train, values: Values) -> Train:
        """The params of one trial: base with the plan's epochs and the values tried.

        Raises ValidationError for values that params.yaml would refuse.
        """
        edits: dict[str, Any] = {"epochs": self.epochs, "threads": self.cpus, "backend": "local"}
        edits |= {name.removeprefix("train."): value for name, value in values.items()}
        return Train.model_validate(base.model_dump() | edits)


def load_plan(path: Path, base: Train) -> Plan:
    """Read and check search.yaml against the params it would edit. Raises ConfigError."""
    return read_yaml(Plan, path, faults=lambda plan: _refused(plan, base))


def _refused(plan: Plan, base: Train) -> Iterator[str]:
    """A line for each knob with a value that params.yaml would refuse."""
    for name, space in plan.parameters.items():
        for value in space.ends:
            try:
                plan.train(base, {name: value})
            except ValidationError as error:
                said = explain(Train, error)[0].removeprefix(f"{name.removeprefix('train.')}: ")
                yield f"parameters.{name}: params.yaml would not take {shown(value)}: {said}"
                break
