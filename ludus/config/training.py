"""The table `train` of params.yaml: how a network is trained, and where."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ludus.core.types import Seed, Strict


class Ray(Strict):
    """The Ray cluster that a training or a search runs on, and the resources of each worker."""

    address: Annotated[str, Field(pattern=r"^(local|[^\s:/]+:[0-9]{1,5})$")] = "local"
    workers: Annotated[int, Field(ge=1, le=1024)] = 2
    cpus: Annotated[int, Field(ge=1, le=1024)] = 1  # for each worker
    gpus: Annotated[int, Field(ge=0, le=1)] = 0
    restarts: Annotated[int, Field(ge=0, le=1000)] = 3  # the training fails after one more failure
    wait: Annotated[int, Field(ge=1)] = 300  # seconds, until others free the resources


class Train(Strict):
    epochs: Annotated[int, Field(ge=1)]
    batch_size: Annotated[int, Field(ge=1)]
    learning_rate: Annotated[float, Field(gt=0)]
    schedule: Literal["one_cycle", "cosine", "constant"]
    seed: Seed
    threads: Annotated[int, Field(ge=0, le=1024)]
    backend: Literal["local", "ray"] = "local"
    ray: Ray = Ray()

    @property
    def workers(self) -> int:
        """The number of processes, each of which trains on its share of every batch."""
        return self.ray.workers if self.backend == "ray" else 1

    @model_validator(mode="after")
    def _batch_divides(self) -> Self:
        if self.batch_size % self.workers:
            raise ValueError(
                f"batch_size {self.batch_size} cannot be shared by ray.workers "
                f"{self.workers} alike; expected a multiple of it"
            )
        return self
