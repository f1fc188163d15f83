"""Whether config.yaml holds keys and values that Ludwig takes, and trains what is meant.

Each refusal is a ConfigError with the place, such as input_features[0].encoder.conv_layers[0].norm.
"""

from typing import Any

from ludus.config import network_limits as limits
from ludus.config.network_values import allowed, fits
from ludus.core.errors import ConfigError, nearest
from ludus.core.explain import shown

Table = dict[str, Any]  # of network_keys.json


def check(value: Any, table: Table | None, place: str = "") -> None:
    """Raise ConfigError at the first fault in or under a value that stands at a place.

    table: what may stand there (network_keys.py); None: anything that has no closer limit.
    """
    if table is None or "value" in table:
        _check_value(value, (table or {}).get("value"), place)
    elif value is None and "items" not in table and _key(place) in limits.MAY_BE_NULL:
        return
    elif "items" in table:
        _check_list(value, table, place)
    else:
        _check_table({"type": value} if isinstance(value, str) else value, table, place)


def _check_layers(encoder: Table, place: str) -> None:
    """Refuse layers that are both listed and counted: Ludwig takes one of the two, or neither."""
    for listed, counted in limits.EITHER:
        if encoder.get(listed) is not None and encoder.get(counted) is not None:
            raise ConfigError(
                f"'{place}.{listed}' and '{place}.{counted}' are both set; take one of them out"
            )


def kind_of(value: Any) -> str:
    """What a value is, for a message: "a list", "empty"."""
    return "empty" if value is None else f"a {type(value).__name__}"


def _check_value(value: Any, schema: Table | None, place: str) -> None:
    key, inside = _key(place), place.rpartition(".")[0]
    if key in limits.OF_THE_DATA and value is not None and _key(inside) != "preprocessing":
        raise ConfigError(f"'{place}' cannot be set here; it is that of the data: take it out")
    if key in limits.OF_FEATURES and value:
        raise ConfigError(f"'{place}' cannot be set here; there is no other feature: take it out")
    for each in (limits.limit_of(place), schema):
        if each is not None and not fits(value, each):
            raise ConfigError(f"'{place}' is {shown(value)}, expected {allowed(value, each)}")


def _check_list(value: Any, table: Table, place: str) -> None:
    if isinstance(value, bool) and place.endswith(".augmentation"):
        return
    if value is None or (value == [] and _key(place) not in limits.MAY_BE_EMPTY):
        raise ConfigError(f"'{place}' is empty, expected a list; or take the key out")
    if not isinstance(value, list):
        raise ConfigError(f"'{place}' is {kind_of(value)}, expected a list")
    for index, item in enumerate(value):
        check(item, table["items"], f"{place}[{index}]")


def _check_table(value: Any, table: Table, place: str) -> None:
    if value is None or value == {}:
        out = "the entry" if place.endswith("]") else "the key"
        raise ConfigError(
            f"'{place}' is empty, expected a table of keys and values; or take {out} out"
        )
    if not isinstance(value, dict):
        raise ConfigError(f"'{place}' is {kind_of(value)}, expected a table of keys and values")
    known = dict(table["keys"])
    if types := table.get("types"):
        chosen = value.get("type", table["default"])
        if not isinstance(chosen, str) or chosen not in types:
            raise ConfigError(f"'{place}.type' is {chosen!r}{nearest(str(chosen), set(types))}")
        if place == "combiner" and chosen in limits.NO_COMBINER:
            raise ConfigError(f"'{place}.type' is {chosen!r}, which cannot combine one image")
        known |= types[chosen]
    for key, inner in value.items():
        if key not in known:
            where = f" of '{place}'" if place else ""
            raise ConfigError(f"unknown key '{key}'{where}{nearest(str(key), set(known))}")
        check(inner, known[key], f"{place}.{key}" if place else str(key))
    if place in limits.NEEDS_TYPE and "type" not in value:
        raise ConfigError(f"'{place}' has no type; add one such as type: {table['default']}")
    if place.endswith((".encoder", ".decoder")):
        _check_layers(value, place)


def _key(place: str) -> str:
    """The last key of a place."""
    return place.rpartition(".")[2]
