"""The page: one HTML file with everything in it, for a person to look at."""

from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from jinja2 import Environment, FileSystemLoader, StrictUndefined

import ludus
from ludus.data.reference_set import ReferenceSet
from ludus.evaluation.results import Result
from ludus.report import charts, speed, table
from ludus.report.inputs import Inputs
from ludus.report.pictures import image_uri, png_uri

MOST_SHOWN = 200  # misclassified images; a network that learned nothing has thousands
MOST_FLIPPED = 24
# What every answer is held against, by where the network comes from.
REFERENCES = {
    "ludwig": "TorchScript on the CPU",
    "onnx": "ONNX Runtime on the file as it came",
    "torch": "torch on the file as it came",
    "stablehlo": "IREE itself on the file as it came, for the CPU and without optimisation",
}
PACKAGES = ("torch", "ludwig", "iree-base-compiler", "iree-turbine", "onnx", "onnxruntime", "ncnn")


def render(inputs: Inputs) -> str:
    """The page as HTML. The same inputs give the same page."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(
        name=inputs.params.bundle.name,
        version=inputs.params.bundle.version,
        thresholds=inputs.params.gate,
        images=len(inputs.tests.inputs),
        things="images" if inputs.params.model.source == "ludwig" else "inputs",
        reference=REFERENCES[inputs.params.model.source],
        nothing=table.NONE,
        counts={status: _count(inputs.rows, status) for status in table.STATUSES},
        unmet=[row.evaluation for row in inputs.rows if row.required and row.status != "verified"],
        rows=[_row(row, inputs) for row in inputs.rows],
        flips=[_flips(row, inputs) for row in inputs.rows if row.flipped],
        bars=_bars(inputs),
        speed=speed.shown(inputs.benchmark, inputs.params.benchmark.comparisons),
        learning=charts.learning_charts(inputs.curves),
        size=charts,
        samples=png_uri(inputs.samples) if inputs.samples else None,
        classes=inputs.classes,
        machine=facts(inputs.machine),
        versions=_versions(),
        mistakes=_mistakes(inputs.tests),
    )


def _count(rows: list[Result], status: str) -> int:
    return sum(row.status == status for row in rows)


def _row(row: Result, inputs: Inputs) -> dict[str, Any]:
    """A row of the status table: the result, and its cells in words."""
    cells = table.cells(row, inputs.sizes[row.target])
    seconds = None if row.seconds is None else f"{row.seconds:.3g} s"
    return asdict(row) | {
        "cells": cells,
        "css": _css(row),
        "seconds_text": seconds,
        "elsewhere": table.run_elsewhere(row),
    }


def _css(row: Result) -> str:
    return row.status.replace(" ", "-")


def _flips(row: Result, inputs: Inputs) -> dict[str, Any]:
    """The images to which an evaluation and the reference give different answers."""
    flipped = row.flipped or []
    return {
        "evaluation": row.evaluation,
        "count": len(flipped),
        "images": _flipped(inputs.tests, flipped),
    }


def _bars(inputs: Inputs) -> dict[str, list[charts.Bar]]:
    """Accuracy, size and speed of every evaluation that was run, here or elsewhere."""
    ran = [row for row in inputs.rows if row.agreement is not None]
    wrong, speed = [], []
    for row in ran:
        if row.accuracy is not None:
            misses = round((1 - row.accuracy) * row.images)
            text = f"{table.percent(row.accuracy)}, {misses:,} wrong"
            wrong.append((row.evaluation, float(misses), text, _css(row)))
        pace = table.images_per_second(row) or 0.0
        speed.append((row.evaluation, pace, f"{table.count(pace)} images/s", _css(row)))
    sizes = [
        (name, float(size), table.megabytes(size), "size")
        for name, size in inputs.sizes.items()
        if size
    ]
    return {"wrong": charts.bars(wrong), "size": charts.bars(sizes), "speed": charts.bars(speed)}


def _mistakes(tests: ReferenceSet) -> dict[str, Any] | None:
    """What the reference answered: accuracy, recall, confusion and what it misclassified.

    None where inputs have no label each."""
    labels = tests.classes
    if labels is None:
        return None
    answers = tests.reference.argmax(1)
    classes = tests.reference.shape[1]
    confusion = np.zeros((classes, classes), dtype=int)
    np.add.at(confusion, (labels, answers), 1)
    wrong = np.flatnonzero(answers != labels)
    surest = tests.reference[wrong].max(1)
    # The surest mistakes first; equally sure ones by index.
    order = wrong[np.lexsort((wrong, -surest))]
    mistakes = confusion * (1 - np.eye(classes, dtype=int))
    return {
        "accuracy": table.percent(float((answers == labels).mean())),
        "confusion": confusion.tolist(),
        "most_confused": int(mistakes.max()),
        "recall": [_recall(i, row) for i, row in enumerate(confusion.tolist())],
        "wrong_count": len(wrong),
        "wrong": [_misread(tests, labels, int(i)) for i in order[:MOST_SHOWN]],
    }


def _recall(label: int, row: list[int]) -> dict[str, Any]:
    total = sum(row)
    missed = total - row[label]
    share = row[label] / total if total else None
    return {"label": label, "percent": table.percent(share), "missed": missed, "total": total}


def _flipped(tests: ReferenceSet, flipped: list[int]) -> list[dict[str, Any]]:
    labels = tests.classes
    if labels is None:
        return []
    return [_misread(tests, labels, i) for i in flipped[:MOST_FLIPPED] if i < len(tests.inputs)]


def _misread(tests: ReferenceSet, labels: npt.NDArray[np.integer], index: int) -> dict[str, Any]:
    """A test input, drawn if it is a drawing, its label and the reference's likeliest answers."""
    probabilities = tests.reference[index]
    likeliest = np.argsort(-probabilities, kind="stable")[:3]
    return {
        "index": index,
        "uri": image_uri(tests.inputs[index]) if tests.are_drawings else None,
        "label": int(labels[index]),
        "said": [(int(i), round(100 * float(probabilities[i]), 1)) for i in likeliest],
    }


def facts(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested values as lines of name and words; what is empty is left out.

    A device, which has a name or a reason why it is not here, is one line."""
    lines: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{prefix}{key}".replace("_", " ")
        if isinstance(value, Mapping) and {"name", "reason"} == value.keys():
            lines.append((name, value["name"] or f"not here: {value['reason']}"))
        elif isinstance(value, Mapping):
            lines += facts(value, f"{name} / ")
        elif isinstance(value, list):
            lines.append((name, ", ".join(str(item) for item in value)))
        elif isinstance(value, bool):
            lines.append((name, "yes" if value else "no"))
        elif value is not None:
            lines.append((name, str(value)))
    return [(name, text) for name, text in lines if text]


def _versions() -> list[tuple[str, str]]:
    found = [("ludus", ludus.__version__)]
    for package in PACKAGES:
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:
            continue
    return found
