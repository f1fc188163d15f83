"""The types that params.yaml, model.yaml and a bundle's manifest share."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Driver = Literal["cpu", "vulkan", "cuda", "rocm", "metal"]
# The environment that runs a variant: `ludus.evaluation.executors`.
Executor = Literal[
    "native", "godot", "godot-pck", "own-runtime", "qemu-aarch64", "qemu-riscv64", "triton", "wine"
]
Device = Literal[
    "cpu", "vulkan", "vulkan-llvmpipe", "vulkan-swiftshader", "vulkan-gpu", "cuda", "rocm", "metal"
]
# No dots, since DVC reads `a.b` as the key b of the table a.
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
ANY = -1  # a batch of any number of images


def _not_zero(batch: int) -> int:
    if batch == 0:
        raise ValueError("should be -1, for any number of images, or at least 1")
    return batch


# A number of images; -1: any. With 0 a runner would wait forever.
Batch = Annotated[
    int, Field(ge=-1, json_schema_extra={"not": {"const": 0}}), AfterValidator(_not_zero)
]


class Strict(BaseModel):
    """Base of every table: no unknown keys, no infinities, values cannot be reassigned."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Cpu(Strict):
    """What compiled CPU code needs: the architecture, and features as LLVM names them."""

    architecture: Literal["x86_64", "aarch64", "riscv64"]
    features: list[str]


class Gate(Strict):
    """Thresholds; see `ludus.evaluation.results.judge`."""

    accuracy: Annotated[float, Field(ge=0, le=1)]  # 0 where nothing is labelled
    accuracy_loss: Annotated[float, Field(ge=0, le=1)]
    agreement: Annotated[float, Field(ge=0, le=1)]
    max_abs_diff: Annotated[float, Field(ge=0)]
