"""Writes network_keys.json: the configuration keys that Ludwig knows, from Ludwig's own schema.

Command: python -m ludus.config.network_keys    (30 s; writes network_keys.json)

Ludwig 0.17.10 silently drops unknown keys of a layer, and importing it takes half a minute. So the
keys are looked up in network_keys.json; a test in tests/backend proves that this module would write
the same file.

A table is {"keys": {key: table or null}}; null holds any value, and {"value": schema} one of a JSON
Schema of type, enum, minimum, maximum, exclusiveMinimum, exclusiveMaximum and anyOf. Where
a key `type` chooses, it also has {"default": type, "types": {type: {key: table or null}}}.
{"items": table} is a list.
"""

import copy
import inspect
import json
import re
from pathlib import Path
from typing import Any

PATH = Path(__file__).with_name("network_keys.json")

# The feature types that the train stage supports; Ludwig's others would need other data.
FEATURE_TYPES = {"input_features": "image", "output_features": "category"}
# Sections that `LudwigModel.train` ignores or that concern features which are not there.
KEPT = ("type", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
# Sizes that may have one value for each dimension, and the least value of each.
ANY_SIZE = {
    "kernel_size": 1, "stride": 1, "dilation": 1, "padding": 0, "pool_kernel_size": 1,
    "pool_stride": 1, "pool_dilation": 1, "pool_padding": 0,
}  # fmt: skip
LEFT_OUT = ("hyperopt", "defaults", "backend", "preset")


def from_ludwig() -> dict[str, Any]:
    """The table of a whole configuration, from the installed Ludwig."""
    from ludwig.config_validation.validation import get_schema
    from ludwig.modules.convolutional_modules import Conv2DLayer
    from ludwig.modules.fully_connected_modules import FCLayer

    schema = copy.deepcopy(get_schema("ecd"))  # Ludwig returns its own object
    sections = {k: v for k, v in schema["properties"].items() if k not in LEFT_OUT}
    for section, feature_type in FEATURE_TYPES.items():
        features = sections[section]["items"]
        features["allOf"] = [x for x in features["allOf"] if _chosen(x) == feature_type]
    encoder = _then(sections["input_features"]["items"], "image")["encoder"]
    defaults = _then(encoder, "stacked_cnn")  # of all layers: conv_dropout, out_channels
    layers = {
        "conv_layers": _arguments(
            Conv2DLayer, {"img_height", "img_width", "in_channels"}, defaults, "conv_"
        ),
        "fc_layers": _arguments(FCLayer, {"input_size", "input_rank"}, defaults, "fc_"),
    }
    return {"keys": {key: _table(key, value, layers) for key, value in sorted(sections.items())}}


def _arguments(
    layer: type, given: set[str], defaults: dict[str, Any], prefix: str
) -> dict[str, Any]:
    """The table of a list of layers: the arguments of the layer's class, except those of its input.

    The schemas of values are those of the encoder's keys for all layers. Ludwig's schema has no
    types for sizes with one value for each dimension, so those come from the annotations.
    """
    keys = {}
    for name, argument in sorted(inspect.signature(layer).parameters.items()):
        if name in given:
            continue
        said = (
            {} if name in ANY_SIZE else _value(defaults.get(prefix + name, defaults.get(name, {})))
        )
        value = _annotated(str(argument.annotation), ANY_SIZE.get(name)) | said
        keys[name] = {"value": value} if value else None
    return {"items": {"keys": keys}}


def _annotated(annotation: str, least: int | None) -> dict[str, Any]:
    types = {"int": "integer", "float": "number", "bool": "boolean", "str": "string"}
    types |= {"tuple": "array", "dict": "object", "None": "null"}
    found = re.findall(
        r"\b(int|float|bool|str|dict|tuple|None)\b", re.sub(r"\[.*?\]", "", annotation)
    )
    made = {"type": sorted({types[word] for word in found})} if found else {}
    return made if least is None else made | {"minimum": least}


def _value(schema: dict[str, Any]) -> dict[str, Any]:
    """The parts of Ludwig's JSON Schema that constrain a value without keys."""
    made = {key: schema[key] for key in KEPT if key in schema}
    forms = [_value(form) for form in schema.get("anyOf") or schema.get("oneOf") or []]
    return made | {"anyOf": forms} if forms and all(forms) else made


def _then(schema: dict[str, Any], kind: str) -> dict[str, Any]:
    """The keys of one kind, where the key `type` chooses the kind."""
    found: dict[str, Any] = next(
        each["then"]["properties"] for each in schema["allOf"] if _chosen(each) == kind
    )
    return found


def _table(key: str, schema: Any, layers: dict[str, Any]) -> dict[str, Any] | None:
    """The table of a key, from the JSON Schema that Ludwig has for it."""
    if key in layers:
        return dict(layers[key])
    for form in [schema, *schema.get("oneOf", []), *schema.get("anyOf", [])]:
        if form.get("type") == "array" and form.get("items", {}).get("type") == "object":
            return {"items": _table("", form["items"], layers)}
        if "properties" in form:
            return _object(form, layers)
    value = _value(schema)
    return {"value": value} if value else None


def _object(schema: dict[str, Any], layers: dict[str, Any]) -> dict[str, Any]:
    def tables(properties: dict[str, Any]) -> dict[str, Any]:
        return {key: _table(key, value, layers) for key, value in sorted(properties.items())}

    table: dict[str, Any] = {"keys": tables(schema["properties"])}
    if types := {_chosen(x): tables(x["then"]["properties"]) for x in schema.get("allOf", [])}:
        table |= {"default": schema["properties"]["type"].get("default"), "types": types}
    return table


def _chosen(condition: dict[str, Any]) -> str:
    return str(condition["if"]["properties"]["type"]["const"])


def main() -> None:
    PATH.write_text(json.dumps(from_ludwig(), indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
