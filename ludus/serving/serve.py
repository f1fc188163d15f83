"""Bundles behind Triton until it is asked to end."""

import sys
import tempfile
from pathlib import Path

from ludus.bundle.reader import Bundle
from ludus.core.errors import ToolError, UsageError, nearest
from ludus.core.files import replaced_folder
from ludus.runtimes.devices import DEVICES
from ludus.serving import triton
from ludus.serving.repository import Options, write_repository


def check_device(device: str, bundles: list[Bundle]) -> None:
    """Raise UsageError for a name that is neither a device nor a variant of each bundle."""
    words = {"auto", *DEVICES}
    for each in bundles:
        targets = {variant.target for variant in each.manifest.variants}
        if device not in words | targets:
            raise UsageError(
                f"--device {device} is no device, and {each.folder} has no such variant"
                + nearest(device, words | targets)
            )


def write_to(bundles: list[Bundle], options: Options, folder: Path) -> None:
    """Write a model repository into a folder that is new or empty. Raises UsageError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"--write {folder} is there already; name a new folder, or an empty one")
    with replaced_folder(folder) as partial:
        write_repository(bundles, options, partial)


def serve(
    bundles: list[Bundle], options: Options, addresses: triton.Addresses, key: str | None
) -> None:
    """Serve until Ctrl-C or SIGTERM; prints what is served and where.

    Raises UsageError where it cannot listen, ToolError where Triton is missing or ends by itself.
    """
    addresses.check_free()
    with tempfile.TemporaryDirectory(prefix="ludus-serve-") as scratch:
        served = write_repository(bundles, options, Path(scratch))
        while True:
            with triton.started(Path(scratch), addresses, key) as running:
                for line in triton.lines(served, addresses):
                    print(line, flush=True)
                ended = running.wait()
            # A client can crash Triton 2.51; docs/how-to/serve.md lists how.
            if not running.died:
                break
            print(f"Triton died of signal {-ended}; it is started anew", file=sys.stderr)
    if ended != 0:
        raise ToolError(f"Triton ended with exit code {ended}; its lines above say why")
