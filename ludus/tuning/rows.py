"""A target's row, written into params.yaml: every other byte of the file stays as it was."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ludus.config.backends.iree import IreeTarget, Tile
from ludus.config.params import load_params
from ludus.core.errors import ConfigError
from ludus.core.files import write_text
from ludus.core.types import Strict
from ludus.tuning.candidates import Candidate

if TYPE_CHECKING:
    from ruamel.yaml import YAML


def write_row(path: Path, name: str, start: Candidate, chosen: Candidate) -> None:
    """Put a chosen row in place of the one that the search began with.

    Raises ConfigError, with the row to paste, where the file has another row by now, or could not
    be written with all else left as it is; it is untouched then.
    """
    params = load_params(path)
    row = params.targets.get(name)
    if row != start.target or params.lowerings.get(start.target.lowering) != start.lowering:
        raise ConfigError(
            f"{path}: targets.{name} was edited since the search began, and is left as it is\n"
            + to_paste(name, chosen)
        )
    text = path.read_bytes().decode()
    written = edited(text, name, chosen)
    if written is None:
        raise ConfigError(
            f"{path} cannot be written with all else byte for byte as it is; "
            f"edit it by hand\n{to_paste(name, chosen)}"
        )
    checked = path.with_name(f".{path.name}.tuned")
    try:
        write_text(checked, written)
        _check(load_params(checked), name, chosen)
    finally:
        checked.unlink(missing_ok=True)
    write_text(path, written)


def edited(text: str, name: str, chosen: Candidate) -> str | None:
    """The file with the row, and the row of `lowerings` that it names where that is new.

    None where the file would not keep every other byte.
    """
    yaml = _yaml()
    if _dumped(yaml, yaml.load(text)) != text:
        return None
    document = yaml.load(text)
    if chosen.target.lowering not in document["lowerings"]:
        base = document["targets"][name]["lowering"]
        with_lowering = _inserted(text, chosen, after=base)
        if with_lowering is None:
            return None
        text = with_lowering
        document = yaml.load(text)
    start, end = _lines(document["targets"], name, text)
    _edit(document["targets"][name], chosen.target)
    return _kept(text, _dumped(yaml, document), start, end)


def to_paste(name: str, chosen: Candidate) -> str:
    """The rows as YAML."""
    yaml = _yaml()
    lowering = {chosen.target.lowering: _table(yaml, chosen.lowering)}
    row = {name: _table(yaml, chosen.target)}
    return _dumped(yaml, {"lowerings": lowering, "targets": row})


def _yaml() -> "YAML":
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 2**16
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _dumped(yaml: "YAML", document: Any) -> str:
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def _inserted(text: str, chosen: Candidate, after: str) -> str | None:
    """A new row of `lowerings` behind another; before it where that is the last."""
    yaml = _yaml()
    document = yaml.load(text)
    table = document["lowerings"]
    keys = list(table)
    place = keys.index(after) + (after != keys[-1])
    start = _lines(table, keys[place], text)[0]
    table.insert(place, chosen.target.lowering, _table(yaml, chosen.lowering))
    return _kept(text, _dumped(yaml, document), start, start)


def _edit(row: Any, target: IreeTarget) -> None:
    """Change what differs, in place, so that comments of the rest stay."""
    row["lowering"] = target.lowering
    _edit_list(row["flags"], list(target.flags))
    if not target.tiles:
        row.pop("tiles", None)
        return
    if "tiles" not in row:
        row.insert(list(row).index("flags"), "tiles", _list([]))
    _edit_list(row["tiles"], [_tile(tile, row["tiles"]) for tile in target.tiles])


def _tile(tile: Tile, known: Any) -> Any:
    """The node that says this tile already, or a new one."""
    for node in known:
        if Tile.model_validate(dict(node)) == tile:
            return node
    return _map(tile.model_dump(exclude_defaults=True))


def _edit_list(known: Any, wanted: list[Any]) -> None:
    """known becomes wanted, by as few insertions and removals as there must be."""
    for index in reversed(range(len(known))):
        if known[index] not in wanted:
            if index < len(wanted) and len(known) == len(wanted):
                known[index] = wanted[index]
            else:
                del known[index]
    for index, each in enumerate(wanted):
        if index >= len(known) or known[index] != each:
            known.insert(index, each)
    while len(known) > len(wanted):
        del known[len(known) - 1]


def _table(yaml: "YAML", row: Strict) -> Any:
    """A row in the file's style: lists in one line, but for the flags and tiles of a target."""
    from ruamel.yaml.comments import CommentedMap

    table = CommentedMap()
    for key, value in row.model_dump(exclude_unset=True).items():
        if key in ("flags", "tiles"):
            table[key] = _list([_map(each) if isinstance(each, dict) else each for each in value])
        elif isinstance(value, list | dict):
            table[key] = _map(value) if isinstance(value, dict) else _list(value, flow=True)
        else:
            table[key] = value
    return table


def _list(values: list[Any], *, flow: bool = False) -> Any:
    from ruamel.yaml.comments import CommentedSeq

    made = CommentedSeq(values)
    if flow:
        made.fa.set_flow_style()
    return made


def _map(values: dict[str, Any]) -> Any:
    from ruamel.yaml.comments import CommentedMap

    made = CommentedMap(values)
    made.fa.set_flow_style()
    return made


def _lines(table: Any, key: str, text: str) -> tuple[int, int]:
    """The offsets in the text where a key's lines begin and end; what is indented more is its."""
    row, column = table.lc.data[key][:2]
    lines = text.splitlines(keepends=True)
    end = row + 1
    for number in range(row + 1, len(lines)):
        stripped = lines[number].strip()
        if stripped and len(lines[number]) - len(lines[number].lstrip()) <= column:
            break
        if stripped:
            end = number + 1
    return sum(map(len, lines[:row])), sum(map(len, lines[:end]))


def _kept(before: str, after: str, start: int, end: int) -> str | None:
    """`after`, where it is `before` but for what stood from start to end."""
    tail = len(before) - end
    whole = len(after) >= start + tail
    kept = after[:start] == before[:start] and after[len(after) - tail :] == before[end:]
    return after if whole and kept else None


def _check(params: Any, name: str, chosen: Candidate) -> None:
    """The file must now say what was chosen. Raises ConfigError."""
    found = params.targets[name], params.lowerings[chosen.target.lowering]
    if found != (chosen.target, chosen.lowering):
        raise ConfigError(
            f"targets.{name} would not say what was chosen; edit it by hand\n"
            + to_paste(name, chosen)
        )
