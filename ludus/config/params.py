"""params.yaml as typed objects, with every key and every reference to another row checked.

A misspelt key, a wrong type or an unknown name raises ConfigError, which gives its place and the
nearest known name. Each larger table has a file of its own in this folder.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ludus.config.benchmark import Benchmark
from ludus.config.checks import faults
from ludus.config.evaluations import Evaluation
from ludus.config.lowerings import Lowering
from ludus.config.targets import Target
from ludus.config.training import Train
from ludus.core.program import run_stage
from ludus.core.strict_yaml import read_yaml
from ludus.core.types import Gate, Name, Seed, Strict


class Model(Strict):
    """Where the network comes from: trained here by Ludwig, or a file that was made elsewhere."""

    source: Literal["ludwig", "onnx", "torch", "stablehlo"]
    file: str  # Ludwig's config, an ONNX file, torch's ExportedProgram, MLIR
    about: str  # the file that describes it: model.yaml, or Ludwig's config itself

    @model_validator(mode="after")
    def _described(self) -> Self:
        if self.source == "ludwig" and self.about != self.file:
            raise ValueError("about should be the file itself, which tells ludwig all")
        return self


class Data(Strict):
    sources: Annotated[list[Literal["ludwig", "npm", "folder"]], Field(min_length=1)]
    folder: str
    validation: Annotated[int, Field(ge=10, le=30_000)]
    seed: Seed


class BundleParams(Strict):
    name: Name
    version: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
    golden: Annotated[int, Field(ge=10, le=1000)]


class Params(Strict):
    model: Model = Model(source="ludwig", file="config.yaml", about="config.yaml")
    data: Data
    train: Train
    bundle: BundleParams
    lowerings: dict[Name, Lowering]
    targets: Annotated[dict[Name, Target], Field(min_length=1)]
    evaluations: Annotated[dict[Name, Evaluation], Field(min_length=1)]
    gate: Gate
    benchmark: Benchmark = Benchmark()


def load_params(path: Path = Path("params.yaml")) -> Params:
    """Read and check params.yaml. Raises ConfigError with every fault found."""
    return read_yaml(Params, path, faults=_faults)


def _faults(params: Params) -> Iterator[str]:
    return faults(
        params.lowerings, params.targets, params.evaluations, params.benchmark.comparisons
    )


def main() -> None:
    """`python -m ludus.config.params`: the check alone, as `make repro` begins."""
    load_params()


if __name__ == "__main__":
    run_stage(main)
