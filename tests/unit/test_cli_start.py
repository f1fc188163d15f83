"""How `ludus` starts: what it imports, on any system, and what each command is described as."""

import inspect
import json
import os
import socket
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from ludus.cli.app import COMMANDS
from support.paths import ROOT

GOOD = ROOT / "tests" / "golden" / "bundle"
# Python as on Windows, as far as modules go: what is Unix's alone cannot be imported.
WITHOUT_UNIX = """
import os, signal, sys
for name in ("resource", "fcntl", "pwd", "grp", "termios"):
    sys.modules[name] = None
for name in ("sched_getaffinity", "setsid", "killpg", "getuid", "geteuid", "fork"):
    delattr(os, name)
for name in ("SIGKILL", "SIGHUP"):
    delattr(signal, name)
"""
MAIN = "from ludus.cli.app import main; main()"


def python(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "80"},
    )


def test_it_runs_where_nothing_of_unix_is() -> None:
    calls = [["--help"], *([name, "--help"] for name in COMMANDS)]
    calls += [["inspect", str(GOOD)], ["verify", str(GOOD)]]
    program = (
        f"{WITHOUT_UNIX}\nfrom ludus.cli.app import main\n"
        f"for call in {calls}:\n"
        "    sys.argv = ['ludus', *call]\n"
        "    try: main()\n"
        "    except SystemExit as ended: print('ended with', ended.code or 0)\n"
    )
    ended = python(program)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.count("ended with 0") == len(calls)
    assert ended.stdout.count("Usage: ludus") == 1 + len(COMMANDS)


def test_without_unix_serve_says_that_triton_is_missing() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ("serve", GOOD, "--http", port, "--grpc", 0, "--metrics", 0)
    ended = python(f"{WITHOUT_UNIX}\nos.environ['TRITON_SERVER'] = 'no-such'\n{MAIN}", *arguments)
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: TRITON_SERVER names no-such, which is not there")


def test_the_help_imports_no_command_and_nothing_that_takes_long() -> None:
    program = (
        "import atexit, json, sys\n"
        "atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))\n" + MAIN
    )
    ended = python(program, "--help")
    imported = set(json.loads(ended.stderr))
    ours = {name for name in imported if name.startswith("ludus")}
    assert ours == {"ludus", "ludus.cli", "ludus.cli.app", "ludus.core", "ludus.core.errors"}
    assert imported.isdisjoint({"rich", "numpy", "pydantic", "yaml", "PIL", "iree", "click"})


def test_the_help_has_each_command_with_its_whole_description() -> None:
    said = " ".join(python(MAIN, "--help").stdout.split())
    for name, line in COMMANDS.items():
        assert f"{name} {line}" in said


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_of_commands_says_what_each_command_says(name: str) -> None:
    function = getattr(import_module(f"ludus.cli.{name}"), name)
    assert inspect.getdoc(function).splitlines()[0] == COMMANDS[name]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "ludus" / "cli").glob("*.py")), ids=lambda p: p.stem
)
def test_a_command_is_a_short_file(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 125
