"""Prebuilt dependencies of executors and devices, which no Python package provides.

`.prebuilt/<name>` is installed by `setup/prebuilt/<name>.sh` (`make prebuilt`), and again when the
scripts that make it change (install.py).
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ludus.process.install import Installation
from ludus.process.tools import ROOT, run_tool

PREBUILT = ROOT / ".prebuilt"


@dataclass(frozen=True, kw_only=True)
class Prebuilt:
    """A prebuilt dependency."""

    name: str
    command: str = "make prebuilt"  # installs it
    iree: str = ""  # the version of IREE's programs in it, if it has some
    unstable: Sequence[str] = ()  # patterns of the files that its programs themselves change

    @property
    def folder(self) -> Path:
        """Its folder, installed or not."""
        return PREBUILT / self.name

    def why_not(self) -> str | None:
        """Why it is not installed, and the command that installs it, or None."""
        if not self._script.exists():
            return "only in a checkout of Ludus can it be installed"
        reason = self._installation().why_not()
        return reason and f"{reason}; run `{self.command}`"

    def description(self) -> str:
        """The packages in it and their versions."""
        stamp = self._installation().stamp()
        packages = stamp.packages if stamp else {}
        return ", ".join(f"{name} {version}" for name, version in packages.items())

    def install(self) -> None:
        """Install it. Raises InstallError, and the installed folder stays as it was."""

        def fill(folder: Path) -> dict[str, str]:
            printed = run_tool([str(self._script), str(folder), self.iree], ROOT)
            return dict(re.findall(r"^([a-z0-9][a-z0-9.+-]*) (\S+)$", printed, re.MULTILINE))

        self._installation().install(fill)

    def _installation(self) -> Installation:
        return Installation(folder=self.folder, digest=self._digest(), unstable=self.unstable)

    @property
    def _script(self) -> Path:
        return ROOT / "setup" / "prebuilt" / f"{self.name}.sh"

    def _digest(self) -> str:
        """sha256 of its script, of those that the script names, and of IREE's version."""
        script = self._script.read_bytes()
        together = hashlib.sha256(self.iree.encode() + script)
        for path in sorted(self._script.parent.iterdir()):
            if path.name.encode() in script:
                together.update(path.read_bytes())
        return together.hexdigest()
