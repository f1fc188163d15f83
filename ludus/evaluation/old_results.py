"""Results files from before `executor` was a field of its own: who ran them is worked out.

Their `machine` was a label that anyone could choose, or the executor where one was named. So a name
in it is believed only where something that the executor itself wrote says the same. What has no
such proof was run natively.
"""

import json
import re
from typing import Any

from ludus.core.types import Executor

# What an executor other than native wrote of itself, and nothing else does.
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
    """A results file as it is written today; what is no JSON is left as it is, to be refused."""
    try:
        value = json.loads(raw)
    except ValueError:
        return raw
    for row in value if isinstance(value, list) else [value]:
        if isinstance(row, dict) and "executor" not in row and "machine" in row:
            row["executor"] = _executor(row)
    return json.dumps(value).encode()


def _executor(row: dict[str, Any]) -> Executor | None:
    """Who ran a row; None, which no reader takes, where another than its label says did."""
    proved = [name for name, (key, proof) in PROOFS.items() if proof.match(str(row.get(key)))]
    label = row["machine"]
    if row.get("status") == "not run":  # no executor ran it, and only the pipeline wrote such files
        return next((name for name in PROOFS if name == label), "native")
    if not proved:
        return "native"
    return next((name for name in proved if name == label), None)
