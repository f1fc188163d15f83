"""Data parallelism for Ludwig: every worker has the whole network, and gradients are averaged.

Ludwig 0.17.10 lacks it on Ray: its workers get the strategy "local", so each trains its own network
on its share of the data, and one of the networks is kept (ludwig/backend/ray.py, train_fn).
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from ludwig.distributed import STRATEGIES, init_dist_strategy
from ludwig.distributed.base import LocalStrategy
from torch import nn
from torch.optim import Optimizer
from torchmetrics.utilities.distributed import gather_all_tensors


class Averaging(LocalStrategy):
    """Ludwig's strategy interface on the process group that Ray Train has opened."""

    def size(self) -> int:
        return dist.get_world_size()

    def rank(self) -> int:
        return dist.get_rank()

    def local_size(self) -> int:
        return self.size()

    def local_rank(self) -> int:
        """That of all: Ludwig lets the first of each node write, and one is enough."""
        return self.rank()

    def barrier(self) -> None:
        dist.barrier()

    def allreduce(self, t: torch.Tensor) -> torch.Tensor:
        dist.all_reduce(t)
        return t

    def broadcast(self, t: torch.Tensor) -> torch.Tensor:
        dist.broadcast(t, src=0)
        return t

    def broadcast_object(self, v: Any, name: str | None = None) -> Any:
        objects = [v]
        dist.broadcast_object_list(objects, src=0)
        return objects[0]

    def sync_model(self, model: nn.Module) -> None:
        for tensor in model.state_dict().values():
            self.broadcast(tensor)

    def wait_optimizer_synced(self, optimizer: Optimizer) -> None:
        """Average the gradients; Ludwig clips and steps after it.

        As one tensor, since each call costs a round over the network.
        """
        gradients = [
            weight.grad
            for group in optimizer.param_groups
            for weight in group["params"]
            if weight.grad is not None
        ]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.size()
        parts = flat.split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view(gradient.shape))

    @classmethod
    def is_available(cls) -> bool:
        return dist.is_initialized()

    @classmethod
    def gather_all_tensors_fn(cls) -> Callable[..., Any]:
        return gather_all_tensors


def averaging() -> Averaging:
    """The strategy, made the one that Ludwig's metrics ask."""
    STRATEGIES["averaging"] = lambda: Averaging
    strategy = init_dist_strategy("averaging")
    assert isinstance(strategy, Averaging)
    return strategy
