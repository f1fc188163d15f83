"""Bring the kits that executors and devices need: `python -m ludus.evaluation.executors [KIT...]`.

Without names, those that the evaluations of params.yaml need and `make machines` brings. What
cannot be brought is said, and is no failure: its rows say `not run`.
"""

import sys
import time
from importlib import import_module

from ludus.config.params import Params, load_params
from ludus.core.errors import ToolError, UsageError, nearest
from ludus.core.program import run_stage
from ludus.core.types import Executor
from ludus.evaluation.executors import EXECUTORS
from ludus.process.prebuilt import Kit
from ludus.runtimes.devices import DEVICES


def all_kits() -> dict[str, Kit]:
    """Every kit by its name."""
    devices = [device.kit for device in DEVICES.values()]
    return {kit.name: kit for kit in (*devices, *map(_kit, EXECUTORS)) if kit is not None}


def needed(params: Params) -> list[Kit]:
    """The kits of the evaluations of params, but for those that take a command of their own."""
    rows = params.evaluations.values()
    kits = {DEVICES[row.device].kit for row in rows} | {_kit(row.executor) for row in rows}
    quick = [kit for kit in kits if kit is not None and kit.command == Kit.command]
    return sorted(quick, key=lambda kit: kit.name)


def _kit(executor: Executor) -> Kit | None:
    found: Kit | None = getattr(import_module(EXECUTORS[executor]), "KIT", None)
    return found


def bring(kit: Kit) -> None:
    """Bring a kit if it is not here, and say so."""
    if kit.why_not() is None:
        return
    began = time.monotonic()
    try:
        kit.bring()
    except ToolError as error:
        print(f"{kit.name} cannot be brought, and its rows will say so: {error}", file=sys.stderr)
    else:
        print(f"{kit.name}: brought in {time.monotonic() - began:.0f} s ({kit.words()})")


def main() -> None:
    kits = all_kits()
    for name in sys.argv[1:]:
        if name not in kits:
            raise UsageError(f"no kit '{name}'{nearest(name, set(kits))}")
    for kit in [kits[name] for name in sys.argv[1:]] or needed(load_params()):
        bring(kit)


if __name__ == "__main__":
    run_stage(main)
