"""model.yaml: the input, output and test data of a network that was made elsewhere."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, model_validator

from ludus.core.explain import shown
from ludus.core.pictures import Photo, Preprocess
from ludus.core.strict_yaml import read_yaml
from ludus.core.types import Batch, Seed, Sha256, Strict

TensorName = Annotated[str, Field(min_length=1)]


class Given(Strict):
    """The input: its name for a game, and its shape, which may fix what the file leaves open."""

    name: TensorName
    shape: Annotated[list[Batch], Field(min_length=1)]


class Found(Strict):
    """The output; its shape is measured, and checked if model.yaml gives it."""

    name: TensorName
    shape: Annotated[list[Batch], Field(min_length=1)] | None = None


class Beside(Strict):
    """A file beside model.yaml; its sha256 lets DVC notice a change."""

    file: str
    sha256: Sha256


class Data(Beside):
    """An .npz file: inputs float32 [N, ...], and labels if `labelled`."""

    labelled: bool = False


class Random(Strict):
    """Random inputs, uniform from low to high."""

    count: Annotated[int, Field(ge=1, le=100_000)]
    seed: Seed
    low: float
    high: float

    @model_validator(mode="after")
    def _in_order(self) -> "Random":
        if not self.low < self.high:
            raise ValueError(f"low should be below high; got {self.low:g} and {self.high:g}")
        return self


# Any key of a kind decides for it, so that a typo in another key does not choose the other kind.
def _tests_kind(values: Any) -> str:
    own = Data.model_fields.keys()
    data = bool(own & values.keys()) if isinstance(values, dict) else isinstance(values, Data)
    return "data" if data else "random"


def _picture_kind(values: Any) -> str:
    own = Photo.model_fields.keys() - Preprocess.model_fields.keys()
    photo = bool(own & values.keys()) if isinstance(values, dict) else isinstance(values, Photo)
    return "photo" if photo else "drawing"


class ModelDescription(Strict):
    """The whole file."""

    inputs: list[Given]
    outputs: list[Found]
    # A file of labels has one a line.
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
    def _one_of_each(self) -> "ModelDescription":
        for name, tensors in (("inputs", self.inputs), ("outputs", self.outputs)):
            if len(tensors) != 1:
                raise ValueError(f"{name} should be one, and {len(tensors)} are given")
        if self.input.name == self.output.name:
            raise ValueError(
                f"outputs.0.name should be another than that of the input; got "
                f"{shown(self.output.name)} for both"
            )
        return self

    @property
    def input(self) -> Given:
        return self.inputs[0]

    @property
    def output(self) -> Found:
        return self.outputs[0]


def read_model_description(path: Path) -> ModelDescription:
    """Read and check a model.yaml. Raises ConfigError with every fault found."""
    next_step = (
        "params.yaml model.about names it, and docs/tutorials/own-network.md says what stands in it"
    )
    return read_yaml(ModelDescription, path, next_step)
