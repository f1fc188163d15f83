"""Finds the Godot engine, makes projects with the addon in them, and runs them.

The engine ends with exit code 0 even after script errors and leaks, so `run` reads its log too.
"""

import itertools
import os
import platform
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from ludus.core.errors import ToolError
from ludus.process.tools import ROOT, end_tool, run_tool, start_tool

ADDON = ROOT / "godot" / "addons" / "ludus"
OWN_ENGINE = ROOT / ".godot-engine" / "godot"  # where `make addon` puts one
OLDEST = (4, 3)  # the interface that the library is built for
EXTENSION = "addons/ludus/ludus.gdextension"
AFTER_SCRIPT_ERROR = 2.0  # seconds; a broken script often no longer quits
LINES_SHOWN = 20  # of what an engine said that failed

# Lines that report a fault, whatever the exit code. Leaked RIDs are left out: the editor itself
# leaks some without a window, and objects that hold one are counted as objects.
SIGNS = re.compile(
    r"""
    ^(USER\ )?SCRIPT\ ERROR:
    | ^(USER\ )?ERROR:\ \[panic\b                   # of the extension's Rust
    | ^ERROR:.*(dynamic\ library|GDExtension)       # the library is missing, or not loaded
    | ^ERROR:.*\bextension:\ 'res://
    | ObjectDB\ instances\ (were\ )?leaked\ at\ exit
    | resources\ still\ in\ use\ at\ exit
    | ^Leaked\ instance:
    | ^handle_crash:
    """,
    re.MULTILINE | re.VERBOSE,
)
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
PROJECT = """\
config_version=5

[application]

config/name="ludus"
"""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A Godot engine that can be started."""

    program: Path
    version: str  # such as 4.6.3.stable

    @property
    def number(self) -> str:
        """The version's number, such as 4.6.3."""
        return ".".join(itertools.takewhile(str.isdecimal, self.version.split(".")))


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A finished run of the engine."""

    command: list[str]
    exit_code: int | None  # None: it ran past its time; negative: a signal ended it
    said: str  # standard output and error
    seconds: float

    @property
    def bad_lines(self) -> list[str]:
        """The lines of its log that report a fault."""
        return [line for line in self.said.splitlines() if SIGNS.search(line)]

    @property
    def faults(self) -> list[str]:
        """The faults of the run, one a line: its exit code, and lines of its log."""
        found = self.bad_lines
        if self.exit_code is None:
            found.insert(0, f"it had not ended after {self.seconds:.0f} s")
        elif self.exit_code < 0:
            found.insert(0, f"signal {-self.exit_code} ended it")
        elif self.exit_code > 0:
            found.insert(0, f"it ended with exit code {self.exit_code}")
        return found


def find_engine() -> Engine:
    """The engine that the variable GODOT names; without it, `godot` on PATH or in OWN_ENGINE.

    Raises ToolError with the reason for each that cannot be used, and the next step.
    """
    named = os.environ.get("GODOT")
    if named:
        return engine_at(Path(named))
    reasons = []
    for found in (shutil.which("godot"), OWN_ENGINE if OWN_ENGINE.exists() else None):
        try:
            if found is not None:
                return engine_at(Path(found))
        except ToolError as error:
            reasons.append(f"; {error}")
    raise ToolError(
        f"there is no Godot {_dotted(OLDEST)} or newer{''.join(reasons)}; `make addon` installs "
        "one, or GODOT=/path/to/godot names one"
    )


@cache
def engine_at(program: Path) -> Engine:
    """The engine at a path. Raises ToolError where it is no Godot, or too old."""
    ended_well = True
    try:
        said = run_tool([str(program), "--version"], seconds=60)
    except ToolError as error:
        if error.returncode is None:
            raise ToolError(f"{program} cannot be started as Godot: {error}") from None
        ended_well, said = False, error.output
    version = said.strip().rpartition("\n")[2]
    numbers = re.match(r"(\d+)\.(\d+)\.", f"{version}.")
    if not ended_well or numbers is None:
        raise ToolError(f"{program} is no Godot: --version says '{version}'")
    if (int(numbers[1]), int(numbers[2])) < OLDEST:
        raise ToolError(f"{program} is Godot {version}, expected {_dotted(OLDEST)} or newer")
    return Engine(program=program, version=version)


def library(kind: str = "debug") -> Path:
    """The path of the addon's library for this machine, built or not; editors load `debug`."""
    system = {"Darwin": "macos"}.get(platform.system(), platform.system().lower())
    suffix = {"windows": "dll", "macos": "dylib"}.get(system, "so")
    return ADDON / "bin" / f"libludus.{system}.template_{kind}.{architecture()}.{suffix}"


def architecture() -> str:
    """This machine's architecture as Godot names it: x86_64 or arm64."""
    machine = platform.machine().lower()
    return {"amd64": "x86_64", "aarch64": "arm64"}.get(machine, machine)


def why_not() -> str | None:
    """Why the addon cannot be run on this machine, and what would help, or None."""
    return why_no_engine() or why_no_library()


def why_no_engine() -> str | None:
    """Why there is no engine, or None."""
    try:
        find_engine()
    except ToolError as error:
        return str(error)
    return None


def why_no_library() -> str | None:
    """Why there is no addon for this machine, or None."""
    if library().exists():
        return None
    name = library().name
    return f"the addon is not built ({name} is not in godot/addons/ludus/bin); run `make addon`"


def make_project(folder: Path, files: Mapping[str, Path], settings: str = "") -> Path:
    """Make a project with the addon in folder, which must not exist yet. Returns folder.

    files: what else it holds, files or folders: the place in the project, such as
    "models/digits", and what is copied there. settings: more lines of project.godot.
    """
    folder.mkdir(parents=True)
    (folder / "project.godot").write_text(f"{PROJECT}\n{settings}", encoding="utf-8")
    for place, source in {"addons/ludus": ADDON, **files}.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, path)
        else:
            shutil.copyfile(source, path)
    register_extension(folder)
    return folder


def register_extension(project: Path) -> None:
    """Register the addon's library with the engine, as the editor does when it first sees it.

    Without this, Godot 4.6's first `--import` finds the library itself and crashes in its own
    code (godot#111048), and a project that was never imported is run without it.
    """
    path = project / ".godot" / "extension_list.cfg"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"res://{EXTENSION}\n", encoding="utf-8")


def run(project: Path, *arguments: str, timeout: float = 120, headless: bool = True) -> str:
    """Run the engine on the project in a folder; returns what it printed.

    Raises ToolError with its output where it fails or its log reports a fault.
    """
    ended = start(project, *arguments, timeout=timeout, headless=headless)
    error = failure(ended)
    if error is not None:
        raise error
    return ended.said


def failure(ended: Ended) -> ToolError | None:
    """The error of a run that had faults, or None."""
    if not ended.faults:
        return None
    return ToolError(
        explain(ended),
        returncode=ended.exit_code,
        timed_out=ended.exit_code is None,
        output=ended.said,
        command=ended.command,
    )


def start(project: Path, *arguments: str, timeout: float = 120, headless: bool = True) -> Ended:
    """Run the engine until it ends, or timeout seconds pass; returns the run, whatever its faults.

    A script error ends it too, after some seconds. user:// and the editor's settings are in the
    project's .godot. Raises ToolError where there is no engine.
    """
    command = [str(find_engine().program), "--path", str(project), *arguments]
    if headless:
        command.insert(1, "--headless")
    home = (project / ".godot" / "home").resolve()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ludus-log-") as scratch:
        log = Path(scratch) / "log"
        # Opened twice: with one file object, reading would move the place where the engine writes.
        with log.open("wb") as written, log.open("rb") as read:
            engine = start_tool(
                command,
                stdout=written,
                stderr=written,
                env=os.environ
                | {"XDG_DATA_HOME": f"{home}/data", "XDG_CONFIG_HOME": f"{home}/config"},
            )
            try:
                exit_code = _wait(engine, read, began + timeout)
            finally:
                end_tool(engine)
        said = COLOURS.sub("", log.read_text(encoding="utf-8", errors="replace"))
    return Ended(command=command, exit_code=exit_code, said=said, seconds=time.monotonic() - began)


def explain(ended: Ended) -> str:
    """The faults of a run, the end of the engine's output, and the command to paste."""
    lines = ended.said.strip().splitlines()[-LINES_SHOWN:] or ["(nothing)"]
    said = "\n".join(f"  {line[:400]}" for line in lines)
    faults = "; ".join(dict.fromkeys(ended.faults))
    return f"Godot: {faults}; it said:\n{said}\nto run it again:\n  {shlex.join(ended.command)}"


def _wait(engine: "subprocess.Popen[bytes]", log: IO[bytes], deadline: float) -> int | None:
    """The exit code, or None at the deadline; a script error moves the deadline closer."""
    while True:
        try:
            return engine.wait(0.1)
        except subprocess.TimeoutExpired:
            # A line that is cut in two here is still read by `faults`.
            if b"SCRIPT ERROR:" in log.read():
                deadline = min(deadline, time.monotonic() + AFTER_SCRIPT_ERROR)
            if time.monotonic() > deadline:
                return None


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
