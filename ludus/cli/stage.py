"""How a stage starts and how it ends when it cannot do its work."""

import sys
from collections.abc import Callable
from pathlib import Path

from ludus.config.params import Model
from ludus.core.errors import LudusError
from ludus.core.files import replaced_folder, write_text

# The same for every such network, so that another one reruns nothing that it is not made from.
ELSEWHERE = (
    "Nothing is made here: the network was made elsewhere (docs/tutorials/own-network.md).\n"
)


def run_stage(main: Callable[[], None]) -> None:
    """Call main; an error meant for a person, or a full disk, becomes one message and an exit code.

    Anything else is a bug and keeps its traceback.
    """
    try:
        main()
    except LudusError as error:
        sys.exit(_say(str(error), error.exit_code))
    except KeyboardInterrupt:
        sys.exit(_say("interrupted; nothing half-written was left behind", 130))
    except OSError as error:
        if error.filename is None and error.errno is None:
            raise
        sys.exit(_say(f"{error.filename or 'writing'}: {error.strerror}", 1))


def gives_way(model: Model, *places: Path) -> bool:
    """Whether a stage has no work, since the network was made elsewhere; it says so.

    places: what dvc.yaml says that it writes, files or folders: DVC wants them there.
    """
    if model.source == "ludwig":
        return False
    for place in places:
        if place.suffix:
            write_text(place, ELSEWHERE)
        else:
            with replaced_folder(place) as folder:
                write_text(folder / "elsewhere.txt", ELSEWHERE)
    print(f"nothing to do: the network is {model.file} (params.yaml model.source: {model.source})")
    return True


def _say(message: str, exit_code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return exit_code
