"""Values, written into params.yaml `train`: every other byte of the file stays as it was."""

from collections.abc import Mapping
from pathlib import Path

from ludus.config.params import load_params
from ludus.config.search import Value
from ludus.config.training import Train
from ludus.core.errors import ConfigError
from ludus.core.files import write_text


def write_values(path: Path, values: Mapping[str, Value]) -> None:
    """Put values, by knob (train.epochs), into the file.

    Raises ConfigError where it has no such knob, or would not say what is meant; it is untouched
    then.
    """
    wanted = load_params(path).train.model_dump()
    wanted |= {name.removeprefix("train."): value for name, value in values.items()}
    written = edited(path.read_bytes().decode(), values)
    checked = path.with_name(f".{path.name}.searched")
    try:
        write_text(checked, written)
        same = load_params(checked).train == Train.model_validate(wanted)
    finally:
        checked.unlink(missing_ok=True)
    if not same:
        raise ConfigError(f"{path} cannot be written; set by hand: {said(values)}")
    write_text(path, written)


def edited(text: str, values: Mapping[str, Value]) -> str:
    """The text of params.yaml with other values; comments stay where they are in their lines."""
    from ruamel.yaml import YAML

    yaml = YAML()
    lines = text.splitlines(keepends=True)
    for name, value in values.items():
        table = yaml.load("".join(lines)).get("train", {})
        key = name.removeprefix("train.")
        if key not in table:
            raise ConfigError(f"params.yaml has no {name}; add it by hand: {said(values)}")
        row, column = table.lc.value(key)
        before, rest = lines[row][:column], lines[row][column:]
        old = rest[: len(rest) - len(rest.lstrip("-+.0123456789_abcdefghijklmnopqrstuvwxyzE'\""))]
        lines[row] = before + str(value) + rest[len(old) :]
    return "".join(lines)


def said(values: Mapping[str, Value]) -> str:
    """Such as "train.epochs: 3, train.schedule: cosine"."""
    return ", ".join(f"{name}: {value}" for name, value in values.items())
