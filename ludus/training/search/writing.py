"""Values that a search found, written into params.yaml `train`."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from ludus.config.edit import Edit, edit
from ludus.config.params import load_params
from ludus.config.search import Value
from ludus.config.training import Train
from ludus.core.errors import ConfigError
from ludus.core.explain import explain


def write_values(path: Path, values: Mapping[str, Value]) -> None:
    """Put values, by knob (train.epochs), into the file.

    Raises ConfigError where params.yaml would not take them, or cannot be edited
    (`ludus.config.edit`); it is untouched then.
    """
    params = load_params(path)
    found = {name.removeprefix("train."): value for name, value in values.items()}
    try:
        train = Train.model_validate(params.train.model_dump() | found)
    except ValidationError as error:
        raise ConfigError(
            f"{path}: train would not take {said(values)}: {'; '.join(explain(Train, error))}"
        ) from None
    edits = [Edit(at=("train", key), value=getattr(train, key)) for key in found]
    edit(path, edits, params.model_copy(update={"train": train}))


def said(values: Mapping[str, Value]) -> str:
    """Such as "train.epochs: 3, train.schedule: cosine"."""
    return ", ".join(f"{name}: {value}" for name, value in values.items())
