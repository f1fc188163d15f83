"""The one way to run another program: within a time limit, and nothing of it is left behind.

`run_tool` runs one to its end. `start_tool` starts one that lives longer; whoever does so limits
its time, and ends it by `end_tool`. Python code goes into a process of its own by isolated.py.
"""

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from ludus.core.errors import ToolError

ROOT = Path(__file__).parents[2]  # of the checkout
LINES_SHOWN = 20  # of what a failed tool said
TIME_LIMIT = 3600.0  # seconds; over a slow line an installation takes many minutes


def run_tool(
    command: list[str],
    folder: Path | None = None,
    paste: list[str] | None = None,
    seconds: float = TIME_LIMIT,
) -> str:
    """Run a tool in a folder, for so many seconds at most; returns what it printed.

    Raises ToolError with its output and the command to run it again: `paste`, where the files of
    the command itself will be gone by then.
    """
    name, again = Path(command[0]).name, paste or command
    process = start_tool(command, folder=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    with process:
        try:
            printed = process.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired as error:
            end_tool(process)
            raise ToolError(
                f"{name} had not ended after {seconds:g} s\n"
                f"to run it again:\n  {shlex.join(again)}",
                timed_out=True,
                output=_text(error.output or b""),
                command=again,
            ) from None
        except BaseException:
            end_tool(process)
            raise
    output = _text(printed)
    if process.returncode != 0:
        lines = output.strip().splitlines() or ["(nothing)"]
        said = "\n".join(f"  {line[:400]}" for line in lines[:LINES_SHOWN])
        raise ToolError(
            f"{name} ended with exit code {process.returncode} and said:\n{said}\n"
            f"to run it again:\n  {shlex.join(again)}",
            returncode=process.returncode,
            output=output,
            command=again,
        )
    return output


def start_tool(
    command: list[str],
    *,
    folder: Path | None = None,
    stdin: int = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
    env: Mapping[str, str] | None = None,
    new_session: bool = False,
) -> "subprocess.Popen[bytes]":
    """Start a program; None: a stream of ours. Raises ToolError where it cannot be started."""
    try:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=env,
            start_new_session=new_session,
        )
    except OSError as error:
        raise ToolError(
            f"{command[0]} cannot be started: {error.strerror}", command=command
        ) from None


def end_tool(process: "subprocess.Popen[bytes]") -> None:
    """Kill a program that was started, and where the system tells, what it started; if they run."""
    if process.poll() is None:
        for pid in list(_with_descendants(process.pid)):
            with suppress(OSError):
                os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait()


def _with_descendants(pid: int) -> Iterator[int]:
    """A process and all that it started and that still runs, as far as Linux tells."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in children.read_text().split():
                yield from _with_descendants(int(child))


def _text(printed: bytes) -> str:
    """UTF-8 with the ends of lines of any system."""
    return printed.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")
