"""How a picture becomes a network's input, as model.yaml and a bundle's manifest say it."""

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from ludus.core.types import Strict


class Preprocess(Strict):
    """How a picture of a drawing becomes the network's input; see ludus/bundle/preprocessing.py."""

    size: Annotated[int, Field(ge=1, description="height and width of the input, pixels")]
    box: Annotated[int, Field(ge=1, description="the drawing is scaled to fit this square, pixels")]
    layout: Literal["NCHW"]
    scale: Annotated[float, Field(description="grey 0..255 times this, minus mean, is the input")]
    mean: float
    invert: Literal["never", "auto"] = Field(
        description="auto: a drawing darker than its border is inverted, to be light on dark"
    )
    centre: Literal["mass", "box"]

    @property
    def shape(self) -> list[int]:
        """The input's shape without the batch."""
        return [1, self.size, self.size]


class Photo(Strict):
    """How any other picture becomes the network's input; see ludus/bundle/preprocessing.py."""

    kind: Literal["photo"]
    height: Annotated[int, Field(ge=1, description="of the input, pixels")]
    width: Annotated[int, Field(ge=1)]
    fit: Literal["stretch", "crop"] = Field(
        description="crop: the largest centred part of the input's proportions, stretched"
    )
    channels: Literal["RGB", "BGR", "grey"]
    layout: Literal["NCHW", "NHWC"]
    scale: Annotated[float, Field(description="(0..255 times this - mean) / std is the input")]
    mean: list[float] = Field(description="of each channel, in the order of channels")
    std: list[Annotated[float, Field(gt=0)]]

    @model_validator(mode="after")
    def _one_a_channel(self) -> Self:
        """A rule that JSON Schema cannot express."""
        count = self.shape[0 if self.layout == "NCHW" else -1]
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) != count:
                raise ValueError(f"{name} should have {count} values, one a channel")
        return self

    @property
    def shape(self) -> list[int]:
        """The input's shape without the batch."""
        count = 1 if self.channels == "grey" else 3
        if self.layout == "NCHW":
            return [count, self.height, self.width]
        return [self.height, self.width, count]


def _picture_kind(values: Any) -> str:
    """Drawings have no key `kind`, since they were the only kind when `preprocess` was defined."""
    photo = "kind" in values if isinstance(values, dict) else isinstance(values, Photo)
    return "photo" if photo else "drawing"


Picture = Annotated[
    Annotated[Preprocess, Tag("drawing")] | Annotated[Photo, Tag("photo")],
    Discriminator(_picture_kind),
]
