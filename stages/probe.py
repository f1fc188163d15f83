"""Write down what this machine is and what it can run; each device is tried by computing on it.

    python -m stages.probe

reads   params.yaml, only to check it
writes  artifacts/devices/<device>.json, artifacts/executors/<executor>.json: an evaluation depends
        on the two of its row, so that a new driver makes no other row run again

DVC runs it every time, since it cannot see hardware; the files have no times in them, so that an
unchanged machine gives the same files and nothing after it runs again. Since it always runs, it
also checks params.yaml, where DVC ignores unknown keys.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ludus.config.params import load_params
from ludus.core.files import replaced_folder, write_json
from ludus.core.program import arguments_of, run_stage
from ludus.evaluation import executors
from ludus.runtimes import devices


def main() -> None:
    arguments = arguments_of(__doc__, out="artifacts", params="params.yaml").parse_args()
    load_params(arguments.params)
    found_devices = {word: devices.facts(word) for word in devices.DEVICES}
    found: dict[str, Any] = {name: executors.executor(name).facts() for name in executors.EXECUTORS}
    write_files(arguments.out / "devices", found_devices)
    write_files(arguments.out / "executors", found)
    for name, parts in {**found, "native": found_devices}.items():
        for part, here in parts.items():
            print(f"{name:12} {part:18} {here['name'] or 'not here: ' + here['reason']}")


def write_files(out: Path, values: Mapping[str, Any]) -> None:
    """Write <name>.json for each, in place of the folder that was there."""
    with replaced_folder(out) as folder:
        for name, value in values.items():
            write_json(folder / f"{name}.json", value)


if __name__ == "__main__":
    run_stage(main)
