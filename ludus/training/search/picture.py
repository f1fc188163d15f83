"""The trials of a search as parallel coordinates: one line a trial, one axis a knob."""

import math
import warnings
from pathlib import Path
from typing import Any

import matplotlib as mpl
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from ludus.config.search import Between, Plan, Space, Whole
from ludus.training.search.running import Trial

SIZE = (9.0, 4.5)  # inches
COLOURS = "viridis_r"  # the best are dark
BAR_MOVES = 0.06  # of the picture's width


def draw(plan: Plan, trials: list[Trial], out: Path) -> None:
    """Write a PNG; trials that failed are left out, and where all did there is no picture."""
    mpl.use("Agg")
    done = [trial for trial in trials if trial.failure is None and math.isfinite(trial.accuracy)]
    if not done:
        return
    axes = {
        name: _axis(space, [trial.values[name] for trial in done])
        for name, space in plan.parameters.items()
    }
    study = optuna.create_study(direction="maximize")
    study.add_trials(
        [
            optuna.trial.create_trial(params=trial.values, distributions=axes, value=trial.accuracy)
            for trial in done
        ]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        plot = optuna.visualization.matplotlib.plot_parallel_coordinate(
            study, target_name="accuracy"
        )
    plot.set_title(f"{len(done)} trials, {plan.epochs} epochs of {plan.images or 'all'} images")
    _make_legible(plot.figure)
    plot.figure.savefig(out, dpi=120, bbox_inches="tight")


def _make_legible(figure: Any) -> None:
    """Optuna 5.0 draws the worst trials white, and the colours' bar over the words of an axis."""
    figure.set_size_inches(SIZE)
    for axis in figure.axes:
        for lines in axis.collections:
            lines.set(cmap=COLOURS, linewidth=1.5)
    bar = figure.axes[1]
    bar.set_position(bar.get_position().translated(BAR_MOVES, 0))


def _axis(space: Space, tried: list[Any]) -> BaseDistribution:
    if isinstance(space, Between):
        # Rounded values can stand a little outside.
        ends = min(space.lower, *tried), max(space.upper, *tried)
        return FloatDistribution(*ends, log=space.space.startswith("log"))
    if isinstance(space, Whole):
        return IntDistribution(space.lower, space.upper - 1, log=space.space.startswith("log"))
    return CategoricalDistribution(space.categories)
