"""The end of a block: bias, relu and a 2x2 pool, on the convolution's values of one window."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch


@dataclass(frozen=True, kw_only=True)
class Finish:
    """The order of bias, relu and pool.

    Maximum commutes with adding the bias and with relu, a mean only with the bias. So with a
    maximum both are applied after the pool, to a quarter of the values.
    """

    pool: Literal["max", "average"] | None
    relu: Literal["first", "last"] | None  # before or after the pool; of a maximum always "last"

    @property
    def step(self) -> int:
        """The convolution's outputs for each output of the block, along one axis."""
        return 1 if self.pool is None else 2

    def __call__(self, window: Sequence[torch.Tensor], bias: torch.Tensor) -> torch.Tensor:
        """The four tensors of a window's places (one without a pool), combined to one."""
        if self.pool == "average":
            if self.relu == "first":
                window = [torch.relu(value + bias) for value in window]
            y = 0.25 * ((window[0] + window[1]) + (window[2] + window[3]))
            if self.relu == "first":
                return y
        elif self.pool == "max":
            # Not amax: IREE 3.13 makes it a reduction that VMVX cannot compile for one image.
            top, bottom = torch.maximum(window[0], window[1]), torch.maximum(window[2], window[3])
            y = torch.maximum(top, bottom)
        else:
            (y,) = window
        y = y + bias
        return torch.relu(y) if self.relu else y
