"""model.yaml: what a network that was made elsewhere takes and gives, and what it is tried on."""

from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Discriminator, Field, Tag, ValidationError, model_validator

from ludus.errors import ConfigError
from ludus.manifest import Batch, Picture, Sha256
from ludus.params import Seed, Strict, YamlLoader


class Given(Strict):
    """The input: its name for a game, and its shape, which may fix what the file leaves open."""

    name: str
    shape: Annotated[list[Batch], Field(min_length=1)]


class Found(Strict):
    """The output; its shape is found out, and checked where it is given."""

    name: str
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


def _tests_kind(values: Any) -> str:
    data = "file" in values if isinstance(values, dict) else isinstance(values, Data)
    return "data" if data else "random"


class About(Strict):
    """The whole file."""

    inputs: list[Given]
    outputs: list[Found]
    # Of a file one a line.
    labels: Annotated[
        Annotated[list[str], Tag("list")] | Annotated[Beside, Tag("file")],
        Discriminator(lambda values: "list" if isinstance(values, list) else "file"),
    ] = Field(default=[])
    preprocess: Picture | None = None
    tests: Annotated[
        Annotated[Data, Tag("data")] | Annotated[Random, Tag("random")],
        Discriminator(_tests_kind),
    ]

    @model_validator(mode="after")
    def _one_of_each(self) -> "About":
        for name, tensors in (("inputs", self.inputs), ("outputs", self.outputs)):
            if len(tensors) != 1:
                raise ValueError(f"{name} should be one, and {len(tensors)} are given")
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
            "docs/own-network.md says what stands in it"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no YAML: {error}") from None
    except ValidationError as error:
        details = "\n".join(
            f"  {'.'.join(map(str, detail['loc'])) or 'the file'}: {detail['msg'].lower()}"
            for detail in error.errors()
        )
        raise ConfigError(f"{path} is not as expected:\n{details}") from None
