"""Bundles for tests in the engine: good ones with something changed, and 500 that are broken."""

import hashlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from support.paths import BUNDLE

MANIFEST = "manifest.json"


def changed(bundle: Path, change: Callable[[dict[str, Any]], None], good: Path = BUNDLE) -> Path:
    """A copy of a good bundle whose manifest was changed. Returns bundle."""
    shutil.copytree(good, bundle)
    values = json.loads((bundle / MANIFEST).read_text("utf-8"))
    change(values)
    (bundle / MANIFEST).write_text(json.dumps(values), "utf-8")
    return bundle


# Each is good in all that is checked before something runs.


def first_cannot_run(values: dict[str, Any]) -> None:
    values["variants"][0]["iree_version"] = "3.11.0"


def nothing_runs(values: dict[str, Any]) -> None:
    for variant in values["variants"]:
        variant["iree_version"] = "3.11.0"


def another_first_golden_answer(values: dict[str, Any]) -> None:
    values["golden"]["probabilities"][0][0] = 0.5


def another_golden_answer(values: dict[str, Any]) -> None:
    values["golden"]["probabilities"][7][0] = 0.5


def takes_no_pictures(values: dict[str, Any]) -> None:
    values["preprocess"] = None


def has_labels(values: dict[str, Any]) -> None:
    values["labels"] = ["a", "b", "c", "d", "e"]


def first_computes_wrongly(bundle: Path) -> Path:
    """The first variant is for the CPU, and its weights are not those of the network."""
    path = "variants/wrong/model.vmfb"
    module = (BUNDLE / "variants/iree-vmvx/model.vmfb").read_bytes()
    weights = _weights()
    assert weights in module
    module = module.replace(weights, bytes(len(weights)))

    def change(values: dict[str, Any]) -> None:
        right = values["variants"][1]
        sha256 = hashlib.sha256(module).hexdigest()
        file = {"path": path, "bytes": len(module), "sha256": sha256}
        wrong = right | {"target": "wrong", "sha256": sha256, "files": [file]}
        values["variants"] = [wrong, right]

    changed(bundle, change)
    (bundle / path).parent.mkdir()
    (bundle / path).write_bytes(module)
    shutil.rmtree(bundle / "variants" / "iree-vulkan")
    (bundle / "SHA256SUMS").unlink()  # which would list other sums
    return bundle


def _weights() -> bytes:
    """Of the good bundle's network: tests/golden/make_bundle.py says how they are computed."""
    images = np.fromfile(BUNDLE / "golden/images.bin", dtype=np.uint8).astype(np.int64)
    return (images / (8 * 255)).astype(np.float32).tobytes()


# Mutations


def mutate(bundle: Path, chance: random.Random) -> str:
    """Break a bundle somehow; files are written anew, never in place. Returns what was done."""
    files = sorted(path for path in bundle.rglob("*") if path.is_file())
    path = chance.choice(files)
    name = path.relative_to(bundle).as_posix()
    data = path.read_bytes()
    match chance.randrange(8):
        case 0 | 1:
            at, bit = chance.randrange(len(data)), chance.randrange(8)
            _write(path, data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])
            return f"bit {bit} of byte {at} of {name} is flipped"
        case 2:
            path, data = bundle / MANIFEST, (bundle / MANIFEST).read_bytes()
            at, byte = chance.randrange(len(data)), chance.randrange(256)
            _write(path, data[:at] + bytes([byte]) + data[at + 1 :])
            return f"byte {at} of {MANIFEST} is {byte}"
        case 3:
            length = chance.randrange(len(data))
            _write(path, data[:length])
            return f"{name} ends after {length} bytes"
        case 4:
            other = chance.choice([file for file in files if file != path])
            _write(path, other.read_bytes())
            _write(other, data)
            return f"{name} and {other.relative_to(bundle)} have changed places"
        case 5 if path.name != "SHA256SUMS":  # which need not be there
            path.unlink()
            return f"{name} is missing"
        case 6:
            extra = path.with_name(f"extra-{path.name}")
            _write(extra, data)
            return f"{extra.relative_to(bundle)} is there too"
        case _:
            start = chance.randrange(len(data))
            end = min(len(data), start + chance.randrange(1, 2000))
            _write(path, data[:start] + data[end:])
            return f"{name} lacks the bytes from {start} to {end}"


def _write(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)  # which may be shared with the good bundle
    path.write_bytes(data)
