"""Every error that Ludus shows to a user, one class for each kind of fault.

Each message says what is wrong and where, what was got and expected, and the next step.
`exit_code` is the command's: 1 where a check failed, 2 where the request itself was wrong.
"""

from collections.abc import Collection, Sequence
from difflib import SequenceMatcher
from typing import Self

# Exit codes of a program ended by SIGKILL or SIGTERM; shells and emulators report 128 + signal.
KILLED = {-9, -15, 128 + 9, 128 + 15}


class LudusError(Exception):
    """Base of all errors whose message is for the user; never raised itself."""

    exit_code = 1


class ProcessError(LudusError):
    """Base of errors caused by another program. Callers decide by the fields, not by the message.

    returncode: the program's, negative for a signal; None where it did not start, ran out of time
    or was not the cause. timed_out: whether it ran out of time. output: what it printed. command:
    runs it again.
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
        """Whether something outside ended the program, such as lack of memory or the user.

        SIGSEGV and SIGABRT do not count: the program caused them itself.
        """
        return self.returncode in KILLED

    def prefixed(self, place: str) -> Self:
        """The same error, with a message that begins with where it happened."""
        return self.as_kind(type(self), f"{place}: {self}")

    def as_kind[Kind: ProcessError](self, kind: type[Kind], message: str) -> Kind:
        """An error of another class and message with the same fields."""
        return kind(
            message,
            returncode=self.returncode,
            timed_out=self.timed_out,
            output=self.output,
            command=self.command,
        )


class ConfigError(LudusError):
    """params.yaml or config.yaml holds an invalid key or value."""

    exit_code = 2


class UsageError(LudusError):
    """A command was given a wrong argument, such as an unknown device."""

    exit_code = 2


class DataError(LudusError):
    """A data file is missing, truncated, corrupt or not what its checksum says."""


class DownloadError(LudusError):
    """No source of the data could be reached."""


class ExportError(LudusError):
    """An exported network does not give the answers of the trained one."""


class NetworkError(ProcessError):
    """A network that was made elsewhere cannot be imported; the message names the cause."""


class ToolError(ProcessError):
    """A tool (compiler, converter) failed; the message has its output and the command to paste."""


class InstallError(ProcessError):
    """An environment or a prebuilt dependency cannot be installed, or does not start."""


class ClusterError(LudusError):
    """A Ray cluster cannot be reached, lacks the resources that were asked for, or lost the run."""


class DeviceError(ProcessError):
    """This machine does not have or cannot use a device, or the process that used it ended."""


class ImageError(LudusError):
    """A file is no picture, or a picture shows nothing."""

    exit_code = 2


class BundleError(LudusError):
    """Base of all errors of invalid bundles."""


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
    """A checkout cannot be released as it is; the message says what has to be done first."""


def nearest(
    word: str, known: Collection[str], likely: Collection[str] = (), renamed: bool = False
) -> str:
    """A hint such as ", did you mean 'epochs'?" for the known name nearest to word.

    likely: known names that word may have been renamed to or from, such as rows that nothing names
    any more. renamed: several places have word, so it is no misspelling, and a likely name is
    preferred to a similar one. Where no name is near, the hint lists the known names.
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
