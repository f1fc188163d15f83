"""Every error that Ludus tells a person, one class a way to be wrong.

The message of each says what is wrong, where, what was got, what was expected and the next step.
`exit_code` is what a command ends with: 1 where the thing asked for falls short, 2 where it
cannot be asked so.
"""

from collections.abc import Collection, Sequence
from difflib import SequenceMatcher
from typing import Self

# How a program ends that SIGKILL or SIGTERM ended; a shell and an emulator say 128 more.
KILLED = {-9, -15, 128 + 9, 128 + 15}


class LudusError(Exception):
    """Base of all errors whose message is meant for a person; never raised itself."""

    exit_code = 1


class ProcessError(LudusError):
    """Base of what another program's end may cause; what is decided of it is decided by the fields.

    returncode: what the program ended with, negative for a signal; None where it did not start, was
    ended for its time, or was not to blame. timed_out: it had not ended in its time. output: what
    it printed. command: what runs it again.
    """

    def __init__(
        self,
        message: str,
        *,
        returncode: int | None = None,
        timed_out: bool = False,
        output: str = "",
        command: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.returncode = returncode
        self.timed_out = timed_out
        self.output = output
        self.command = command

    @property
    def killed(self) -> bool:
        """Whether something outside ended the program: too little memory, a person.

        What a program does to itself, by SIGSEGV or SIGABRT, is no such end.
        """
        return self.returncode in KILLED

    def prefixed(self, place: str) -> Self:
        """The same error, with a message that begins with where it happened."""
        return self.as_kind(type(self), f"{place}: {self}")

    def as_kind[Kind: ProcessError](self, kind: type[Kind], message: str) -> Kind:
        """An error of another kind and message that knows as much of the program."""
        return kind(
            message,
            returncode=self.returncode,
            timed_out=self.timed_out,
            output=self.output,
            command=self.command,
        )


class ConfigError(LudusError):
    """params.yaml or config.yaml holds something that cannot be meant."""

    exit_code = 2


class UsageError(LudusError):
    """A command was asked for something that does not exist, such as an unknown device."""

    exit_code = 2


class DataError(LudusError):
    """A data file is missing, truncated, corrupt or not what its checksum says."""


class DownloadError(LudusError):
    """No source of the data could be reached."""


class ExportError(LudusError):
    """An exported network does not give the answers of the trained one."""


class NetworkError(ProcessError):
    """A network that was made elsewhere cannot be taken; the message names what of it."""


class ToolError(ProcessError):
    """A tool (compiler, converter) failed; the message has its output and the command to paste."""


class ClusterError(LudusError):
    """A Ray cluster cannot be reached, has no place for what is asked, or lost the run."""


class DeviceError(ProcessError):
    """A device that this machine does not have or cannot use, or whose process ended."""


class ImageError(LudusError):
    """A file is no picture, or a picture shows nothing."""

    exit_code = 2


class BundleError(LudusError):
    """Base of all ways in which a bundle can be bad."""


class ManifestError(BundleError):
    """manifest.json is missing, no JSON, or not of the schema."""


class SchemaVersionError(ManifestError):
    """manifest.json has a schema version that this program does not know."""


class MissingFileError(BundleError):
    """A file that the manifest names is not in the bundle."""


class ExtraFileError(BundleError):
    """The bundle holds a file that the manifest does not name."""


class FileSizeError(BundleError):
    """A file is longer or shorter than the manifest says."""


class ChecksumError(BundleError):
    """A file's bytes are not those whose sha256 the manifest holds."""


class RuntimeVersionError(BundleError):
    """A module needs another version of the IREE runtime than the one installed."""


class GoldenError(BundleError):
    """A variant does not give the golden answers."""


class GateError(LudusError):
    """A required evaluation is outside a threshold or was not run."""


class ReleaseError(LudusError):
    """A checkout is not to be released as it is; the message says what has to be done first."""


def nearest(
    word: str, known: Collection[str], likely: Collection[str] = (), renamed: bool = False
) -> str:
    """A hint such as ", did you mean 'epochs'?" for the known name nearest to word.

    likely: those of the known that may be word by another name, such as rows that nothing names
    any more. renamed: word is no misspelling, since several places have it; one of the likely is
    told before a name that looks like it. Where nothing is near, the hint lists
    the known names.
    """
    if not (close := _close(word, known, likely, renamed)):
        return f"; known: {', '.join(sorted(known))}"
    return f", did you mean '{close}'?"


def _close(word: str, known: Collection[str], likely: Collection[str], renamed: bool) -> str | None:
    def rank(name: str) -> tuple[bool, bool, float]:
        ratio = SequenceMatcher(None, word, name).ratio()
        misspelt = not renamed and ratio >= 0.75 and abs(len(word) - len(name)) <= 1
        return misspelt, name in likely, ratio

    near = [
        name
        for name in sorted(known)
        if SequenceMatcher(None, word, name).ratio() >= 0.5 or name.startswith(word)
    ]
    best = max(near, key=rank, default=None)
    if len(likely) == 1 and (best is None or not rank(best)[0]):
        return next(iter(likely))
    return best
