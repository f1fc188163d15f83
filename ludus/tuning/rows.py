"""A target's row, written into params.yaml."""

from pathlib import Path

from ludus.config import edit
from ludus.config.edit import Edit
from ludus.config.params import Params, load_params
from ludus.core.errors import ConfigError
from ludus.tuning.candidates import Candidate, present


def write_row(path: Path, name: str, start: Candidate, chosen: Candidate) -> None:
    """Put a chosen row in place of the one that the search began with.

    Raises ConfigError, with the row to paste, where the file has another row by now, or cannot be
    edited (`ludus.config.edit`); it is untouched then.
    """
    params = load_params(path)
    row = params.targets.get(name)
    if row != start.target or params.lowerings.get(start.target.lowering) != start.lowering:
        raise ConfigError(
            f"{path}: targets.{name} was edited since the search began, and is left as it is\n"
            + to_paste(name, chosen)
        )
    wanted = params.model_copy(
        update={
            "lowerings": params.lowerings | {chosen.target.lowering: chosen.lowering},
            "targets": params.targets | {name: chosen.target},
        }
    )
    edit.edit(path, edits(name, chosen, params), wanted)


def edits(name: str, chosen: Candidate, params: Params) -> list[Edit]:
    """The row, and the row of `lowerings` that it names where params has none of that name."""
    lowering, row = _entries(name, chosen)
    if chosen.target.lowering in params.lowerings:
        return [row]
    base = present(name, params).target.lowering
    return [Edit(at=lowering.at, value=lowering.value, after=base), row]


def to_paste(name: str, chosen: Candidate) -> str:
    """Both rows as YAML."""
    return edit.to_paste(_entries(name, chosen))


def _entries(name: str, chosen: Candidate) -> tuple[Edit, Edit]:
    """The row of `lowerings` and that of `targets`, with the keys that they say themselves."""
    lowering = chosen.lowering.model_dump(exclude_unset=True)
    target = chosen.target.model_dump(exclude_unset=True)
    if chosen.target.tiles:
        target["tiles"] = [tile.model_dump(exclude_defaults=True) for tile in chosen.target.tiles]
    else:
        target.pop("tiles", None)
    return (
        Edit(at=("lowerings", chosen.target.lowering), value=lowering),
        Edit(at=("targets", name), value=target),
    )
