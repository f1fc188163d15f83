"""Search for hyper-parameters over what search.yaml names.

Reads:   search.yaml, params.yaml `train`, config.yaml, data/prepared/{train,validation}.npz
Writes:  artifacts/search/  trials.json and trials.csv, the best first, and trials.png
Command: python -m ludus.training.search             search, and show the table
         python -m ludus.training.search --write   put the best of the last search into params.yaml

The test images are not read. Nothing of DVC's is written: `dvc repro` trains what params.yaml says.
"""

import csv
import json
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ludus.config.params import load_params
from ludus.config.search import Plan, load_plan
from ludus.core.errors import DataError, UsageError
from ludus.core.files import replaced_folder
from ludus.core.program import arguments_of, run_stage
from ludus.data.splits import read_split
from ludus.training.ray import address, environment
from ludus.training.search.writing import said, write_values

SPLITS = ("train.npz", "validation.npz")
SHOWN = 12  # rows of the table


def search(plan: Plan, source: Path, params_path: Path, data: Path, out: Path) -> None:
    """Run the trials of a plan, read from source, and write what they found.

    Raises ConfigError, ClusterError, DataError.
    """
    params = load_params(params_path)
    print(f"searching: {plan.trials} trials; Ludwig loads for 20 s first", flush=True)
    import ludus.training.ludwig  # noqa: F401 # first: it quiets what Ludwig imports
    from ludus.config.network import read_config
    from ludus.training.ray.training import connected
    from ludus.training.search.picture import draw
    from ludus.training.search.running import as_json
    from ludus.training.search.running import search as run

    config, _ = read_config(Path(params.model.file))
    training, validation = (read_split(data / split) for split in SPLITS)
    one = params.train.ray.model_copy(update={"workers": 1, "cpus": plan.cpus, "gpus": plan.gpus})
    with connected(one, str(source)), tempfile.TemporaryDirectory() as notes:
        trials = run(plan, params.train, config, training, validation, one, Path(notes))
    with replaced_folder(out) as folder:
        (folder / "trials.json").write_text(as_json(trials))
        _write_csv(json.loads(as_json(trials)), folder / "trials.csv")
        draw(plan, trials, folder / "trials.png")
    show(out)


def show(out: Path) -> None:
    """Print the best trials as a table."""
    trials = _read(out)
    names = list(trials[0]["values"])
    table = Table("", *names, "accuracy", "seconds", box=None)
    for place, trial in enumerate(trials[:SHOWN], 1):
        values = [_short(trial["values"][name]) for name in names]
        score = trial["failure"] or f"{trial['accuracy']:.4f}"
        table.add_row(str(place), *values, score, f"{trial['seconds']:.0f}")
    console = Console()
    console.print(table)
    console.print(
        f"{out}/trials.png shows all {len(trials)}; "
        "`python -m ludus.training.search --write` puts the best into params.yaml",
        soft_wrap=True,
        highlight=False,
    )


def write(params_path: Path, out: Path) -> None:
    """Put the best trial's values into params.yaml."""
    best = _read(out)[0]
    if best["failure"]:
        raise UsageError(f"{out}: no trial of the last search went well; nothing is written")
    write_values(params_path, best["values"])
    print(f"{params_path}: {said(best['values'])}; `dvc repro` trains so")


def _read(out: Path) -> list[dict[str, Any]]:
    path = out / "trials.json"
    try:
        trials: list[dict[str, Any]] = json.loads(path.read_text())
    except FileNotFoundError:
        raise UsageError(f"{path} is missing; run `make search` first") from None
    except ValueError as error:
        raise DataError(f"{path} is no JSON ({error}); run `make search` again") from None
    if not trials:
        raise UsageError(f"{path} has no trial; run `make search` again")
    return trials


def _write_csv(trials: list[dict[str, Any]], path: Path) -> None:
    rows = [{**trial.pop("values"), **trial} for trial in trials]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def main() -> None:
    parser = arguments_of(
        __doc__,
        plan="search.yaml",
        params="params.yaml",
        data="data/prepared",
        out="artifacts/search",
    )
    parser.add_argument("--write", action="store_true", help="write the best, and search nothing")
    arguments = parser.parse_args()
    if arguments.write:
        write(arguments.params, arguments.out)
        return
    params = load_params(arguments.params)
    plan = load_plan(arguments.plan, params.train)
    if params.model.source != "ludwig":
        raise UsageError(
            f"{arguments.params}: model.source is {params.model.source}: there is nothing to train"
        )
    for split in SPLITS:
        if not (arguments.data / split).is_file():
            raise DataError(f"{arguments.data / split} is missing; run `dvc repro prepare`")
    address.check_listens(params.train.ray.address)
    environment.enter()
    search(plan, arguments.plan, arguments.params, arguments.data, arguments.out)


if __name__ == "__main__":
    run_stage(main)
