"""Look at a bundle, verify it, time it, give it pictures, and see what a machine can run: `ludus`.

Exit codes: 0; 1 where a check fails; 2 for a wrong request.

Each command is a file of this package, imported when it is called: `ludus --help` imports none.
"""

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from ludus.core.errors import LudusError, nearest

# The first line of each command's description, which its file has too: a test holds them equal.
COMMANDS = {
    "doctor": "Show what this machine can run: each device computes something first.",
    "inspect": "Show a bundle's inputs, outputs, labels, variants and what was proved of each.",
    "verify": "Check every file of a bundle, and its golden answers on each device that is here.",
    "predict": "Run the network on pictures of any size and colour, dark or light.",
    "evaluate": "Run the test inputs through a bundle; write a result that attests a build made "
    "elsewhere.",
    "bench": "Measure how fast each variant runs here, side by side with the other runners.",
    "tune": "Search for a faster row of params.yaml for a target on this machine, and write it "
    "there.",
    "serve": "Serve bundles over HTTP and gRPC, by NVIDIA's Triton; see docs/how-to/serve.md.",
    "pack": "Pack a bundle into a zip with a checksum beside it, for builds without Git.",
}
# Typer's help in plain text: in boxes and colours it takes half a second more, to import rich.
PLAIN = {"add_completion": False, "rich_markup_mode": None, "pretty_exceptions_enable": False}


class Commands(TyperGroup):
    """The commands by their names, each imported when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            ctx.fail(f"no command '{cmd_name}'{nearest(cmd_name, set(COMMANDS))}")
        function = getattr(import_module(f"ludus.cli.{cmd_name}"), cmd_name)
        command = typer.Typer(**PLAIN)  # type: ignore[arg-type]
        command.command(cmd_name)(function)
        return typer.main.get_command(command)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Each with its whole line, which Typer would cut at the terminal's width."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


app = typer.Typer(cls=Commands, no_args_is_help=True, **PLAIN)  # type: ignore[arg-type]
app.callback(help=f"{(__doc__ or '').partition(':')[0]}.")(lambda: None)


def main() -> None:
    """The command's entry point: an error meant for a person is one message and an exit code."""
    try:
        app()
    except LudusError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        print(f"error: {error.filename or 'writing'}: {error.strerror}", file=sys.stderr)
        sys.exit(1)
