"""Everything a report is made from, read and checked."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from pydantic import TypeAdapter

from ludus.benchmark.record import Record, read_record
from ludus.config.evaluations import Evaluation
from ludus.config.everywhere import place_of
from ludus.config.params import Params
from ludus.core.errors import DataError
from ludus.core.files import read_json
from ludus.core.types import Device, Executor
from ludus.data.reference_set import ReferenceSet, load_reference_set
from ludus.evaluation.results import Result, attest, judge, read_result

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
    tests: ReferenceSet
    curves: dict[str, list[float]]  # "validation/accuracy": a value for each epoch
    classes: list[list[str]]  # counts of each class in each split, the header first
    samples: bytes | None  # a PNG
    machine: dict[str, Any]
    benchmark: Record | None


def read_inputs(
    params: Params, *, artifacts: Path, attestations: Path, everywhere: Params | None = None
) -> Inputs:
    """Read all of it. Raises DataError for a file that is missing or not as expected.

    everywhere: the second pipeline's params, whose rows are read from artifacts/everywhere too.

    What only decorates the report (curves, samples, counts, machine, benchmark) may be missing.
    """
    tests = load_reference_set(artifacts / "export/reference.npz")
    samples, benchmark = artifacts / "data/samples.png", artifacts / "benchmark.json"
    pipelines = [(params, artifacts)]
    if everywhere is not None:
        pipelines.append((everywhere, artifacts / "everywhere"))
    rows: list[Result] = []
    sizes: dict[str, int] = {}
    for of, folder in pipelines:
        rows += judged_rows(of, folder / "evaluations", attestations, len(tests.inputs))
        sizes |= module_sizes(of.targets, folder)
    return Inputs(
        params=params,
        rows=rows,
        sizes=sizes,
        tests=tests,
        curves=_curves(artifacts / "training/plots/metrics"),
        classes=_csv_rows(artifacts / "data/classes.csv"),
        samples=samples.read_bytes() if samples.exists() else None,
        machine=_machine(artifacts),
        benchmark=read_record(benchmark) if benchmark.exists() else None,
    )


def module_sizes(targets: Iterable[str], artifacts: Path) -> dict[str, int]:
    """Bytes of each target's module; 0 where nothing was built."""
    return {name: _module_bytes(artifacts / "targets" / name) for name in targets}


def judged_rows(params: Params, folder: Path, attestations: Path, images: int) -> list[Result]:
    """Each evaluation of params.yaml with its status: by its file, the thresholds, attestations."""
    elsewhere = [read_result(path) for path in sorted(attestations.glob("*.json"))]
    rows = []
    for name, evaluation in params.evaluations.items():
        result = _evaluation(folder / f"{name}.json", name)
        expected, found = _where(evaluation), _where(result)
        if found != expected:
            place = place_of(name)
            raise DataError(
                f"{folder / name}.json is of {found}, and {place.row} says {expected}; "
                f"run `dvc repro -f {place.stage}`"
            )
        judged = judge(result, params.gate, images)
        attested = attest(judged, elsewhere, params.gate, images)
        # The table says what is required now; a results file may be older than an edit of that.
        rows.append(replace(attested, required=evaluation.required))
    return rows


def _where(row: Evaluation | Result) -> str:
    return f"target '{row.target}' on '{row.device}' by '{row.executor}'"


def _evaluation(path: Path, name: str) -> Result:
    if not path.exists():
        place = place_of(name)
        raise DataError(
            f"{path} is missing: {place.row} was never run; run `dvc repro {place.stage}`"
        )
    result = read_result(path)
    if result.status not in MEASURED:
        raise DataError(
            f"{path} says status '{result.status}', which only a report may say; expected "
            f"{', '.join(MEASURED)}; run `dvc repro -f {place_of(name).stage}`"
        )
    return result


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


def _machine(artifacts: Path) -> dict[str, Any]:
    """What the probe wrote down: of this machine, its devices and each executor that it found.

    What two executors have in common is shown once.
    """
    found: dict[str, Any] = {}
    for name in get_args(Executor):
        values = _probed(artifacts / "executors" / f"{name}.json", "an executor")
        found |= {key: value for key, value in values.items() if key not in found}
    devices = artifacts / "devices"
    words = {word: _probed(devices / f"{word}.json", "a device") for word in get_args(Device)}
    return found | {"devices": {word: values for word, values in words.items() if values}}


def _probed(path: Path, thing: str) -> dict[str, Any]:
    kind, step = TypeAdapter(dict[str, Any]), "run `dvc repro -f probe`"
    return read_json(kind, path, f"description of {thing}", step) if path.exists() else {}
