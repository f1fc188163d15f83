"""What a machine or a device needs and no package of this system is: a kit, in a folder of its own.

`.machines/<kit>` is made by `setup/machines/<kit>.sh` (`make machines`), whole or not at all, and
anew when the scripts that make it change or a file of it is gone or of another size.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path

from pydantic import TypeAdapter

from ludus.core.errors import DataError
from ludus.core.files import read_json, replaced_folder, write_json
from ludus.process.tools import ROOT, run_tool

MACHINES = ROOT / ".machines"
BROUGHT = "brought.json"  # in a kit's folder, as Brought says


@dataclass(frozen=True, kw_only=True)
class Brought:
    """What a kit's folder holds."""

    made_by: str  # the digest of the scripts
    packages: dict[str, str]  # the version of each
    files: dict[str, int | None]  # the size of each in bytes; of a link, None


@dataclass(frozen=True, kw_only=True)
class Kit:
    """A kit by its name."""

    name: str
    command: str = "make machines"  # brings it
    iree: str = ""  # the version of IREE's programs in it, if it has some
    unstable: Sequence[str] = ()  # patterns of the files that its programs themselves change

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
        try:
            brought = self._brought()
        except DataError as error:
            return str(error)
        if brought.made_by != self._digest():
            return f"it was brought by older scripts than these; run `{self.command}`"
        return self._damage(brought)

    def words(self) -> str:
        """The packages in it and their versions."""
        return ", ".join(f"{name} {word}" for name, word in self._brought().packages.items())

    def bring(self) -> None:
        """Make it. Raises ToolError with the script's words, and then leaves what was there."""
        with replaced_folder(self.folder) as folder:
            said = run_tool([str(self._script), str(folder), self.iree], ROOT)
            packages = re.findall(r"^([a-z0-9][a-z0-9.+-]*) (\S+)$", said, re.MULTILINE)
            brought = Brought(
                made_by=self._digest(), packages=dict(packages), files=self._files(folder)
            )
            write_json(folder / BROUGHT, asdict(brought))

    @property
    def _script(self) -> Path:
        return ROOT / "setup" / "machines" / f"{self.name}.sh"

    def _files(self, folder: Path) -> dict[str, int | None]:
        """The size of each file in a folder, but for the unstable ones."""
        paths = [path / name for path, _, names in folder.walk() for name in names]
        sizes = {path.relative_to(folder).as_posix(): _size(path) for path in paths}
        return {
            name: size
            for name, size in sizes.items()
            if not any(fnmatch(name, pattern) for pattern in self.unstable)
        }

    def _damage(self, brought: Brought) -> str | None:
        """The first file that is gone or of another size, in words, or None.

        Of sizes alone, since it is asked at every build: 1,000 files take some milliseconds.
        """
        for name, expected in brought.files.items():
            try:
                found = _size(self.folder / name)
            except OSError:
                return f"{name} of its kit is missing; run `{self.command}`"
            if found != expected:
                what = f"{name} of its kit is {_words(found)}, expected {_words(expected)}"
                return f"{what}; run `{self.command}`"
        return None

    def _brought(self) -> Brought:
        kind = TypeAdapter(Brought)
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


def _size(path: Path) -> int | None:
    """Of a file in bytes; None for a link, which may lead to a file of the system's."""
    return None if path.is_symlink() else path.stat().st_size


def _words(size: int | None) -> str:
    return "a link" if size is None else f"{size} bytes"
