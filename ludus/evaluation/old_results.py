"""Finds out the executor of results files from before `executor` was a field.

Their `machine` was a label that the user could choose, or the executor if one was given. So a name
in it counts only if something that the executor itself wrote confirms it. Without such proof the
variant was run natively.
"""

import json
import re
from typing import Any

from ludus.core.types import Executor

# What only this executor, and not native, wrote about itself.
PROOFS: dict[Executor, tuple[str, re.Pattern[str]]] = {
    "godot": ("runtime_version", re.compile(r".+ in Godot \d")),
    "godot-pck": ("runtime_version", re.compile(r".+ in Godot \d")),
    "own-runtime": ("runtime_version", re.compile(r"(iree-|shortfin|jaxlib)\S* \d")),
    "qemu-aarch64": ("device_name", re.compile("aarch64 by .+, on ")),
    "qemu-riscv64": ("device_name", re.compile("riscv64 by .+, on ")),
    "triton": ("runtime_version", re.compile(r".+ in Triton$")),
    "wine": ("device_name", re.compile("x86_64 by .+, on ")),
}


def upgrade(raw: bytes) -> bytes:
    """A results file in today's form; one that is no JSON stays as it is, and is refused later."""
    try:
        value = json.loads(raw)
    except ValueError:
        return raw
    for row in value if isinstance(value, list) else [value]:
        if isinstance(row, dict) and "executor" not in row and "machine" in row:
            row["executor"] = _executor(row)
    return json.dumps(value).encode()


def _executor(row: dict[str, Any]) -> Executor | None:
    """The executor of a row; None, which readers refuse, if another than its label ran it."""
    proved = [name for name, (key, proof) in PROOFS.items() if proof.match(str(row.get(key)))]
    label = row["machine"]
    if row.get("status") == "not run":  # no executor ran it, and only the pipeline wrote such files
        return next((name for name in PROOFS if name == label), "native")
    if not proved:
        return "native"
    return next((name for name in proved if name == label), None)
