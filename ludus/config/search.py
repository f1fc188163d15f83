"""search.yaml as a typed object: every name known, every value one that params.yaml would take."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Discriminator, Field, Tag, ValidationError, model_validator

from ludus.config.params import Train
from ludus.core.errors import ConfigError, nearest
from ludus.core.strict_yaml import YamlLoader
from ludus.core.types import Seed, Strict

# Of params.yaml; the others say where or how fast a training runs, not what it makes.
KNOBS = ("train.epochs", "train.batch_size", "train.learning_rate", "train.schedule")
FEWEST = 100  # images of a trial; fewer are less than a batch, and say nothing
Value = int | float | str
Values = dict[str, Value]  # by knob


class Between(Strict):
    """A number from lower to upper; with log, alike likely in each power of ten."""

    space: Literal["uniform", "loguniform"]
    lower: float
    upper: float

    @property
    def ends(self) -> list[Value]:
        return [self.lower, self.upper]


class Whole(Strict):
    """A whole number from lower up to, and without, upper."""

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


SPACES: dict[str, type[Between] | type[Whole] | type[Choice]] = {
    "uniform": Between,
    "loguniform": Between,
    "randint": Whole,
    "lograndint": Whole,
    "choice": Choice,
}


def _kind(value: Any) -> str | None:
    word = value.get("space") if isinstance(value, dict) else getattr(value, "space", None)
    return SPACES[word].__name__ if word in SPACES else None


Space = Annotated[
    Annotated[Between, Tag("Between")]
    | Annotated[Whole, Tag("Whole")]
    | Annotated[Choice, Tag("Choice")],
    Discriminator(_kind),
]


class Plan(Strict):
    """What is tried, and on how much."""

    parameters: Annotated[dict[str, Space], Field(min_length=1)]
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

        Raises ValidationError for values that params.yaml would not take.
        """
        edits: dict[str, Any] = {"epochs": self.epochs, "threads": self.cpus, "backend": "local"}
        edits |= {name.removeprefix("train."): value for name, value in values.items()}
        return Train.model_validate(base.model_dump() | edits)


def load_plan(path: Path, base: Train) -> Plan:
    """Read and check search.yaml against the params it would edit. Raises ConfigError."""
    try:
        given = yaml.load(path.read_text(encoding="utf-8"), Loader=YamlLoader)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no YAML: {error}") from None
    _check_names(path, given)
    try:
        plan = Plan.model_validate(given, strict=True)
    except ValidationError as error:
        raise ConfigError(_said(path, error)) from None
    for name, space in plan.parameters.items():
        for value in space.ends:
            try:
                plan.train(base, {name: value})
            except ValidationError as error:
                said = error.errors()[0]["msg"].lower()
                raise ConfigError(
                    f"{path}: parameters.{name}: params.yaml would not take {value!r}: {said}"
                ) from None
    return plan


def _check_names(path: Path, given: Any) -> None:
    """Knobs and spaces that there are not, with the nearest that there is."""
    if not isinstance(given, dict):
        raise ConfigError(f"{path}: expected keys with values, got {given!r}")
    for key in given:
        if key not in Plan.model_fields:
            raise ConfigError(f"{path}: unknown key '{key}'{nearest(key, set(Plan.model_fields))}")
    parameters = given.get("parameters")
    for name, space in parameters.items() if isinstance(parameters, dict) else ():
        where = f"{path}: parameters.{name}"
        if name not in KNOBS:
            raise ConfigError(f"{where}: no such knob{nearest(str(name), KNOBS)}")
        word = space.get("space") if isinstance(space, dict) else space
        if not isinstance(word, str) or word not in SPACES:
            raise ConfigError(
                f"{where}.space: unknown value {word!r}{nearest(str(word), set(SPACES))}"
            )


def _said(path: Path, error: ValidationError) -> str:
    lines = []
    for detail in error.errors():
        place = ".".join(str(part) for part in detail["loc"] if part not in _ARMS)
        what = detail["msg"].removeprefix("Value error, ")  # pydantic's, before words of ours
        lines.append(f"  {place}: {what.lower()}" if place else f"  {what}")
    return "\n".join([f"{path} is not as expected:", *lines])


_ARMS = {space.__name__ for space in SPACES.values()}
