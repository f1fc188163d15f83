"""XLA's CPU client, through JAX: StableHLO, which it compiles when it is loaded."""

from typing import Literal

from ludus.config.backends.base import Backend, LoweredTarget
from ludus.config.lowerings import Lowering


class XlaTarget(LoweredTarget):
    """StableHLO, made by a lowering."""

    backend: Literal["xla"]

    def why_not_of(self, lowering: Lowering) -> str | None:
        if lowering.source == "stablehlo":
            return None
        return (
            f"XLA compiles only StableHLO, and '{self.lowering}' is of source "
            f"{lowering.source}; expected one of source: stablehlo"
        )


BACKEND = Backend(
    name="xla", title="XLA", package="jaxlib", target=XlaTarget, devices=frozenset({"cpu"})
)
