"""Tests what this machine can run: a row for each device, executor, runtime and toolchain."""

import re
from typing import Any

from ludus import runtimes
from ludus.config.backends import BACKENDS
from ludus.core.types import Executor
from ludus.evaluation import executors
from ludus.evaluation.executors import EXECUTORS, own_runtime
from ludus.process import toolchains
from ludus.runtimes import devices, out_of_process

DIGEST = re.compile("[0-9a-f]{64}")


def rows_here() -> list[dict[str, Any]]:
    """Rows with kind, name, whether it passes, and a detail: its own name, or the reason."""
    rows = [_device(word) for word in devices.DEVICES]
    rows += [_executor(name) for name in EXECUTORS if name != "native"]
    rows += [_runtime(name) for name in BACKENDS if name != "xla"]
    return rows + [_toolchain(name) for name in toolchains.names()]


def _device(word: str) -> dict[str, Any]:
    reason = devices.why_not(word)
    detail = reason or devices.open_device(word)[1]
    return {"kind": "device", "name": word, "passes": reason is None, "detail": detail}


def _executor(name: Executor) -> dict[str, Any]:
    parts = executors.executor(name).facts()
    reasons = [part["reason"] for part in parts.values() if part["reason"]]
    missing = own_runtime.not_installed() if name == "own-runtime" else []
    names = [_named(key, part["name"]) for key, part in parts.items() if key not in missing]
    if missing:
        reasons = [*names, f"{', '.join(missing)}: {toolchains.NOT_INSTALLED}"]
    detail = "; ".join(reasons or names)
    return {"kind": "executor", "name": name, "passes": not reasons, "detail": detail}


def _named(part: str, name: str) -> str:
    """The name of a part of an executor; a part that has only a digest goes by its kind."""
    return f"{part} {name}" if DIGEST.fullmatch(name or "") else name


def _runtime(name: str) -> dict[str, Any]:
    row = {"kind": "runtime", "name": name}
    try:
        return {**row, "passes": True, "detail": runtimes.runtime(name).runtime_version()}
    except ModuleNotFoundError as error:
        return {**row, "passes": False, "detail": f"needs the Python package '{error.name}'"}


def _toolchain(name: str) -> dict[str, Any]:
    """A toolchain passes if it compiles a module and its runtime computes the right answer."""
    reason = out_of_process.why_not(name)
    detail = reason or f"compiles; {out_of_process.runtime_of(name)} computes"
    shown = name if name == toolchains.STABLEHLO else f"iree {name}"
    return {"kind": "toolchain", "name": shown, "passes": reason is None, "detail": detail}
