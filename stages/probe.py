"""Write down what this machine is and what it can run; each device is tried by computing on it.

    python -m stages.probe

reads   params.yaml, only to check it
writes  artifacts/executors/<executor>.json, one for each

DVC runs it every time, since it cannot see hardware; the files have no times in them, so that an
unchanged machine gives the same files and nothing after it runs again. Being always run, it also
checks params.yaml, of which DVC looks at the keys that it knows alone.
"""

from ludus.config.params import load_params
from ludus.core.files import replaced_folder, write_json
from ludus.core.program import arguments_of, run_stage
from ludus.evaluation import executors


def main() -> None:
    arguments = arguments_of(__doc__, out="artifacts/executors", params="params.yaml").parse_args()
    load_params(arguments.params)
    found = {name: executors.executor(name).facts() for name in executors.EXECUTORS}
    with replaced_folder(arguments.out) as folder:
        for name, values in found.items():
            write_json(folder / f"{name}.json", values)
    for name, values in found.items():
        for word, here in values.get("devices", values).items():
            print(f"{name:10} {word:16} {here['name'] or 'not here: ' + here['reason']}")


if __name__ == "__main__":
    run_stage(main)
