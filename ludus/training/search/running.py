"""The trials: Ludwig's hyperopt executor on Ray Tune, each a training as the train stage's.

The knobs of params.yaml are sampled; a trial makes Ludwig's configuration of them as the stage
does, since some are in it twice (the learning rate is the peak of its schedule, too). The command
`ludwig hyperopt` of 0.17.10 would preprocess all images first, and set one place of each.
"""

import json
import logging
import os
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import ray
import torch
from ludwig.api import LudwigModel
from ludwig.constants import MAXIMIZE, TEST, VALIDATION
from ludwig.hyperopt.execution import RayTuneExecutor
from ray import tune

from ludus.config.network import Config, merge, trained_on
from ludus.config.search import Plan, Value, Values
from ludus.config.training import Ray, Train
from ludus.core.errors import ClusterError, LudusError
from ludus.training.ludwig import Split, dataset, metadata
from ludus.training.ray.address import places
from ludus.training.speed import keep_memory
from ludus.training.watch import Watch

DIGITS = 4  # of a number that is tried
# Ray Tune's own table and its logs for TensorBoard.
QUIET = {"RAY_AIR_NEW_OUTPUT": "0", "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1"}


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What was tried, and how it did."""

    values: Values
    accuracy: float  # of the best epoch, on the validation images; 0 where it failed
    seconds: float
    failure: str | None = None


def search(
    plan: Plan,
    base: Train,
    config: Config,
    training: Split,
    validation: Split,
    one: Ray,
    notes: Path,
) -> list[Trial]:
    """Try plan.trials sets of values; the best first. Ray must have been connected to.

    config is as `network_config.read_config` gives it; one says what a trial takes of the cluster;
    notes is a folder for Ray Tune's.
    """
    logging.getLogger("ludwig").setLevel(logging.ERROR)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    os.environ |= QUIET
    training = _drawn(training, plan)
    merged = merge(config, base, len(training[1]), training[0].shape[1:])
    model = LudwigModel(merged, backend="local", logging_level=logging.ERROR)
    executor = RayTuneExecutor(
        {name: space.model_dump() for name, space in plan.parameters.items()},
        output_feature=config["output_features"][0]["name"],
        metric="accuracy_micro",
        goal=MAXIMIZE,
        split=VALIDATION,
        search_alg={"type": "optuna", "seed": plan.seed},
        cpu_resources_per_trial=plan.cpus,
        gpu_resources_per_trial=plan.gpus,
        num_samples=plan.trials,
        max_concurrent_trials=places(ray.nodes(), one),
    )
    knobs = Knobs(plan, base, config, training)
    # Of what is left out: no trial is judged a second time.
    warnings.filterwarnings("ignore", "'NoneType' object value of non-optional type eval_stats")
    try:
        results = executor.execute(
            merged,
            training_set=dataset(model, training),
            validation_set=dataset(model, validation),
            training_set_metadata=metadata(model, training),
            experiment_name="search",
            output_directory=str(notes.absolute()),
            resume=False,
            skip_save_model=True,
            skip_save_progress=True,
            skip_save_log=True,
            skip_save_training_description=True,
            skip_save_training_statistics=True,
            callbacks=[knobs],
            tune_callbacks=[Shown(plan)],
            backend="local",
            random_seed=base.seed,
            hyperopt_log_verbosity=0,
        )
    except RuntimeError as error:
        raise ClusterError(f"the search failed: {error}") from error
    trials = [_trial(each) for each in results.experiment_analysis.trials]
    return sorted(trials, key=lambda trial: -trial.accuracy)


def _drawn(split: Split, plan: Plan) -> Split:
    """plan.images of a split."""
    if not plan.images or plan.images >= len(split[1]):
        return split
    chosen = np.random.default_rng(plan.seed).permutation(len(split[1]))[: plan.images]
    return split[0][chosen], split[1][chosen]


def decoded(sampled: dict[str, Any]) -> Values:
    """Decode words, which Ludwig hands to Ray Tune as JSON; round numbers as a person does."""

    def decode(value: Any) -> Value:
        if isinstance(value, float):
            return float(f"{value:.{DIGITS}g}")
        word: Value = json.loads(value) if isinstance(value, str) else value
        return word

    return {name: decode(value) for name, value in sampled.items()}


class Knobs(Watch):
    """In each trial, makes Ludwig's configuration of the values sampled, and checks the network."""

    def __init__(self, plan: Plan, base: Train, config: Config, training: Split) -> None:
        self.plan = plan
        self.base = base
        self.declared = config
        self.images, *self.size = training[0].shape  # their number; height and width
        self.classes = int(training[1].max()) + 1
        self.config = config

    def prepare_ray_tune(
        self, train_fn: Callable[..., Any], tune_config: Config, tune_callbacks: list[Any], **_: Any
    ) -> tuple[Callable[..., Any], Config]:
        def trial(sampled: Config, local_hyperopt_dict: Config, checkpoint_dir: Any = None) -> None:
            torch.use_deterministic_algorithms(True)
            torch.set_num_threads(self.plan.cpus)
            keep_memory()
            train = self.plan.train(self.base, decoded(sampled))
            images, (height, width) = trained_on(self.images, train), self.size
            self.config = merge(self.declared, train, images, (height, width))
            # eval_split: there is no test split here, and so nothing is judged a second time.
            hyperopt = local_hyperopt_dict | {
                "config": self.config,
                "callbacks": [self],
                "eval_split": TEST,
            }
            try:
                train_fn({}, hyperopt, checkpoint_dir)
            except RuntimeError as error:
                if not isinstance(error.__cause__, LudusError):
                    raise
                # Values that cannot be trained with, such as a rate at which it diverges.
                tune.report(metrics={"metric_score": 0.0, "failure": str(error.__cause__)})

        return trial, tune_config

    def stepped(self, steps: int, total: int) -> None:
        """Nobody looks on."""

    def evaluated(self, epoch: int, epochs: int, figures: dict[str, float]) -> None:
        """Ludwig reports to Ray Tune."""


class Shown(tune.Callback):
    """Prints each trial that ended."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.ended = 0

    def on_trial_complete(self, iteration: int, trials: Any, trial: Any, **_: Any) -> None:
        self.ended += 1
        ended = _trial(trial)
        values = "  ".join(f"{name} {value}" for name, value in ended.values.items())
        said = ended.failure or f"accuracy {ended.accuracy:.4f}  {ended.seconds:.0f} s"
        print(f"trial {self.ended:>2}/{self.plan.trials}  {values}  {said}", flush=True)


def _trial(ended: Any) -> Trial:
    result = ended.last_result or {}
    return Trial(
        values=decoded(ended.config),
        accuracy=float(result.get("metric_score", 0.0)),
        seconds=float(result.get("time_total_s", 0.0)),
        failure=result.get("failure") or (None if result else "ended without a result"),
    )


def as_json(trials: list[Trial]) -> str:
    return json.dumps([asdict(trial) for trial in trials], indent=2) + "\n"
