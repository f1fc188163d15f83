"""What a stage does where the network was made elsewhere and it has no work."""

from pathlib import Path

from ludus.config.params import Model
from ludus.core.files import replaced_folder, write_text

# The same text for every such network: another network reruns no stage that does not read it.
ELSEWHERE = (
    "Nothing is made here: the network was made elsewhere (docs/tutorials/own-network.md).\n"
)


def made_elsewhere(model: Model, *outputs: Path) -> bool:
    """Whether the network was made elsewhere; then print so, and write a note as each output.

    outputs: what dvc.yaml says that the stage writes, files or folders: DVC fails without them.
    """
    if model.source == "ludwig":
        return False
    for output in outputs:
        if output.suffix:
            write_text(output, ELSEWHERE)
        else:
            with replaced_folder(output) as folder:
                write_text(folder / "elsewhere.txt", ELSEWHERE)
    print(f"nothing to do: the network is {model.file} (params.yaml model.source: {model.source})")
    return True
