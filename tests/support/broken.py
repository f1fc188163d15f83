"""The steps of bad_bundles.json, done to a copy of a good bundle; README.md describes them."""

import json
import shutil
from pathlib import Path
from typing import Any

from support.paths import GOLDEN


def cases() -> list[dict[str, Any]]:
    """All cases."""
    loaded: list[dict[str, Any]] = json.loads((GOLDEN / "bad_bundles.json").read_text("utf-8"))
    return loaded


def broken_bundle(case: dict[str, Any], folder: Path) -> Path:
    """folder/bundle, a copy of the case's good bundle with its steps done."""
    bundle = folder / "bundle"
    shutil.copytree(GOLDEN / case.get("bundle", "bundle"), bundle)
    for step in case["do"]:
        _do(step, bundle)
    return bundle


def _do(step: dict[str, Any], bundle: Path) -> None:
    match step:
        case {"remove": path}:
            (bundle / path).unlink()
        case {"write": path, "text": text}:
            (bundle / path).parent.mkdir(parents=True, exist_ok=True)
            (bundle / path).write_bytes((text * step.get("times", 1)).encode())
        case {"append": path, "text": text}:
            (bundle / path).write_bytes((bundle / path).read_bytes() + text.encode())
        case {"truncate": path, "to": length}:
            (bundle / path).write_bytes((bundle / path).read_bytes()[:length])
        case {"flip": path, "at": index}:
            data = bytearray((bundle / path).read_bytes())
            data[index] ^= 0xFF
            (bundle / path).write_bytes(data)
        case {"move": path, "to": new}:
            shutil.move(bundle / path, bundle / new)
        case {"link": path, "to": content}:
            (bundle / path).symlink_to(content)
        case {"replace": old, "by": new}:
            text = (bundle / "manifest.json").read_text("utf-8")
            assert old in text
            (bundle / "manifest.json").write_text(text.replace(old, new, 1), "utf-8")
        case {"set": pointer, "to": value}:
            _edit(bundle, pointer, lambda parent, key: _set(parent, key, value))
        case {"delete": pointer}:
            _edit(bundle, pointer, lambda parent, key: parent.pop(key))
        case _:
            raise AssertionError(f"no such step: {step}")


def _edit(bundle: Path, pointer: str, change: Any) -> None:
    values = json.loads((bundle / "manifest.json").read_text("utf-8"))
    *parents, last = pointer.split("/")[1:]
    place = values
    for part in parents:
        place = place[_key(place, part)]
    change(place, _key(place, last))
    (bundle / "manifest.json").write_text(json.dumps(values), "utf-8")


def _key(place: Any, part: str) -> Any:
    return int(part) if isinstance(place, list) else part


def _set(place: Any, key: Any, value: Any) -> None:
    if isinstance(place, list) and key == len(place):
        place.append(value)
    else:
        place[key] = value
