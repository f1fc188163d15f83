"""Checks a value of config.yaml against Ludwig's schema, and describes what the schema allows."""

import math
from typing import Any

from ludus.core.errors import nearest

Schema = dict[str, Any]  # the part of JSON Schema that network_keys.py keeps
KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "a word",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}


def fits(value: Any, schema: Schema) -> bool:
    """Whether a value fits a schema; infinities and NaN fit none."""
    if isinstance(value, float) and not math.isfinite(value):
        return False
    if "anyOf" in schema and not any(fits(value, form) for form in schema["anyOf"]):
        return False
    kinds = _kinds(schema)
    if kinds and not any(_is(value, kind) for kind in kinds):
        return False
    if "enum" in schema and not any(
        type(value) is type(each) and value == each for each in schema["enum"]
    ):
        return False
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", math.inf):
            return False
        if "items" in schema:
            return all(fits(each, schema["items"]) for each in value)
        if "minimum" in schema:  # one for each dimension
            return all(_is(each, "integer") and each >= schema["minimum"] for each in value)
    if not _is(value, "number"):
        return True
    return bool(
        value >= schema.get("minimum", -math.inf)
        and value <= schema.get("maximum", math.inf)
        and value > schema.get("exclusiveMinimum", -math.inf)
        and value < schema.get("exclusiveMaximum", math.inf)
    )


def allowed(value: Any, schema: Schema) -> str:
    """What a schema allows, as a message says it; of several names, the nearest to value."""
    if "enum" in schema:
        known = {"null" if each is None else str(each) for each in schema["enum"]}
        return f"one of its values{nearest(str(value), known)}"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(allowed(value, form) for form in schema["anyOf"]))
    kinds = [KINDS[kind] for kind in _kinds(schema) if kind != "null"] or ["a number"]
    if "minItems" in schema:
        kinds = [f"a list of {schema['minItems']}" if kind == "a list" else kind for kind in kinds]
    limits = [
        f"{word} {schema[key]:g}"
        for key, word in (
            ("minimum", "at least"), ("exclusiveMinimum", "above"),
            ("maximum", "at most"), ("exclusiveMaximum", "below"),
        )
        if key in schema
    ]  # fmt: skip
    return " or ".join(kinds) + (f", {' and '.join(limits)}" if limits else "")


def _kinds(schema: Schema) -> list[str]:
    """The types of a schema; where it has limits alone, it is of a number."""
    limited = "minimum" in schema or "maximum" in schema
    kinds = schema.get("type", "number" if limited else [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _is(value: Any, kind: str) -> bool:
    if kind == "null":
        return value is None
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "integer":
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return whole and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, {"string": str, "array": list, "object": dict}[kind])
