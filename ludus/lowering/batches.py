"""How many inputs a lowered network takes at a time."""

from ludus.config.lowerings import Lowering
from ludus.core.errors import ConfigError


def check_batches(batch: int, lowering: Lowering, where: str) -> None:
    """Raises ConfigError where a network of a fixed batch is lowered for others."""
    if batch != -1 and lowering.batches != [batch]:
        raise ConfigError(
            f"{where}.batches is {lowering.batches}, and the network takes {batch} inputs at a "
            f"time; expected [{batch}]"
        )
