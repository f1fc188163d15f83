"""Report the results of all evaluations: a table in Markdown, a page, and numbers for DVC.

    python -m stages.report               (--everywhere: of both pipelines)

Reads params.yaml, attestations/ and, in artifacts/, evaluations/, training/, export/reference.npz,
targets/, data/, executors/ and benchmark.json. Writes artifacts/report/ (results.json: every
evaluation with its status; index.html, table.md, plots/) and artifacts/metrics.json; of both
pipelines, artifacts/everywhere/report/ and metrics.json there. Every row gets its status word here;
the gate refuses.
"""

import csv
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ludus.config.everywhere import load_everywhere
from ludus.config.params import Params, load_params
from ludus.core.files import replaced_folder, write_json, write_text
from ludus.core.program import arguments_of, run_stage
from ludus.data.reference_set import ReferenceSet
from ludus.evaluation.results import Result, write_results
from ludus.report import page, table
from ludus.report.inputs import Inputs, read_inputs


def report(
    params: Params, *, artifacts: Path, attestations: Path, everywhere: Params | None = None
) -> Inputs:
    """Write the report; the returned inputs hold the judged rows.

    everywhere: the second pipeline's params, for the report of both. Raises DataError where a
    listed evaluation or another input is missing or bad.
    """
    inputs = read_inputs(
        params, artifacts=artifacts, attestations=attestations, everywhere=everywhere
    )
    out = artifacts if everywhere is None else artifacts / "everywhere"
    plotted = [_plotted(row, inputs) for row in inputs.rows if row.agreement is not None]
    with replaced_folder(out / "report") as folder:
        (folder / "plots").mkdir()
        write_text(folder / "index.html", page.render(inputs))
        write_text(folder / "table.md", table.markdown(inputs.rows, inputs.sizes))
        write_confusion(inputs.tests, folder / "plots/confusion.csv")
        write_json(folder / "plots/evaluations.json", plotted)
        write_results(inputs.rows, folder / "results.json")
    write_json(out / "metrics.json", metrics(inputs))
    return inputs


def metrics(inputs: Inputs) -> dict[str, dict[str, float]]:
    """Numbers only, by evaluation, and those of the training; what was not run has none."""
    numbers = {
        row.evaluation: _figures(row, inputs) for row in inputs.rows if row.agreement is not None
    }
    return numbers | ({"training": _training(inputs.curves)} if inputs.curves else {})


def _figures(row: Result, inputs: Inputs) -> dict[str, float]:
    figures = {
        "accuracy": row.accuracy,
        "agreement": row.agreement,
        "flipped": None if row.flipped is None else len(row.flipped),
        "max_abs_diff": row.max_abs_diff,
        "seconds": row.seconds,
        "bytes": inputs.sizes[row.target],
    }
    return _finite(figures)


def _training(curves: dict[str, list[float]]) -> dict[str, float]:
    """Epochs, and the validation figures of the best of them, whose weights were kept."""
    epochs = max(len(values) for values in curves.values())
    accuracy = curves.get("validation/accuracy", [])
    best = int(np.nanargmax(accuracy)) if np.isfinite(accuracy).any() else None
    numbers: dict[str, float | None] = {"epochs": epochs}
    if best is not None:
        losses = curves.get("validation/loss", [])
        numbers["best_epoch"] = best + 1
        numbers["validation_accuracy"] = accuracy[best]
        numbers["validation_loss"] = losses[best] if best < len(losses) else None
    return _finite(numbers)


def _finite(figures: Mapping[str, float | None]) -> dict[str, float]:
    """The figures that are numbers: NaN is no JSON that other programs take."""
    return {
        key: value for key, value in figures.items() if value is not None and math.isfinite(value)
    }


def _plotted(row: Result, inputs: Inputs) -> dict[str, object]:
    """What `dvc plots` can draw of an evaluation that was run."""
    speed = _finite({"images_per_second": table.images_per_second(row)})
    return {"evaluation": row.evaluation, **_figures(row, inputs), **speed}


def write_confusion(tests: ReferenceSet, path: Path) -> None:
    """A line a test input for the template "confusion" of `dvc plots`: its label, its answer.

    Nothing where inputs have no label each.
    """
    if tests.classes is None:
        return
    answers = tests.reference.argmax(1)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["actual", "predicted"])
        writer.writerows(np.stack([tests.classes, answers], axis=1).tolist())


def main() -> None:
    parser = arguments_of(
        __doc__, params="params.yaml", artifacts="artifacts", attestations="attestations"
    )
    parser.add_argument("--everywhere", action="store_true", help="the rows of both pipelines")
    given = parser.parse_args()
    inputs = report(
        load_params(given.params),
        artifacts=given.artifacts,
        attestations=given.attestations,
        everywhere=load_everywhere(first=given.params) if given.everywhere else None,
    )
    out = given.artifacts / "everywhere" if given.everywhere else given.artifacts
    print(f"{table.summary(inputs.rows)}; page: {out / 'report/index.html'}")


if __name__ == "__main__":
    run_stage(main)
