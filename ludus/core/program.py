"""Arguments, error messages and exit codes of the stages and other `python -m` programs."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from ludus.core.errors import LudusError


def arguments_of(description: str, **paths: str) -> argparse.ArgumentParser:
    """A parser with an option for each path that is read or written; paths: names and defaults.

    description: the module's docstring, which `--help` prints as it is.
    """
    spec = sys.modules["__main__"].__spec__  # argparse itself names only the file, up to 3.13
    name = f"python -m {spec.name.removesuffix('.__main__')}" if spec else None
    parser = argparse.ArgumentParser(
        prog=name, description=description, formatter_class=argparse.RawTextHelpFormatter
    )
    for path, default in paths.items():
        parser.add_argument(
            f"--{path}", type=Path, default=Path(default), help=f"default: {default}"
        )
    return parser


def run_stage(main: Callable[[], None]) -> None:
    """Call main; a LudusError or a full disk becomes one message and an exit code.

    Any other exception is a bug and keeps its traceback.
    """
    try:
        main()
    except LudusError as error:
        sys.exit(_report(str(error), error.exit_code))
    except KeyboardInterrupt:
        sys.exit(_report("interrupted; nothing half-written was left behind", 130))
    except OSError as error:
        if error.filename is None and error.errno is None:
            raise
        sys.exit(_report(f"{error.filename or 'writing'}: {error.strerror}", 1))


def _report(message: str, exit_code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return exit_code
