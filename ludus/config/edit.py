"""The one editor of params.yaml: entries get other values, and all else stays byte for byte.

ruamel.yaml keeps comments, quotes and order. What it would not keep is found and refused before the
file is replaced, and so is what would not be read as it is meant. `ludus tune` and the search for
hyper-parameters (ludus/training/search) decide what is written.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from ludus.config import round_trip
from ludus.config.params import Params, load_params
from ludus.core.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One entry as it is to be; where it is a table or a list, only what differs is written.

    at: the keys that lead to it, such as ("train", "epochs"). value: of plain Python. after: where
    the entry is new, the key of the same table that it stands behind.
    """

    at: tuple[str, ...]
    value: Any
    after: str | None = None

    @property
    def name(self) -> str:
        return ".".join(self.at)


def edit(path: Path, edits: Sequence[Edit], wanted: Params) -> None:
    """Make edits in a params.yaml, which then says what is wanted, all tables of it.

    Raises ConfigError, with the entries to write by hand, where the file would not keep every other
    byte and every comment, would be refused, or would say anything else than what is wanted. It is
    untouched then.
    """
    changed = path.with_name(f".{path.name}.edited")
    try:
        changed.write_bytes(edited(path.read_bytes().decode(), edits).encode())
        found = load_params(changed)
        wrong = [key for key in Params.model_fields if getattr(found, key) != getattr(wanted, key)]
        if wrong:
            raise ConfigError(f"its {' and '.join(wrong)} would not say what is meant")
        shutil.copymode(path, changed)
        changed.replace(path)
    except ConfigError as error:
        reason = str(error).replace(str(changed), "the edited file")
        raise ConfigError(
            f"{path} is left as it is: {reason}\nedit it by hand:\n{to_paste(edits)}"
        ) from None
    finally:
        changed.unlink(missing_ok=True)


def edited(text: str, edits: Sequence[Edit]) -> str:
    """The text of a file with edits made in it.

    Raises ConfigError where loading and dumping alone would change a byte; where it has no such
    entry; where an edit would change lines beside those of its entry, or lose a comment.
    """
    _check_round_trip(text)
    for each in edits:
        text = _edited(text, each)
    return text


def to_paste(edits: Sequence[Edit]) -> str:
    """The entries of edits, and the tables that they stand in, as YAML."""
    document: dict[str, Any] = {}
    for each in edits:
        table = document
        for key in each.at[:-1]:
            table = table.setdefault(key, {})
        table[each.at[-1]] = round_trip.node(each.value)
    return round_trip.dumped(document)


def _check_round_trip(text: str) -> None:
    after = round_trip.dumped(round_trip.loaded(text), like=text)
    lines = zip_longest(text.split("\n"), after.split("\n"), fillvalue="")
    for number, (line, would_be) in enumerate(lines, 1):
        if line != would_be:
            raise ConfigError(
                f"all else would not stay byte for byte: line {number}, {line!r}, would become "
                f"{would_be!r}; write it so, and try again"
            )


def _edited(text: str, edit: Edit) -> str:
    document = round_trip.loaded(text)
    table, key = _table(document, edit), edit.at[-1]
    if round_trip.has(table, key):
        start, end = _lines(table, key, text)
        round_trip.put(table, key, edit.value)
    elif edit.after is not None and round_trip.has(table, edit.after):
        # Before the last, behind which a blank line and comments of what follows may stand.
        keys = round_trip.written(table)
        before = keys[min(keys.index(edit.after) + 1, len(keys) - 1)]
        start = end = _lines(table, before, text)[0]
        round_trip.insert(table, before, key, round_trip.node(edit.value))
    else:
        raise ConfigError(f"it has no {edit.name}, or not as an entry of its own")
    after = round_trip.dumped(document, like=text)
    tail = len(text) - end
    mine = after[start : len(after) - tail]
    whole = not mine or not tail or mine.endswith("\n")
    if after != text[:start] + mine + text[end:] or not whole:
        raise ConfigError(f"lines beside those of {edit.name} would change")
    if lost := round_trip.comments(text) - round_trip.comments(after):
        raise ConfigError(f"{edit.name} would lose its comments: {', '.join(lost)}")
    return after


def _table(document: Any, edit: Edit) -> Any:
    """The table that holds an entry. Raises ConfigError where there is none."""
    table = document
    for key in edit.at[:-1]:
        if not round_trip.has(table, key):
            raise ConfigError(f"it has no {edit.name}, or not as an entry of its own")
        table = table[key]
    return table


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
