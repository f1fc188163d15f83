"""What a stage without work does where the network was made elsewhere."""

from pathlib import Path

from ludus.config.params import Model
from ludus.core.files import replaced_folder, write_text

# One text for every such network, so that another network reruns only the stages that read it.
ELSEWHERE = (
    "Nothing is made here: the network was made elsewhere (docs/tutorials/own-network.md).\n"
)


def made_elsewhere(model: Model, *outputs: Path) -> bool:
    """Whether the network was made elsewhere; if so, print it and write a note as each output.

    outputs: the files or folders that dvc.yaml lists for the stage; DVC fails without them.
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
