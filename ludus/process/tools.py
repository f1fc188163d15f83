"""Running other programs."""

import shlex
import subprocess
from pathlib import Path

from ludus.core.errors import ToolError

ROOT = Path(__file__).parents[2]  # of the checkout
LINES_SHOWN = 20  # of what a failed tool said


def run_tool(
    command: list[str],
    folder: Path | None = None,
    paste: list[str] | None = None,
    seconds: float | None = None,
) -> str:
    """Run a tool in a folder, for so many seconds at most; returns what it printed.

    Raises ToolError with its words and the command to run it again: `paste`, where the files of
    the command itself will be gone by then.
    """
    try:
        ended = subprocess.run(
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=seconds,
        )
    except OSError as error:
        raise ToolError(f"{command[0]} cannot be started: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise ToolError(
            f"{Path(command[0]).name} had not ended after {seconds:g} s\n"
            f"to run it again:\n  {shlex.join(paste or command)}"
        ) from None
    if ended.returncode != 0:
        lines = ended.stdout.strip().splitlines() or ["(nothing)"]
        said = "\n".join(f"  {line[:400]}" for line in lines[:LINES_SHOWN])
        raise ToolError(
            f"{Path(command[0]).name} ended with exit code {ended.returncode} and said:\n{said}\n"
            f"to run it again:\n  {shlex.join(paste or command)}"
        )
    return ended.stdout
