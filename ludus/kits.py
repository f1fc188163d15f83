"""What a machine or a device needs and no package of this system is: a kit, in a folder of its own.

`.machines/<kit>` is made by `setup/machines/<kit>.sh` (`make machines`), whole or not at all, and
anew when the scripts that make it change.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from ludus.files import read_json, replaced_folder, write_json
from ludus.toolchain import ROOT, run_tool

MACHINES = ROOT / ".machines"
BROUGHT = "brought.json"  # in a kit's folder: what is in it, and the digest of what made it
MADE_BY = "made by"


@dataclass(frozen=True, kw_only=True)
class Kit:
    """A kit by its name."""

    name: str
    command: str = "make machines"  # brings it
    iree: str = ""  # the version of IREE's programs in it, if it has some

    @property
    def folder(self) -> Path:
        """Where it is, or would be."""
        return MACHINES / self.name

    def why_not(self) -> str | None:
        """Why it is not here, and what brings it, or None."""
        if not self._script.exists():
            return "only in a checkout of Ludus can it be brought"
        if not (self.folder / BROUGHT).exists():
            return f"it is not brought yet; run `{self.command}`"
        if self._brought().get(MADE_BY) != self._digest():
            return f"it was brought by older scripts than these; run `{self.command}`"
        return None

    def words(self) -> str:
        """The packages in it and their versions."""
        packages = [f"{name} {word}" for name, word in self._brought().items() if name != MADE_BY]
        return ", ".join(packages)

    def bring(self) -> None:
        """Make it. Raises ToolError with the script's words, and then leaves what was there."""
        with replaced_folder(self.folder) as folder:
            said = run_tool([str(self._script), str(folder), self.iree], ROOT)
            packages = re.findall(r"^([a-z0-9][a-z0-9.+-]*) (\S+)$", said, re.MULTILINE)
            write_json(folder / BROUGHT, {MADE_BY: self._digest(), **dict(packages)})

    @property
    def _script(self) -> Path:
        return ROOT / "setup" / "machines" / f"{self.name}.sh"

    def _brought(self) -> dict[str, str]:
        kind = TypeAdapter(dict[str, str])
        path = self.folder / BROUGHT
        return read_json(kind, path, "list of what was brought", f"run `{self.command}`")

    def _digest(self) -> str:
        """sha256 of its script, of those that the script names, and of IREE's version."""
        script = self._script.read_bytes()
        together = hashlib.sha256(self.iree.encode() + script)
        for path in sorted(self._script.parent.iterdir()):
            if path.name.encode() in script:
                together.update(path.read_bytes())
        return together.hexdigest()
