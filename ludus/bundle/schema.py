"""manifest.json of a bundle: the one description that Python, the engine and servers follow.

`python -m ludus.bundle.schema` prints its JSON Schema, which docs/manifest.schema.json holds.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    model_validator,
)

from ludus.config.backends import BACKENDS
from ludus.core.files import read_json
from ludus.core.pictures import Picture
from ludus.core.types import Batch, Cpu, Driver, Gate, Name, Sha256, Strict

SCHEMA_VERSION = 1

# A file of the bundle: relative, with forward slashes, and never outside the bundle's folder.
PART = "[A-Za-z0-9_][A-Za-z0-9_.-]*"
RelativePath = Annotated[str, Field(pattern=f"^{PART}(/{PART})*$")]


class Tensor(Strict):
    """An input or output. Its place in the list is its index in the engine: `input/0/data`."""

    name: str
    datatype: Literal["FP32"] = Field(description="in words of the Open Inference Protocol")
    shape: list[Batch] = Field(min_length=1, description="the batch first; -1: any")


UNIONS = ("preprocess", "golden")  # whose kind a key tells


class File(Strict):
    """A file of the bundle."""

    path: RelativePath
    bytes: Annotated[int, Field(ge=0)]
    sha256: Sha256


class Buffers(Strict):
    """What the caller of a function gives it, and keeps from call to call.

    name(images, result, transients, wait, signal): buffer views of the images and of the result,
    a buffer for transients, and two fences, in place of name(images) -> result. The result is
    there when the second fence is signalled, until the next call.
    """

    result: list[Annotated[int, Field(ge=1)]] = Field(min_length=1, description="shape, FP32")
    transients: Annotated[int, Field(ge=0, description="bytes; a larger buffer will do")]


class EntryFunction(Strict):
    """A function of a module. Its batch is any (-1), or just this many images."""

    name: str
    batch: Batch
    buffers: Annotated[
        Buffers | None,
        Field(
            description="that the caller gives; left out: none, IREE allocates",
            exclude_if=lambda buffers: buffers is None,  # so that it reads as it did before
        ),
    ] = None


class Figures(Strict):
    """What one evaluation of a variant found."""

    evaluation: str
    device: str
    status: Literal["verified", "failed", "not run", "attested"]
    reason: str | None
    images: int
    accuracy: float | None
    agreement: float | None
    max_abs_diff: float | None


class Variant(Strict):
    """The network compiled for one target."""

    target: Name
    backend: Name = Field(description="one that a reader does not know cannot be run by it")
    driver: Driver | None = Field(None, description="IREE's HAL driver; null: the backend's own")
    files: Annotated[list[File], Field(min_length=1, description="the module first")]
    sha256: Sha256 = Field(description="of the files' bytes, one after the other")
    iree_version: str | None = Field(None, description="of the runtime that the module needs")
    cpu: Cpu | None = Field(None, description="what compiled CPU code needs")
    entry_functions: Annotated[list[EntryFunction], Field(min_length=1)]
    evaluations: list[Figures] = Field(default=[])

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """What JSON Schema has no words for."""
        backend = BACKENDS.get(self.backend)
        if backend and any(getattr(self, key) is None for key in backend.needs):
            raise ValueError(f"{self.target} needs {' and '.join(backend.needs)}")
        return self


class Golden(Strict):
    """Test drawings and the reference's answers: a self-test that runs anywhere."""

    images: File = Field(description="uint8, [count, size, size], light on dark")
    labels: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    probabilities: list[list[float]]
    max_abs_diff: float = Field(ge=0, description="largest difference allowed to any probability")


class GoldenTensors(Strict):
    """Inputs as the network takes them, and the reference's answers; float32, little-endian."""

    inputs: File = Field(description="[count, *the input's shape without the batch]")
    outputs: File = Field(description="[count, *the output's shape without the batch]")
    max_abs_diff: float = Field(ge=0, description="largest difference allowed to any value")


def _golden_kind(values: Any) -> str:
    tensors = "inputs" in values if isinstance(values, dict) else isinstance(values, GoldenTensors)
    return "tensors" if tensors else "images"


class Provenance(Strict):
    """Where the bundle came from."""

    revision: str | None = Field(description="Git revision of the working tree's HEAD")
    dvc_lock_sha256: Sha256 = Field(description="of dvc.lock's entries for what was built")
    versions: dict[str, str]


class Network(Strict):
    """What goes in, what comes out, and what it means; the export stage writes it."""

    inputs: Annotated[list[Tensor], Field(min_length=1)]
    outputs: Annotated[list[Tensor], Field(min_length=1)]
    labels: list[str] = Field(description="of the output's last dimension, in order; [] for none")
    preprocess: Picture | None = Field(description="of pictures; null: it takes tensors alone")


class Manifest(Network):
    """All that a game, a server or a person needs to know to run the bundle."""

    schema_version: Literal[1]
    name: Name
    version: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
    floors: Gate
    golden: Annotated[
        Annotated[Golden, Tag("images")] | Annotated[GoldenTensors, Tag("tensors")],
        Discriminator(_golden_kind),
    ]
    variants: list[Variant] = Field(min_length=1, description="best first")
    files: list[File] = Field(description="every other file of the bundle")
    provenance: Provenance


def read_network(export: Path) -> Network:
    """What the export stage wrote of the network to its folder. Raises DataError."""
    path = export / "network.json"
    return read_json(TypeAdapter(Network), path, "network", "run `dvc repro export`")


def read_variant(built: Path) -> Variant:
    """What the compile stage wrote of a target to its folder. Raises DataError."""
    step = "run `dvc repro`, with --all-pipelines for a target of everywhere/params.yaml"
    return read_json(TypeAdapter(Variant), built / "variant.json", "variant", step)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of manifest.json."""
    return Manifest.model_json_schema()


if __name__ == "__main__":
    print(json.dumps(json_schema(), indent=1, sort_keys=True))
