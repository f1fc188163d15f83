"""everywhere/params.yaml: the second pipeline, for other runtimes and other systems."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ludus.config.checks import faults
from ludus.config.evaluations import Evaluation
from ludus.config.lowerings import Lowering
from ludus.config.params import Params, load_params
from ludus.config.targets import Target
from ludus.core.errors import ConfigError
from ludus.core.strict_yaml import read_yaml
from ludus.core.types import Name, Strict

PATH = Path("everywhere/params.yaml")


class Everywhere(Strict):
    """The tables of params.yaml, and `systems`: evaluations of the first pipeline's targets."""

    lowerings: dict[Name, Lowering]
    targets: dict[Name, Target]
    evaluations: dict[Name, Evaluation]
    systems: Annotated[dict[Name, Evaluation], Field(min_length=1)]


def load_everywhere(path: Path = PATH, first: Path = Path("params.yaml")) -> Params:
    """The params of the first pipeline with the second's lowerings, targets and evaluations.

    Raises ConfigError with every fault found, such as a name that both files define.
    """
    base = load_params(first)

    def found(rows: Everywhere) -> Iterator[str]:
        yield from _taken(base, rows, first)
        yield from faults(rows.lowerings, rows.targets, rows.evaluations, [])
        for fault in faults({}, base.targets, rows.systems, []):
            if fault.startswith("evaluations."):
                yield fault.replace("evaluations.", "systems.")
        if any(row.target not in base.targets for row in rows.systems.values()):
            yield (
                f"systems: each row needs a target of {first}; take out those of targets that are "
                "gone, or run `make repro`, which does not read this file"
            )

    rows = read_yaml(Everywhere, path, faults=found)
    return base.model_copy(
        update={
            "lowerings": rows.lowerings,
            "targets": rows.targets,
            "evaluations": rows.evaluations | rows.systems,
        }
    )


def of_pipeline(*, everywhere: bool) -> Params:
    """The params of the second pipeline, or of the first."""
    return load_everywhere() if everywhere else load_params()


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an evaluation stands, as messages say it."""

    row: str  # such as "everywhere/params.yaml systems.NAME"
    stage: str  # what `dvc repro` calls it, such as "everywhere/dvc.yaml:system@NAME"
    repro: str  # the command that runs its whole pipeline


def place_of(evaluation: str, path: Path = PATH) -> Place:
    """Where an evaluation stands; path: the second pipeline's params.

    It is for a message about something else: where that file is missing or not as expected, or has
    no such row, the row is one of params.yaml.
    """
    try:
        rows = read_yaml(Everywhere, path)
    except ConfigError:
        rows = None
    for table, stage in (("evaluations", "evaluate"), ("systems", "system")):
        if evaluation in getattr(rows, table, ()):
            return Place(
                row=f"{path} {table}.{evaluation}",
                stage=f"{path.with_name('dvc.yaml').as_posix()}:{stage}@{evaluation}",
                repro="dvc repro --all-pipelines",
            )
    return Place(
        row=f"params.yaml evaluations.{evaluation}",
        stage=f"evaluate@{evaluation}",
        repro="dvc repro",
    )


def _taken(base: Params, rows: Everywhere, first: Path) -> Iterator[str]:
    """Names that another table or file has already: they must differ, since they name files."""
    tables: dict[str, tuple[Mapping[str, object], Mapping[str, object]]] = {
        "lowerings": (base.lowerings, rows.lowerings),
        "targets": (base.targets, rows.targets),
        "evaluations": (base.evaluations, rows.evaluations),
        "systems": (base.evaluations | rows.evaluations, rows.systems),
    }
    for table, (known, given) in tables.items():
        for name in given:
            if name in known:
                yield f"{table}.{name}: the name is taken, here or in {first}; choose another"
