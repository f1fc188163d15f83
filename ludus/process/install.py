"""The one installer of environments and prebuilt dependencies in the checkout.

    python -m ludus.process.install NAME...    the environment .NAME, from requirements/NAME.txt

An environment is installed from a lock with hashes, a prebuilt dependency (prebuilt.py) by its
script. Each is installed whole or not at all: into a folder beside its own, which is renamed once
`installed.json` in it says what it was made from and which files it holds. It is installed again
when that changes, or when a file is missing or of another size.

It needs only the standard library, since it also runs before the environment of Ludus is there.
"""

import hashlib
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path

from ludus.core.errors import InstallError, LudusError, ToolError, UsageError, nearest
from ludus.core.files import replaced_folder, write_json
from ludus.process.tools import ROOT, run_tool

STAMP = "installed.json"  # in each installed folder, as Stamp says
REPORTED = 1.0  # seconds of waiting for another process
CACHES = ["*.pyc", "*/__pycache__/*"]  # Python itself writes them, when it runs


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """What an installed folder holds."""

    made_from: str  # the digest of the lock or of the scripts
    packages: dict[str, str]  # the version of each, where the script says it
    files: dict[str, int | None]  # the size of each in bytes; of a link, None


@dataclass(frozen=True, kw_only=True)
class Installation:
    """A folder that is, or would be, installed."""

    folder: Path
    digest: str  # of what it is made from now
    unstable: Sequence[str] = ()  # patterns of the files that its programs themselves change

    @property
    def name(self) -> str:
        """The path of its folder, such as .ray or .prebuilt/wine."""
        name = self.folder.name
        return name if name.startswith(".") else f"{self.folder.parent.name}/{name}"

    def why_not(self) -> str | None:
        """Why it is not installed, not up to date or damaged, or None."""
        if not (self.folder / STAMP).exists():
            return "it is not installed yet"
        stamp = self.stamp()
        if stamp is None:
            return f"{STAMP} of {self.name} cannot be read"
        if stamp.made_from != self.digest:
            return "it was installed from an older lock or script"
        return self._damage(stamp)

    def install(self, fill: Callable[[Path], dict[str, str]]) -> None:
        """Call fill to write it into an empty folder; fill returns the version of each package.

        One process at a time installs here; one that waited finds the folder installed. Raises
        InstallError for a ToolError of fill or a full disk, and the folder stays as it was.
        """
        try:
            self._install(fill)
        except ToolError as error:
            raise error.as_kind(InstallError, f"{self.name} cannot be installed: {error}") from None
        except OSError as error:
            raise InstallError(f"{self.name} cannot be installed: {error}") from None

    def _install(self, fill: Callable[[Path], dict[str, str]]) -> None:
        with _locked(self.folder.parent, self.name):
            reason = self.why_not()
            if reason is None:
                return
            if self.folder.exists():
                print(f"{self.folder} is installed again: {reason}", file=sys.stderr, flush=True)
            with replaced_folder(self.folder) as folder:
                packages = fill(folder)
                stamp = Stamp(made_from=self.digest, packages=packages, files=self.sizes(folder))
                write_json(folder / STAMP, asdict(stamp))

    def stamp(self) -> Stamp | None:
        """The folder's stamp, or None where it cannot be read."""
        try:
            return Stamp(**json.loads((self.folder / STAMP).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def sizes(self, folder: Path) -> dict[str, int | None]:
        """The size of each file in a folder, except the unstable ones."""
        paths = [path / name for path, _, names in folder.walk() for name in names]
        sizes = {path.relative_to(folder).as_posix(): _size(path) for path in paths}
        return {
            name: size
            for name, size in sizes.items()
            if not any(fnmatch(name, pattern) for pattern in self.unstable)
        }

    def _damage(self, stamp: Stamp) -> str | None:
        """The first file that is missing or of another size, as a message, or None.

        Only sizes are compared, since every build checks: 1,000 files take some milliseconds.
        """
        for name, expected in stamp.files.items():
            try:
                found = _size(self.folder / name)
            except OSError:
                return f"{name} of {self.name} is missing"
            if found != expected:
                return f"{name} of {self.name} is {_said(found)}, expected {_said(expected)}"
        return None


def environment(name: str, folder: Path) -> Installation:
    """The Python environment that requirements/NAME.txt locks, in a folder.

    Raises UsageError where there is no such lock.
    """
    lock = ROOT / "requirements" / f"{name}.txt"
    if not lock.is_file():
        known = {path.stem for path in lock.parent.glob("*.txt")}
        raise UsageError(f"there is no requirements/{lock.name}{nearest(name, known)}")
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    return Installation(folder=folder, digest=digest, unstable=CACHES)


def install_environment(name: str, folder: Path) -> None:
    """Install an environment if it is not installed. Raises UsageError and InstallError."""
    wanted = environment(name, folder)

    def fill(into: Path) -> dict[str, str]:
        uv = _uv()
        # Relocatable, since the folder is renamed, and a checkout may be moved.
        options = ["--quiet", "--clear", "--no-project", "--relocatable", "--python", "3.12"]
        run_tool([uv, "venv", *options, str(into)])
        sync = [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", str(into)]
        run_tool([*sync, str(ROOT / "requirements" / f"{name}.txt")])
        return {}

    if wanted.why_not() is not None:
        wanted.install(fill)


@contextmanager
def _locked(folder: Path, name: str) -> Iterator[None]:
    """One process at a time is in this block. The lock leaves no file and ends with its process.

    name: what this process installs; a longer wait is reported.
    """
    import fcntl  # of Unix: nothing is installed on Windows, where this module is imported

    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    message = f"{name} waits for another process, which installs in {folder}"
    waiting = threading.Timer(REPORTED, print, [message], {"file": sys.stderr, "flush": True})
    waiting.start()
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        finally:
            waiting.cancel()
        yield
    finally:
        os.close(descriptor)


def _uv() -> str:
    """The path of uv: the pipeline's environment has one, else setup/uv.sh finds or fetches it."""
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else run_tool([str(ROOT / "setup/uv.sh")], ROOT).strip()


def _size(path: Path) -> int | None:
    """A file's size in bytes; None for a link, which may lead to a file of the system."""
    return None if path.is_symlink() else path.stat().st_size


def _said(size: int | None) -> str:
    return "a link" if size is None else f"{size} bytes"


if __name__ == "__main__":
    try:
        for asked in sys.argv[1:]:
            install_environment(asked, ROOT / f".{asked}")
    except LudusError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
