"""Triton itself: where it and the backend are, its command line, and its life.

The server is the one in `.triton`, which `make triton` installs, or the program that TRITON_SERVER
names. Triton is started on a model repository and ends with this process.
"""

import os
import secrets
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from ludus.core.errors import ToolError, UsageError
from ludus.process.tools import ROOT, end_tool, start_tool
from ludus.serving.repository import Served

OWN = ROOT / ".triton"
BACKENDS = OWN / "backends"
LIBRARY = Path("ludus") / "libtriton_ludus.so"  # in that folder
WITHIN_WHEEL = "lib/python3.12/site-packages/pytriton/tritonserver/bin/tritonserver"
KEY_HEADER = "ludus-key"
# Calls that change the server, or read and write its memory, need the key.
RESTRICTED = ["model-repository", "shared-memory", "trace", "logging"]
# Seconds: for the calls that run when Triton is asked to end, and for us to end it otherwise.
DRAINING, PATIENCE = 10, 15
READY = 600.0  # seconds in which every model has to be loaded
# Bytes, of each thread of Triton: its HTTP library copies a body onto the stack if a client says
# that it is a form, as curl and urllib do by default; with the usual 8 MB Triton would end.
STACK = 256 << 20
LINES_SHOWN = 20  # of what it said, where it ended by itself


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where Triton listens; a port of 0 leaves a protocol out."""

    host: str = "127.0.0.1"
    http: int = 8000
    grpc: int = 8001
    metrics: int = 8002

    def __post_init__(self) -> None:
        ports = [port for port in (self.http, self.grpc, self.metrics) if port]
        if len({*ports}) != len(ports):
            raise UsageError(f"one port is given twice: {', '.join(map(str, ports))}")
        if not self.http:
            raise UsageError("--http is 0; HTTP is how it is found out that Triton is ready")

    def check_free(self) -> None:
        """Raise UsageError where the host has no address here, or somebody listens at a port."""
        for name in ("http", "grpc", "metrics"):
            port = getattr(self, name)
            if not port:
                continue
            try:
                places = socket.getaddrinfo(self.host, port, type=socket.SOCK_STREAM)
                family, kind, _, _, address = places[0]
                with socket.socket(family, kind) as tried:
                    tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    tried.bind(address)
            except OSError as error:
                raise UsageError(
                    f"--{name} {port}: nobody can listen there on {self.host}: {error.strerror}; "
                    "give another port, or another --host"
                ) from None

    @property
    def local(self) -> bool:
        """Whether only this machine reaches it."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")


def find_server() -> Path:
    """The program. Raises ToolError that says what installs it."""
    named = os.environ.get("TRITON_SERVER")
    server = Path(named) if named else OWN / WITHIN_WHEEL
    if not server.is_file():
        which = f"TRITON_SERVER names {server}, which is not there" if named else "no Triton here"
        raise ToolError(
            f"{which}; `make triton` installs one, TRITON_SERVER=FILE names one, and --write "
            "FOLDER makes a model repository for the container"
        )
    return server


def find_backends() -> Path:
    """The folder of the backend. Raises ToolError that says what builds it."""
    folder = Path(os.environ.get("LUDUS_TRITON_BACKENDS") or BACKENDS)
    library = folder / LIBRARY
    if not library.is_file():
        # Results hold it, and they must be the same in whatever folder they are made.
        place = library.relative_to(ROOT) if library.is_relative_to(ROOT) else library
        raise ToolError(
            f"no backend: {place} is not there; `make triton` builds it, LUDUS_TRITON_BACKENDS="
            f"FOLDER names the folder that has {LIBRARY}"
        )
    return folder


def arguments(addresses: Addresses, key: str | None) -> list[str]:
    """What Triton is told beside its folders. Without a key of ours nobody has one."""
    words = [
        "--disable-auto-complete-config",
        "--model-control-mode=explicit",
        "--load-model=*",
        "--strict-readiness=true",
        f"--exit-timeout-secs={DRAINING}",
        f"--allow-grpc={_word(addresses.grpc)}",
        f"--allow-metrics={_word(addresses.metrics)}",
        f"--http-restricted-api={','.join(RESTRICTED)}:{KEY_HEADER}={key or secrets.token_hex()}",
    ]
    for protocol in ("http", "grpc", "metrics"):
        port = getattr(addresses, protocol)
        if port:
            words += [f"--{protocol}-address={addresses.host}", f"--{protocol}-port={port}"]
    if addresses.grpc:
        # gRPC's metadata has the key under this prefix.
        same = f"triton-grpc-protocol-{KEY_HEADER}={key or secrets.token_hex()}"
        words.append(f"--grpc-restricted-protocol={','.join(RESTRICTED)}:{same}")
    return words


@contextmanager
def started(
    repository: Path, addresses: Addresses, key: str | None, log: Path | None = None
) -> Iterator["Running"]:
    """Triton on a model repository, ready; ended when the block is left.

    What it says goes to a log, or to our standard error. Raises ToolError where it ends before it
    is ready.
    """
    command = [
        str(find_server()),
        f"--model-repository={repository}",
        f"--backend-directory={find_backends()}",
        *arguments(addresses, key),
    ]
    # In its own process group: Ctrl-C comes to this process, which asks Triton to end.
    with (log or Path(os.devnull)).open("wb") as said, _deep_stacks():
        process = start_tool(
            command,
            stdout=said if log else None,
            stderr=said if log else None,
            new_session=True,
        )
    running = Running(process=process, addresses=addresses, log=log)
    try:
        with _passed_on(running):
            running.wait_until_ready()
            yield running
    finally:
        running.end()


@contextmanager
def _deep_stacks() -> Iterator[None]:
    """Processes started within the block have threads of STACK bytes, where that is allowed."""
    import resource  # Unix only, as Triton is

    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    deep = STACK if hard == resource.RLIM_INFINITY else min(STACK, hard)
    resource.setrlimit(resource.RLIMIT_STACK, (deep, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_STACK, (soft, hard))


@dataclass(frozen=True, kw_only=True)
class Running:
    """A Triton that was started."""

    process: "subprocess.Popen[bytes]"
    addresses: Addresses
    log: Path | None = None
    asked_to_end: threading.Event = field(default_factory=threading.Event)

    @property
    def died(self) -> bool:
        """Whether it ended by a fault, which nobody asked for."""
        return (self.process.poll() or 0) < 0 and not self.asked_to_end.is_set()

    def wait_until_ready(self) -> None:
        """Wait until every model is loaded. Raises ToolError where Triton ends first, or READY."""
        url = f"http://{_for_url(self.addresses)}:{self.addresses.http}/v2/health/ready"
        deadline = time.monotonic() + READY
        while not answers(url):
            if self.process.poll() is not None:
                raise self._failure("before it was ready")
            if time.monotonic() > deadline:
                self.process.kill()
                raise self._failure(f"had not loaded every model after {READY:g} s", timed_out=True)
            time.sleep(0.02)

    def check_alive(self) -> None:
        """Raise ToolError where it has ended; for when it no longer answers."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(1)  # its connections are gone a moment before it is
            raise self._failure("while it was asked")

    def _failure(self, what: str, *, timed_out: bool = False) -> ToolError:
        code, said = self.process.poll(), ""
        why = "its lines above that begin with E say why"
        if self.log is not None:
            said = self.log.read_text(errors="replace")
            why = "\n  ".join(["it said:", *said.splitlines()[-LINES_SHOWN:]])
        how = what if timed_out else f"ended with exit code {code} {what}"
        return ToolError(
            f"Triton {how}; {why}",
            returncode=None if timed_out else code,
            timed_out=timed_out,
            output=said,
        )

    def wait(self) -> int:
        """Wait until it ends, which has no limit: who serves decides; its exit code."""
        return self.process.wait()

    def end(self) -> None:
        """Ask it to end what it computes and go; after a while, make it go."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                end_tool(self.process)


def lines(served: list[Served], addresses: Addresses) -> Iterator[str]:
    """What is served, where, and who reaches it."""
    host = _for_url(addresses)
    for each in served:
        manifest = each.bundle.manifest
        yield (
            f"{each.name} {manifest.version}: "
            f"http://{host}:{addresses.http}/v2/models/{each.name}/versions/{each.version}"
        )
    if addresses.grpc:
        yield f"gRPC at {host}:{addresses.grpc}"
    if addresses.metrics:
        yield f"metrics at http://{host}:{addresses.metrics}/metrics"
    if addresses.local:
        yield "This machine alone reaches it; --host 0.0.0.0 lets others in. Ctrl-C ends it."
    else:
        yield f"Whoever reaches {addresses.host} can ask it. Ctrl-C ends it."


@contextmanager
def _passed_on(running: Running) -> Iterator[None]:
    """Ctrl-C and SIGTERM ask Triton to end, and with it us."""

    def ask(number: int, frame: FrameType | None) -> None:
        running.asked_to_end.set()
        running.process.terminate()

    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    former = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def answers(url: str) -> bool:
    """Whether a server says 200 to a GET, within a second."""
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _for_url(addresses: Addresses) -> str:
    """A server that listens at every address of a machine is reached at loopback."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(addresses.host, addresses.host)
    return f"[{host}]" if ":" in host else host


def _word(port: int) -> str:
    return "true" if port else "false"
