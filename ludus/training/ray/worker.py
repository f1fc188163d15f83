"""What a worker of a training on Ray does: Ludwig's own training, with averaged gradients.

Ludwig's trainer keeps a checkpoint after each epoch; the first worker hands it to the store. After
a failure Ray Train starts all workers anew, and they go on from there. Random numbers are drawn
anew in each epoch, by seed, epoch and worker: an interrupted training ends like an undisturbed
one.
"""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import ray
import ray.train
import torch
from ludwig.globals import TRAINING_CHECKPOINTS_DIR_PATH, TRAINING_PROGRESS_TRACKER_FILE_NAME
from ludwig.trainers.trainer import RemoteTrainer
from ludwig.utils.trainer_utils import ProgressTracker
from ray.train.torch import get_device

from ludus.core.errors import LudusError
from ludus.training.ray.averaging import averaging
from ludus.training.ray.checkpoint_store import Files
from ludus.training.speed import keep_memory
from ludus.training.watch import Watch

Job = dict[str, Any]
SCHEDULE = "schedule.pt"  # beside Ludwig's own files in a checkpoint


class RemoteCallback(Watch):
    """A Watch whose curves and bar are with the process that asked."""

    def __init__(self, store: Any, config: dict[str, Any]) -> None:
        self.store = store
        self.config = config

    def stepped(self, steps: int, total: int) -> None:
        self.store.stepped.remote(steps, total)

    def evaluated(self, epoch: int, epochs: int, figures: dict[str, float]) -> None:
        self.store.evaluated.remote(epoch, epochs, figures)


class Trainer(RemoteTrainer):
    """Ludwig's, which goes on from what the store has, and gives it each epoch's checkpoint."""

    def __init__(self, store: Any, **arguments: Any) -> None:
        super().__init__(distributed=averaging(), **arguments)
        self.store = store
        self.scheduler: Any
        self.optimizer: Any
        self.kept: Files | None = ray.get(store.kept.remote())
        self.states: list[dict[str, Any]] | None = None  # of schedule and optimizer, to be restored

    def _create_or_resume_progress_tracker(
        self, file: str, folder: str, checkpoint: Any, *rest: Any
    ) -> ProgressTracker:
        if self.kept is None:
            fresh: ProgressTracker = super()._create_or_resume_progress_tracker(
                file, folder, checkpoint, *rest
            )
            return fresh
        if self.is_coordinator():
            unpack(self.kept, Path(file).parent)
        with tempfile.TemporaryDirectory() as own:
            unpack(self.kept, Path(own))
            latest = Path(own) / TRAINING_CHECKPOINTS_DIR_PATH / "latest.ckpt"
            checkpoint.load(str(latest), self.device)
            self.states = torch.load(Path(own) / SCHEDULE, self.device, weights_only=True)
            told = (Path(own) / TRAINING_PROGRESS_TRACKER_FILE_NAME).read_text()
        going_on: ProgressTracker = ProgressTracker.load(json.loads(told))
        return going_on

    def _train_loop(
        self, batcher: Any, tracker: ProgressTracker, folder: str, *rest: Any
    ) -> tuple[bool, bool]:
        """One epoch."""
        if self.states:
            # Ludwig 0.17.10 keeps another schedule than the one that it steps, and makes that anew.
            schedule, optimizer = self.states
            self.scheduler.load_state_dict(schedule)
            self.optimizer.load_state_dict(optimizer)
            self.states = None
        elif tracker.epoch and self.is_coordinator():
            states = [self.scheduler.state_dict(), self.optimizer.state_dict()]
            torch.save(states, Path(folder) / SCHEDULE)
            ray.get(self.store.keep.remote(pack(Path(folder))))
        torch.manual_seed(hash((self.random_seed, tracker.epoch, self.distributed.rank())))
        done: tuple[bool, bool] = super()._train_loop(batcher, tracker, folder, *rest)
        return done


def work(job: Job) -> None:
    """What Ray Train calls in each worker; job is as `ludus.training.ray.backend` makes it.

    An error that is meant for a person would occur again: it is returned, not raised, since Ray
    Train would start anew.
    """
    store, rank = job["store"], ray.train.get_context().get_world_rank()
    address = ray.util.get_node_ip_address()
    ray.get(store.joined.remote(rank, address, os.getpid()))
    try:
        result = _train(job)
    except LudusError as error:
        result = error
    if rank == 0:
        ray.get(store.end.remote(result))


def _train(job: Job) -> Any:
    """Ludwig's weights by name, and its history of the training and the validation split."""
    torch.use_deterministic_algorithms(True)
    keep_memory()
    torch.set_num_threads(job["threads"])
    torch.manual_seed(job["seed"])
    device = get_device()
    trainer = Trainer(
        job["store"],
        model=ray.get(job["model"]).to(device),
        device=str(device),
        config=job["trainer"],
        callbacks=[RemoteCallback(job["store"], job["config"])],
        random_seed=job["seed"],
        skip_save_log=True,
    )
    # In Ray's own folder of this run, which a kill leaves behind and Ray takes away.
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        training, validation = map(ray.get, job["splits"])
        ended = trainer.train(training, validation, save_path=folder)
    if ended is None:  # not the first worker
        return None
    model, *history = ended
    return model.cpu().state_dict(), *history


def pack(folder: Path) -> Files:
    """Every file of a folder, by its path inside it."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def unpack(files: Files, folder: Path) -> None:
    """Write what pack read."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
