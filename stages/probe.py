"""Write down what this machine is and what it can run; each device is tried by computing on it.

    python -m stages.probe

reads   params.yaml, only to check it
writes  artifacts/machine.json

DVC runs it every time, since it cannot see hardware; the file has no times in it, so that an
unchanged machine gives the same file and nothing after it runs again. Being always run, it also
checks params.yaml, of which DVC looks at the keys that it knows alone.
"""

import argparse
import json
import platform
from pathlib import Path
from typing import Any

from ludus import devices
from ludus.backends.on_iree import runtime_version
from ludus.devices import cpu
from ludus.files import write_text
from ludus.params import load_params
from ludus.stage import run_stage


def probe() -> dict[str, Any]:
    """The machine, and for each device word its name or the reason why it cannot be used."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": {
            "name": cpu.name(),
            "architecture": cpu.architecture(),
            "features": sorted(cpu.features()),
        },
        "iree": runtime_version(),
        "devices": {word: _try(word) for word in devices.DEVICES},
    }


def _try(word: str) -> dict[str, str | None]:
    reason = devices.why_not(word)
    name = None if reason else devices.open_device(word)[1]
    return {"name": name, "reason": reason}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("artifacts/machine.json"))
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    arguments = parser.parse_args()
    load_params(arguments.params)
    machine = probe()
    write_text(arguments.out, json.dumps(machine, indent=1, sort_keys=True) + "\n")
    for word, found in machine["devices"].items():
        print(f"{word:16} {found['name'] or 'not here: ' + found['reason']}")


if __name__ == "__main__":
    run_stage(main)
