"""The projects of the demo and of the dedicated server, and a server that runs."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ludus.process import godot
from support.paths import ROOT

DEMO = ROOT / "godot" / "demo"
SERVER = ROOT / "godot" / "examples" / "server"


_COPIED_IN = ("addons", "models", ".godot")


def copy_demo(
    folder: Path, *, addon: bool = True, shared: bool = True, bundle: Path | None
) -> Path:
    """The demo as `make demo` puts it together. Returns folder."""
    shutil.copytree(DEMO, folder, ignore=shutil.ignore_patterns("shared", *_COPIED_IN))
    if shared:
        shutil.copytree(SERVER / "shared", folder / "shared")
    return _equip(folder, addon, bundle)


def copy_server(folder: Path, *, addon: bool = True, bundle: Path | None) -> Path:
    """The server's project as `make demo-server` puts it together. Returns folder."""
    shutil.copytree(SERVER, folder, ignore=shutil.ignore_patterns(*_COPIED_IN))
    return _equip(folder, addon, bundle)


def _equip(folder: Path, addon: bool, bundle: Path | None) -> Path:
    (folder / ".godot").mkdir()
    if addon:
        shutil.copytree(godot.ADDON, folder / "addons" / "ludus")
        godot.register_extension(folder)
    if bundle:
        shutil.copytree(bundle, folder / "models" / "digits")
    return folder


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that runs."""

    process: "subprocess.Popen[bytes]"
    log: Path
    port: int


@contextmanager
def started(project: Path, log: Path) -> Iterator[Server]:
    """A server on a free port of this machine; at the end it must still run, and have no fault."""
    engine = godot.find_engine().program
    command = [engine, "--headless", "--path", project, "--", "--port", "0"]
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            yield Server(process=process, log=log, port=_port_in(log, process))
            assert process.poll() is None, f"the server ended: {log.read_text()}"
            assert not godot.SIGNS.search(log.read_text()), log.read_text()
        finally:
            process.kill()


def _port_in(log: Path, process: "subprocess.Popen[bytes]") -> int:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"listening on 127\.0\.0\.1:(\d+)", log.read_text())
        if found:
            return int(found[1])
        time.sleep(0.05)
    raise AssertionError(f"the server does not listen: {log.read_text()}")
