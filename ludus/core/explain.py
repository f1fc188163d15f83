"""Messages for pydantic errors in terms of the file: place, expected, got, nearest known name.

Known tables and keys come from the core schema that pydantic validates with; the `loc` of an error
is a path through it.
"""

import json
import math
import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from ludus.core.errors import nearest

LONGEST = 80  # characters of a value that a message shows
Schema = dict[str, Any]


def explain(model: type[BaseModel], error: ValidationError) -> list[str]:
    """A line for each place that is wrong: "train.epochs: expected a valid integer, got null"."""
    found: dict[tuple[str, str], list[str]] = {}
    for detail in error.errors(include_url=False):
        where, what, end = _explained(model, detail)
        expected = found.setdefault((where, end), [])
        if what not in expected:
            expected.append(what)
    return [f"{where}: {_either(whats)}{end}" for (where, end), whats in found.items()]


def shown(value: Any) -> str:
    """A value as YAML, on one line, shortened to LONGEST."""
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _either(whats: list[str]) -> str:
    """One message for a value that may be of several kinds: pydantic has one for each kind."""
    return whats[0] + "".join(f" or {what.removeprefix('expected ')}" for what in whats[1:])


def _explained(model: type[BaseModel], detail: Any) -> tuple[str, str, str]:
    """The place, the fault, and the value that was got."""
    loc, kind, got = detail["loc"], detail["type"], detail["input"]
    place, schema, union = _lead(model, loc)
    where = ".".join(place) or "the file"
    context = detail.get("ctx", {})
    if kind == "extra_forbidden":
        parent = _lead(model, loc[:-1])[1]
        known = set(parent["fields"]) if parent else set()
        return where, f"unknown key '{place[-1]}'{nearest(place[-1], known)}", ""
    if kind == "missing":
        return where, "field required", ""
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        key = context["discriminator"].strip("'")
        if kind == "union_tag_not_found":
            return f"{where}.{key}", "field required", ""
        known = set(map(str, union["choices"])) if union else set()
        return (
            f"{where}.{key}",
            f"unknown value '{context['tag']}'{nearest(context['tag'], known)}",
            "",
        )
    if kind == "literal_error" and isinstance(got, str | int | float):
        known = set(map(str, schema["expected"])) if schema else set()
        what = "key" if loc[-1] == "[key]" else "value"
        return where, f"unknown {what} '{got}'{nearest(str(got), known)}", ""
    if kind == "value_error":
        end = "" if isinstance(got, dict) else f"; got {shown(got)}"
        return where, str(context["error"]), end
    return where, _expectation(union, detail), f", got {shown(got)}"


def _expectation(union: Schema | None, detail: Any) -> str:
    """What was expected, in the terms of the file."""
    got, kind = detail["input"], detail["type"]
    if kind == "string_type" and isinstance(got, bool):
        spellings = "yes, on and true" if got else "no, off and false"
        return f"put it in quotes: YAML reads {spellings} as {shown(got)}"
    if kind == "string_type" and not isinstance(got, dict | list):
        return "expected a word: put it in quotes"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"expected {_tables(union) or 'keys with values'}"
    if kind == "too_short":
        least = detail["ctx"]["min_length"]
        return f"expected at least {least} item{'s' if least > 1 else ''}"
    if kind == "literal_error":
        return f"expected {detail['ctx']['expected']}"
    message = re.sub(r"^Input should be ", "expected ", detail["msg"])
    return message[:1].lower() + message[1:]


def _lead(
    model: type[BaseModel], loc: Sequence[int | str]
) -> tuple[list[str], Schema | None, Schema | None]:
    """The place in the file, without the parts that pydantic adds, and the schema of that place.

    The schema is None where pydantic tries several kinds in turn. The third value is the union that
    the place belongs to, where pydantic has chosen one of its kinds by the keys.
    """
    root: Schema = dict(model.__pydantic_core_schema__)
    named = {each["ref"]: each for each in root.get("definitions", [])}
    schema = _bare(root, named)
    place: list[str] = []
    table = union = None
    for part in loc:
        kind = schema["type"] if schema else ""
        union = None
        if part == "[key]":
            schema = _bare(table and table.get("keys_schema"), named)
        elif schema and kind == "tagged-union":
            union, schema = schema, _bare(schema["choices"][part], named)
        elif kind == "union":
            schema = None
        else:
            place.append(str(part))
            table, schema = schema, _bare(_inner(schema, part), named)
    if schema and schema["type"] == "tagged-union":
        union = schema
    if union:
        choices = {tag: _bare(choice, named) for tag, choice in union["choices"].items()}
        union = {**union, "choices": choices}
    return place, schema, union


def _inner(schema: Schema | None, part: int | str) -> Schema | None:
    """The schema of the values under a key or in a list."""
    if schema is None:
        return None
    if schema["type"] == "model-fields":
        found: Schema | None = schema["fields"].get(part)
        return found and found["schema"]
    return schema.get({"dict": "values_schema", "list": "items_schema"}.get(schema["type"], ""))


def _bare(schema: Schema | None, named: dict[str, Schema]) -> Schema | None:
    """A schema without its wrappers: defaults, validators, models."""
    while schema:
        if schema["type"] == "definition-ref":
            schema = named[schema["schema_ref"]]
        elif "schema" in schema:
            schema = schema["schema"]
        else:
            break
    return schema


def _tables(union: Schema | None) -> str:
    """The kinds of a union, as a message lists them: "a list, or {file, sha256}"."""
    if not union or isinstance(union["discriminator"], str):
        return ""
    kinds = []
    for choice in union["choices"].values():
        fields = choice.get("fields")
        kinds.append(f"{{{', '.join(fields)}}}" if fields else f"a {choice['type']}")
    return ", or ".join(kinds)
