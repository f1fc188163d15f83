"""The rows of `lowerings` in params.yaml: the source of the MLIR, and how it is made."""

from typing import Annotated, Final, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from ludus.core.errors import nearest
from ludus.core.types import ANY, Strict

NONE: Final = "none"  # no row: a target of this lowering is the exported file itself
# The names in `ludus.lowering.rewrites`, which cannot be imported without torch.
REWRITES = {
    "winograd",
    "patches",
    "winograd-windows",
    "patches-windows",
    "groups",
    "im2col",
    "transpose-dense",
    "split-dense",
    "unroll-softmax",
}


class Lowering(Strict):
    """The source of the MLIR, its rewrites, and the batch sizes of its entry functions."""

    # `ludus.lowering.from_onnx` makes the MLIR of the other sources.
    source: Literal["torch", "onnx", "stablehlo"] = "torch"
    rewrites: list[str]
    single: list[str] | None = None  # in place of `rewrites`, for a batch of one image
    batches: Annotated[
        Annotated[Literal["dynamic"], Tag("word")]
        | Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1), Tag("list")],
        Discriminator(lambda value: "word" if isinstance(value, str) else "list"),
    ]
    buffers: Literal["iree", "caller"] = "iree"  # who allocates results and transients

    @model_validator(mode="after")
    def _sizes_known(self) -> Self:
        if self.buffers == "caller" and self.batches == "dynamic":
            raise ValueError("buffers: caller needs a list of batches, since their sizes follow")
        return self

    @model_validator(mode="after")
    def _rewrites_known(self) -> Self:
        for name in [*self.rewrites, *(self.single or [])]:
            if name not in REWRITES:
                raise ValueError(f"no rewrite '{name}'{nearest(name, REWRITES)}")
        return self

    @model_validator(mode="after")
    def _as_exported(self) -> Self:
        """Only torch's program can be rewritten, and given several entry functions."""
        if self.source == "torch":
            return self
        if self.rewrites or self.single or self.buffers != "iree":
            raise ValueError(
                f"source: {self.source} is compiled as exported; rewrites, single and buffers are "
                f"for source: torch; expected rewrites: []"
            )
        if self.batches == "dynamic" and self.source == "stablehlo":
            raise ValueError("source: stablehlo has no dynamic batch; expected a list of one size")
        if self.batches != "dynamic" and len(self.batches) > 1:
            raise ValueError(
                f"source: {self.source} has one entry function; expected one batch, got "
                f"{len(self.batches)}"
            )
        return self

    def functions(self) -> dict[int, str]:
        """The entry function for each batch; the only one is called `main`."""
        if self.batches == "dynamic":
            return {ANY: "main"}
        if len(self.batches) == 1:
            return {self.batches[0]: "main"}
        return {batch: f"batch_{batch}" for batch in self.batches}

    def rewrites_for(self, batch: int) -> list[str]:
        """The rewrites for a batch of this many images."""
        return self.single if batch == 1 and self.single is not None else self.rewrites
