"""Installs the environment that has Ray, `.ray`, and continues the running command in it."""

import os
import sys
from pathlib import Path

from ludus.process.install import install_environment
from ludus.process.tools import ROOT

RAY = ROOT / ".ray"


def enter() -> None:
    """Start this command again, in this process, with the Python of the environment that has Ray.

    Returns where it runs there already. Raises InstallError where it cannot be installed.
    """
    if Path(sys.prefix).resolve() == RAY.resolve():
        return
    install_environment("ray", RAY)
    sys.stdout.flush()
    sys.stderr.flush()
    python = str(RAY / "bin" / "python")
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(ROOT)}
    # Not all of orig_argv: its first word is the Python of another environment.
    os.execve(python, [python, *sys.orig_argv[1:]], os.environ | quiet | _authentication())


def _authentication() -> dict[str, str]:
    """Show the token that this user has, as the commands of Ray do.

    Ray 2.60 shows none to a cluster that is given by its address, and a cluster that was started
    where there is a token lets nobody in without it.
    """
    named = {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & os.environ.keys()
    has_token = named or (Path.home() / ".ray" / "auth_token").is_file()
    return {"RAY_AUTH_MODE": "token"} if has_token and "RAY_AUTH_MODE" not in os.environ else {}
