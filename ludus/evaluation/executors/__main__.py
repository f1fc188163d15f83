"""Install the prebuilt dependencies of executors and devices.

    python -m ludus.evaluation.executors [NAME...]

Without names, it installs those that the evaluations of both pipelines need. One that cannot be
installed is reported and is no failure: the rows that need it become `not run`.
"""

import sys
import time
from collections.abc import Iterable, Iterator
from importlib import import_module

from ludus.config.evaluations import Evaluation
from ludus.config.everywhere import PATH, Everywhere
from ludus.config.params import load_params
from ludus.core.errors import InstallError, UsageError, nearest
from ludus.core.program import run_stage
from ludus.core.strict_yaml import read_yaml
from ludus.core.types import Executor
from ludus.evaluation.executors import EXECUTORS
from ludus.process.prebuilt import Prebuilt
from ludus.runtimes.devices import DEVICES


def all_prebuilt() -> dict[str, Prebuilt]:
    """Every prebuilt dependency by its name."""
    devices = [device.prebuilt for device in DEVICES.values()]
    return {one.name: one for one in (*devices, *map(_prebuilt, EXECUTORS)) if one is not None}


def evaluations() -> Iterator[Evaluation]:
    """Those of both pipelines.

    Not by load_everywhere: a params.yaml of another network lacks the targets that its rows name.
    """
    yield from load_params().evaluations.values()
    second = read_yaml(Everywhere, PATH)
    yield from second.evaluations.values()
    yield from second.systems.values()


def needed(rows: Iterable[Evaluation]) -> list[Prebuilt]:
    """Those that evaluations need, except those with a command of their own."""
    known = {one for row in rows for one in (DEVICES[row.device].prebuilt, _prebuilt(row.executor))}
    quick = [one for one in known if one is not None and one.command == Prebuilt.command]
    return sorted(quick, key=lambda one: one.name)


def _prebuilt(executor: Executor) -> Prebuilt | None:
    found: Prebuilt | None = getattr(import_module(EXECUTORS[executor]), "PREBUILT", None)
    return found


def install(one: Prebuilt) -> None:
    """Install one if it is not installed, and print the result."""
    if one.why_not() is None:
        return
    began = time.monotonic()
    try:
        one.install()
    except InstallError as error:
        print(f"rows that need {one.name} will be not run: {error}", file=sys.stderr)
    else:
        print(f"{one.name}: installed in {time.monotonic() - began:.0f} s ({one.description()})")


def main() -> None:
    known = all_prebuilt()
    for name in sys.argv[1:]:
        if name not in known:
            raise UsageError(f"no prebuilt dependency '{name}'{nearest(name, set(known))}")
    for one in [known[name] for name in sys.argv[1:]] or needed(evaluations()):
        install(one)


if __name__ == "__main__":
    run_stage(main)
