"""model.yaml: what a network that was made elsewhere takes and gives, and what it is tried on."""

import json
import re
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, Discriminator, Field, Tag, ValidationError, model_validator

from ludus.bundle.schema import Batch, Photo, Preprocess, Sha256
from ludus.core.errors import ConfigError, nearest
from ludus.core.strict_yaml import YamlLoader
from ludus.core.types import Seed, Strict

LONGEST = 80  # characters of a value that a message shows
TensorName = Annotated[str, Field(min_length=1)]


class Given(Strict):
    """The input: its name for a game, and its shape, which may fix what the file leaves open."""

    name: TensorName
    shape: Annotated[list[Batch], Field(min_length=1)]


class Found(Strict):
    """The output; its shape is found out, and checked where it is given."""

    name: TensorName
    shape: Annotated[list[Batch], Field(min_length=1)] | None = None


class Beside(Strict):
    """A file beside model.yaml; by its sha256 DVC sees that it has changed."""

    file: str
    sha256: Sha256


class Data(Beside):
    """An .npz file: inputs float32 [N, ...], and labels where labelled."""

    labelled: bool = False


class Random(Strict):
    """Inputs drawn evenly from low to high."""

    count: Annotated[int, Field(ge=1, le=100_000)]
    seed: Seed
    low: float
    high: float

    @model_validator(mode="after")
    def _in_order(self) -> "Random":
        if not self.low < self.high:
            raise ValueError(f"low should be below high; got {self.low:g} and {self.high:g}")
        return self


# By any key of its own, so that a typo in another does not make it the other kind.
def _tests_kind(values: Any) -> str:
    own = Data.model_fields.keys()
    data = bool(own & values.keys()) if isinstance(values, dict) else isinstance(values, Data)
    return "data" if data else "random"


def _picture_kind(values: Any) -> str:
    own = Photo.model_fields.keys() - Preprocess.model_fields.keys()
    photo = bool(own & values.keys()) if isinstance(values, dict) else isinstance(values, Photo)
    return "photo" if photo else "drawing"


class About(Strict):
    """The whole file."""

    inputs: list[Given]
    outputs: list[Found]
    # Of a file one a line.
    labels: Annotated[
        Annotated[list[str], Tag("list")] | Annotated[Beside, Tag("file")],
        Discriminator(lambda values: "list" if isinstance(values, list) else "file"),
    ] = Field(default=[])
    preprocess: (
        Annotated[
            Annotated[Preprocess, Tag("drawing")] | Annotated[Photo, Tag("photo")],
            Discriminator(_picture_kind),
        ]
        | None
    ) = None
    tests: Annotated[
        Annotated[Data, Tag("data")] | Annotated[Random, Tag("random")],
        Discriminator(_tests_kind),
    ]

    @model_validator(mode="after")
    def _one_of_each(self) -> "About":
        for name, tensors in (("inputs", self.inputs), ("outputs", self.outputs)):
            if len(tensors) != 1:
                raise ValueError(f"{name} should be one, and {len(tensors)} are given")
        if self.input.name == self.output.name:
            raise ValueError(
                f"outputs.0.name should be another than that of the input; got "
                f"{_shown(self.output.name)} for both"
            )
        return self

    @property
    def input(self) -> Given:
        return self.inputs[0]

    @property
    def output(self) -> Found:
        return self.outputs[0]


def read_about(path: Path) -> About:
    """Read and check a model.yaml. Raises ConfigError with every fault found."""
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), Loader=YamlLoader)
        return About.model_validate(values, strict=True)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}; params.yaml model.about names it, and "
            "docs/tutorials/own-network.md says what stands in it"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no YAML: {error}") from None
    except ValidationError as error:
        details = "\n".join(f"  {_explain(detail)}" for detail in error.errors())
        raise ConfigError(f"{path} is not as expected:\n{details}") from None


# The tables, by their place; where one of two is meant, pydantic names the kind after the place.
TABLES: dict[tuple[str, ...], type[BaseModel]] = {
    (): About,
    ("inputs",): Given,
    ("outputs",): Found,
    ("labels", "file"): Beside,
    ("preprocess", "drawing"): Preprocess,
    ("preprocess", "photo"): Photo,
    ("tests", "data"): Data,
    ("tests", "random"): Random,
}
# What stands where neither of two kinds does.
EXPECTED = {
    "labels": "a list of words, or {file, sha256}",
    "tests": "{file, sha256, labelled} or {count, seed, low, high}",
}


def _explain(detail: Any) -> str:
    """One of pydantic's errors as a line: where, what, got, and the nearest known name."""
    location = [str(part) for part in detail["loc"]]
    place = tuple(part for part in location[:-1] if not part.isdigit())
    if location[:1] and location[0] in ("labels", "preprocess", "tests"):
        del location[1:2]  # the kind, of which the file has no word
    where, got = ".".join(location) or "the file", detail["input"]
    if detail["type"] == "extra_forbidden":
        known = set(TABLES[place].model_fields)
        return f"{where}: unknown key '{location[-1]}'{nearest(location[-1], known)}"
    if detail["type"] == "missing":
        return f"{where}: field required"
    if detail["type"] == "value_error":
        said = f"{where}: {detail['ctx']['error']}".removeprefix("the file: ")
        return said if isinstance(got, dict) else f"{said}; got {_shown(got)}"
    return f"{where}: {_expectation(detail, where)}, got {_shown(got)}"


def _expectation(detail: Any, where: str) -> str:
    """What an error expected, in words of the file."""
    got, kind = detail["input"], detail["type"]
    if kind == "string_type" and isinstance(got, bool):
        words = "yes, on and true" if got else "no, off and false"
        return f"put it in quotes: YAML reads {words} as {_shown(got)}"
    if kind == "string_type" and not isinstance(got, dict | list):
        return "expected a word: put it in quotes"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"expected {EXPECTED.get(where, 'keys with values')}"
    if kind == "literal_error":
        return f"expected {detail['ctx']['expected']}"
    message = re.sub(r"^Input should be ", "expected ", detail["msg"])
    return message[:1].lower() + message[1:]


def _shown(value: Any) -> str:
    """A value as YAML has it, in one line, not too long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
