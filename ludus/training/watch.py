"""The callback of a training with Ludwig: checks the network, shows a bar, writes the curves.

Ludwig calls the methods of Watch; see ludwig/callbacks/__init__.py of 0.17.10.
"""

import signal
import threading
from typing import Any

import torch
from dvclive.live import Live
from ludwig.callbacks import Callback
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ludus.core.errors import ConfigError
from ludus.training.built_layers import check_built
from ludus.training.speed import quicken


def progress_bar() -> Progress:
    """A bar that counts steps on a terminal; in a file or a pipe there is none."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total} steps"),
        TimeRemainingColumn(),
    )
    bar.disable = not bar.console.is_terminal
    return bar


class Curves(Live):
    """DVCLive with only its metrics and plots."""

    def _init_dvc(self) -> None:
        """Do nothing: DVCLive 3.49 would run `dvc init` in a Git repository, and stage files."""


class Watch(Callback):
    """Checks the network before it is trained, then shows and records its progress."""

    def __init__(self, config: dict[str, Any], curves: Curves, bar: Progress, classes: int) -> None:
        self.config = config
        self.curves = curves
        self.bar = bar
        self.classes = classes
        self.started = False  # whether the first batch is done
        self.task = bar.add_task("training", total=None)

    def on_train_start(self, model: Any, *_: Any, **__: Any) -> None:
        encoder = next(iter(model.input_features.values()))
        head = next(iter(model.output_features.values()))
        check_built(self.config, encoder, head, self.classes)

    def on_trainer_train_setup(self, trainer: Any, *_: Any, **__: Any) -> None:
        # Ludwig's handler would end training early and keep the model as if it were complete. In a
        # thread, where Ray Train trains, no handler is set or can be.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.default_int_handler)
        quicken(trainer.model)
        self._drop_unused_metrics(trainer)

    def _drop_unused_metrics(self, trainer: Any) -> None:
        """Keep two of Ludwig's seven metrics of each batch, which take a seventh of a step's time.

        The ROC metric keeps all answers. Ludwig 0.17.10 has no setting that chooses metrics.
        """
        schedule = trainer.config.learning_rate_scheduler
        used = {"loss", trainer.validation_metric, trainer.increase_batch_size_eval_metric}
        used.add(schedule.reduce_eval_metric)
        for head in trainer.model.output_features.values():
            for name in set(head._metric_functions) - used:
                del head._metric_functions[name]

    def on_batch_end(self, trainer: Any, progress_tracker: Any, *_: Any, **__: Any) -> None:
        self.stepped(progress_tracker.steps, trainer.total_steps)

    def stepped(self, steps: int, total: int) -> None:
        """Called after each step: steps of total are done."""
        self.started = True
        self.bar.update(self.task, completed=steps, total=total)

    def on_trainer_train_teardown(
        self, trainer: Any, progress_tracker: Any, *_: Any, **__: Any
    ) -> None:
        # Ludwig would stop there, and keep the best model so far as if it were complete.
        if not all(bool(torch.isfinite(weight).all()) for weight in trainer.model.parameters()):
            raise ConfigError(
                f"training diverged in epoch {progress_tracker.epoch}: a weight is no finite "
                "number any more; lower params.yaml train.learning_rate"
            )

    def on_eval_end(self, trainer: Any, progress_tracker: Any, *_: Any, **__: Any) -> None:
        name = self.config["output_features"][0]["name"]
        figures = {}
        for split in ("train", "validation"):
            metrics = getattr(progress_tracker, f"{split}_metrics")[name]
            figures[f"{split}/loss"] = float(metrics["loss"][-1].value)
            figures[f"{split}/accuracy"] = float(metrics["accuracy_micro"][-1].value)
        self.evaluated(progress_tracker.epoch, trainer.epochs, figures)

    def evaluated(self, epoch: int, epochs: int, figures: dict[str, float]) -> None:
        """Write and show loss and accuracy of both splits after an epoch."""
        for key, value in figures.items():
            self.curves.log_metric(key, value)
        self.curves.next_step()  # type: ignore[no-untyped-call]
        self.bar.console.print(
            f"epoch {epoch:>2}/{epochs}"
            + "".join(f"  {key} {value:.4f}" for key, value in figures.items()),
            highlight=False,
            soft_wrap=True,
        )
