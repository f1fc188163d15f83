"""Ludwig's Ray backend, whose workers train one network, and whose failures do not end the run.

The trainer of Ludwig 0.17.10's backend is replaced: it averages no gradients (see averaging.py),
reports nothing before its end, handles no failure, and reads images through Ray Data, at a fraction
of the speed. Everything around it, and the training inside each worker, is Ludwig's.
"""

import copy
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray
from ludwig.backend.ray import RayBackend, RayTrainerV2
from ray.train import FailureConfig, RunConfig, ScalingConfig
from ray.train.torch import TorchTrainer
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ludus.config.training import Train
from ludus.core.errors import ClusterError
from ludus.training.ray import worker
from ludus.training.ray.address import resources, said
from ludus.training.ray.checkpoint_store import CheckpointStore

EVENTS_EVERY = 0.5  # seconds
logging.getLogger("ludwig.backend.ray").setLevel(logging.WARNING)


class ClusterBackend(RayBackend):
    """Give it to LudwigModel; Ray must have been connected to."""

    def __init__(self, params: Train, folder: str) -> None:
        """folder is for Ray Train's own notes, on this machine."""
        super().__init__(processor={"type": "pandas"})
        self.params = params
        self.folder = folder

    def create_trainer(  # type: ignore[override] # as Ludwig's own
        self, model: Any, **kwargs: Any
    ) -> Any:
        return ClusterTrainer(self.params, self.folder, model, **kwargs)


class ClusterTrainer(RayTrainerV2):
    """What LudwigModel.train calls: trains on the workers, and takes their network."""

    def __init__(self, params: Train, folder: str, model: Any, **kwargs: Any) -> None:
        super().__init__(model, {}, {}, kwargs)
        self.params = params
        self.folder = folder

    def train(self, training_set: Any, validation_set: Any = None, *_: Any, **__: Any) -> Any:
        """model and its history, as Ludwig's Trainer.train; sets are PandasDatasets."""
        (watch,) = self.executable_kwargs["callbacks"]
        store = _store()
        job = {
            "store": store,
            "model": ray.put(self.model),
            "splits": [ray.put(training_set), ray.put(validation_set)],
            "trainer": self._share_of_each(),
            "config": watch.config,
            "seed": self.executable_kwargs["random_seed"],
            "threads": self.params.threads or self.params.ray.cpus,
        }
        with _shown_events(store, watch):
            self._fit(job)
        result = ray.get(store.result.remote())
        if isinstance(result, Exception):
            raise result
        weights, *history = result
        self.model.load_state_dict(weights)
        # What Ludwig reports by.
        self._validation_field: Any = self.config.validation_field
        self._validation_metric: Any = self.config.validation_metric
        return self.model, *history

    def _share_of_each(self) -> Any:
        """Ludwig's trainer section for a worker: its part of each batch, the rate of the whole."""
        config: Any = copy.deepcopy(self.config)
        config.batch_size //= self.params.workers
        config.learning_rate_scaling = "constant"
        return config

    def _fit(self, job: worker.Job) -> None:
        asked = self.params.ray

        # Both by reference, so that Ray Train's own process does not load Ludwig to read them.
        def begin(config: worker.Job) -> None:
            from ludus.training.ray.worker import work

            work(ray.get(config["job"]))

        trainer = TorchTrainer(
            begin,
            train_loop_config={"job": ray.put(job)},
            scaling_config=ScalingConfig(
                num_workers=asked.workers,
                use_gpu=asked.gpus > 0,
                resources_per_worker=resources(asked),
                placement_strategy="SPREAD",
            ),
            run_config=RunConfig(
                storage_path=self.folder,
                failure_config=FailureConfig(
                    max_failures=asked.restarts, controller_failure_limit=0
                ),
            ),
        )
        try:
            trainer.fit()
        except ray.train.ControllerError as error:
            free = said(ray.available_resources())
            raise ClusterError(
                f"the cluster at {asked.address} gave no place to {asked.workers} workers with "
                f"{said(resources(asked))} each in {asked.wait} s (params.yaml train.ray.wait); "
                f"it has {said(ray.cluster_resources())}, of which {free} are free: {error}"
            ) from error
        except ray.train.WorkerGroupError as error:
            messages = "; ".join(f"worker {n}: {e}" for n, e in error.worker_failures.items())
            raise ClusterError(
                f"the training failed more than {asked.restarts} times (params.yaml "
                f"train.ray.restarts), at last with: {messages}"
            ) from error


def _store() -> Any:
    """The actor, on this node: it ends with the process that asked, and with no other."""
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return ray.remote(num_cpus=0, scheduling_strategy=here)(CheckpointStore).remote()


@contextmanager
def _shown_events(store: Any, watch: Any) -> Iterator[None]:
    """Within the block, what the workers tell is shown as it comes, and at its end the rest."""
    ended = threading.Event()
    joined: list[int] = []

    def show() -> None:
        for name, arguments in ray.get(store.events.remote()):
            if name == "joined":
                rank, address, pid = arguments
                again = ", anew from the last checkpoint" if rank in joined else ""
                joined.append(rank)
                print(f"worker {rank} trains on {address}, process {pid}{again}", flush=True)
            else:
                getattr(watch, name)(*arguments)

    def follow() -> None:
        while not ended.wait(EVENTS_EVERY):
            show()

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        show()
