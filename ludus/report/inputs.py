"""Everything a report is made from, read and checked."""

import csv
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from ludus.benchmark.record import Record, read_record
from ludus.errors import DataError
from ludus.params import Params
from ludus.results import Result, attest, judge, read_result

# What an evaluation's own file may say; only a report says verified or attested.
MEASURED = ("measured", "failed", "not run")
# Beside a module, a target's folder may hold what it was made from or with.
NO_MODULE = {".json", ".log", ".md", ".mlir", ".txt", ".yaml"}


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What a report shows."""

    params: Params
    rows: list[Result]  # judged, in the order of params.yaml
    sizes: dict[str, int]  # bytes of each target's module, where it was built
    images: npt.NDArray[np.uint8]  # [N, height, width], the test images
    labels: npt.NDArray[np.uint8]  # [N]
    reference: npt.NDArray[np.float32]  # [N, classes], the reference's probabilities
    curves: dict[str, list[float]]  # "validation/accuracy": a value for each epoch
    classes: list[list[str]]  # counts of each class in each split, the header first
    samples: bytes | None  # a PNG
    machine: dict[str, Any]
    benchmark: Record | None


def read_inputs(params: Params, *, artifacts: Path, data: Path, attestations: Path) -> Inputs:
    """Read all of it. Raises DataError for a file that is missing or not as expected.

    What only decorates the report (curves, samples, counts, machine, benchmark) may be missing.
    """
    images, labels = _arrays(data / "prepared/test.npz", "prepare", "images", "labels")
    (reference,) = _arrays(artifacts / "export/reference.npz", "export", "probabilities")
    if not len(images) == len(labels) == len(reference):
        raise DataError(
            f"{artifacts / 'export/reference.npz'} holds answers to {len(reference)} images, "
            f"and {data / 'prepared/test.npz'} holds {len(images)} images and {len(labels)} "
            "labels; run `dvc repro -f export`"
        )
    samples, benchmark = artifacts / "data/samples.png", artifacts / "benchmark.json"
    return Inputs(
        params=params,
        rows=judged_rows(params, artifacts / "evaluations", attestations, len(labels)),
        sizes=module_sizes(params, artifacts),
        images=images,
        labels=labels,
        reference=reference,
        curves=_curves(artifacts / "training/plots/metrics"),
        classes=_csv_rows(artifacts / "data/classes.csv"),
        samples=samples.read_bytes() if samples.exists() else None,
        machine=_machine(artifacts / "machine.json"),
        benchmark=read_record(benchmark) if benchmark.exists() else None,
    )


def module_sizes(params: Params, artifacts: Path) -> dict[str, int]:
    """Bytes of each target's module."""
    return {name: _module_bytes(artifacts / "targets" / name) for name in params.targets}


def judged_rows(params: Params, folder: Path, attestations: Path, images: int) -> list[Result]:
    """Each evaluation of params.yaml with its status: its file, the floors and other machines'."""
    elsewhere = [read_result(path) for path in sorted(attestations.glob("*.json"))]
    rows = []
    for name, evaluation in params.evaluations.items():
        result = _evaluation(folder / f"{name}.json", name)
        expected, found = (evaluation.target, evaluation.device), (result.target, result.device)
        if found != expected:
            raise DataError(
                f"{folder / name}.json is of target '{result.target}' on '{result.device}', and "
                f"params.yaml says '{evaluation.target}' on '{evaluation.device}'; "
                f"run `dvc repro -f evaluate@{name}`"
            )
        judged = judge(result, params.gate, images)
        attested = attest(judged, elsewhere, params.gate, images)
        # The table says what is required now; a results file may be older than an edit of that.
        rows.append(replace(attested, required=evaluation.required))
    return rows


def _evaluation(path: Path, name: str) -> Result:
    if not path.exists():
        raise DataError(
            f"{path} is missing: evaluation '{name}' of params.yaml was never run; "
            f"run `dvc repro evaluate@{name}`"
        )
    result = read_result(path)
    if result.status not in MEASURED:
        raise DataError(
            f"{path} says status '{result.status}', which only a report may say; expected "
            f"{', '.join(MEASURED)}; run `dvc repro -f evaluate@{name}`"
        )
    return result


def _arrays(path: Path, stage: str, *keys: str) -> list[npt.NDArray[Any]]:
    """The named arrays of an .npz file. Raises DataError."""
    try:
        # numpy 2.5 leaves the file open where it is given a path and finds no archive there.
        with path.open("rb") as file, np.load(file) as arrays:
            return [arrays[key] for key in keys]
    except FileNotFoundError:
        raise DataError(f"{path} is missing; run `dvc repro {stage}`") from None
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        expected = " and ".join(f"'{key}'" for key in keys)
        raise DataError(
            f"{path} is no .npz file with {expected}: {error}; run `dvc repro -f {stage}`"
        ) from None


def _module_bytes(folder: Path) -> int:
    """Bytes of the files in a target's folder that a game would take; 0 where nothing was built."""
    files = (path for path in folder.glob("*") if path.suffix not in NO_MODULE)
    return sum(path.stat().st_size for path in files if path.is_file())


def _curves(folder: Path) -> dict[str, list[float]]:
    """DVCLive's curves: a .tsv file each, a header, then a step and its value a line."""
    curves = {}
    for path in sorted(folder.rglob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as lines:
            table = list(csv.reader(lines, delimiter="\t"))
        name = path.relative_to(folder).with_suffix("").as_posix()
        try:
            values = {int(row[0]): float(row[-1]) for row in table[1:]}
        except (ValueError, IndexError) as error:
            raise DataError(f"{path} is no learning curve of DVCLive: {error}") from None
        curves[name] = [values[step] for step in sorted(values)]
    return {name: values for name, values in curves.items() if values}


def _csv_rows(path: Path) -> list[list[str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        table = list(csv.reader(lines))
    return [[f"{int(cell):,}" if cell.isdecimal() else cell for cell in line] for line in table]


def _machine(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path} is no JSON: {error}; run `dvc repro -f probe`") from None
    return values if isinstance(values, dict) else {}
