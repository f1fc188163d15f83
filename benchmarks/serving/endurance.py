"""A served bundle under a sustained load, and under an overload.

    python -m benchmarks.serving.endurance    (needs `dvc repro`, `make triton`, Debian's
                                               nghttp2-client; 12 minutes)

The greatest load that it can take is found first; then it gets 80 % of that for ten minutes, one
image a request; then 300 % for half a minute, 64 images a request, since computing one image takes
less time than refusing it. A probe beside each load asks as one more client does.
"""

import argparse
import re
import resource
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.serving import servers
from benchmarks.serving.__main__ import BUNDLE, FIRST_PORT, REFERENCE, written
from benchmarks.serving.bodies import Body
from benchmarks.serving.load import run
from benchmarks.serving.servers import Server
from ludus.bundle.inputs import network_inputs
from ludus.bundle.reader import read_bundle
from ludus.data.reference_set import load_reference_set

CONNECTIONS = 32
MANY = 64  # images a request of the overload
TOO_MANY = 2048  # connections: more than Triton's queue of 1024 and the requests in hand
LIMIT = 2.0  # seconds that a request waits in the queue at most: `ludus serve --timeout`
WELL = 0.1  # seconds: a probe that is answered so soon finds a server that has recovered
EVERY = 0.05  # seconds between probes


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a load came to."""

    seconds: float
    statuses: Counter[str]  # "2xx" and so on, and "lost" for requests without an answer

    @property
    def per_second(self) -> float:
        return self.statuses["2xx"] / self.seconds


@dataclass
class Probe:
    """Requests beside a load, one after another, each over a new connection."""

    answers: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0  # seconds

    def ask(self, body: Body, url: str) -> float:
        """One request; the seconds until its answer, or infinity where it is no result."""
        request = urllib.request.Request(url, data=body.file.read_bytes(), headers=body.headers)
        began = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                answer.read()
                status = answer.status
        except urllib.error.HTTPError as error:
            status = error.code
            error.close()
        except OSError as error:
            status = type(error).__name__
        took = time.monotonic() - began
        self.answers[str(status)] += 1
        self.longest = max(self.longest, took)
        return took if status == 200 else float("inf")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--minutes", type=float, default=10, help="of the load that stays")
    how = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # for the connections
    with tempfile.TemporaryDirectory() as scratch:
        images = network_inputs(load_reference_set(REFERENCE), read_bundle(BUNDLE).manifest)
        one, many = (written(Path(scratch), images[:count])["binary"] for count in (1, MANY))
        server = servers.start_ludus(BUNDLE.absolute(), how.device, FIRST_PORT, Path(scratch))
        try:
            with server.turn():
                Console(width=110).print(endure(server, one, many, how.minutes * 60))
        finally:
            server.end()


def endure(server: Server, one: Body, many: Body, seconds: float) -> Table:
    """Both loads, and the table of what came of them."""
    url = f"http://127.0.0.1:{server.http}/{one.path}"
    asked = 0.8 * most(one, url)
    load(one, url, CONNECTIONS, 20, asked)  # so that all memory for a load is allocated
    before = server.resident()
    with probing(one, url) as beside:
        steady = load(one, url, CONNECTIONS, seconds, asked)
    after = server.resident()
    too_much = 3 * most(many, url)
    with probing(one, url) as overrun:
        over = load(many, url, TOO_MANY, 30, too_much)
    recovery = until_well(one, url)
    shown = Table(box=None)
    for column in ("", "asked for", "answered well", "503", "others", "lost", "longest of a probe"):
        shown.add_column(column, justify="left" if not column else "right")
    for name, rate, found, probe in (
        (f"80 % for {seconds:.0f} s, 1 image", asked, steady, beside),
        (f"300 % for 30 s, {MANY} images", too_much, over, overrun),
    ):
        good, busy, lost = (found.statuses[kind] for kind in ("2xx", "5xx", "lost"))
        others = found.statuses.total() - good - busy - lost
        shown.add_row(
            name, f"{rate:,.0f}/s", f"{good / found.seconds:,.0f}/s", f"{busy:,}", f"{others:,}",
            f"{lost:,}", f"{1000 * probe.longest:.0f} ms ({dict(probe.answers)})",
        )  # fmt: skip
    shown.caption = (
        f"memory {before:.0f} MB, then {after:.0f} MB "
        f"({100 * (after / before - 1):+.1f} %); a request waits {LIMIT:.0f} s at most; well again "
        f"{recovery:.2f} s after the overload"
    )
    return shown


def most(body: Body, url: str) -> float:
    """Requests a second where each connection asks as soon as it is answered."""
    load(body, url, CONNECTIONS, 3)  # warms up
    return load(body, url, CONNECTIONS, 10).per_second


def load(body: Body, url: str, connections: int, seconds: float, rate: float = 0) -> Load:
    """Ask over HTTP/1.1; rate: requests a second at most, 0 as fast as it is answered."""
    headers = [f"--header={key}: {value}" for key, value in body.headers.items()]
    how = ["--h1", f"--clients={connections}", "--threads=1", f"--duration={seconds:.0f}"]
    if rate:
        how.append(f"--rps={rate / connections:.3f}")
    said = run(["h2load", *how, f"--data={body.file}", *headers, url])
    codes = re.search(r"^status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", said, re.M)
    lost = re.search(r"(\d+) errored, (\d+) timeout", said)
    if codes is None or lost is None:
        raise SystemExit(f"h2load said nothing of use:\n{said}")
    statuses = Counter(
        dict(zip(("2xx", "3xx", "4xx", "5xx"), map(int, codes.groups()), strict=True))
    )
    statuses["lost"] = sum(map(int, lost.groups()))
    return Load(seconds=seconds, statuses=statuses)


@contextmanager
def probing(body: Body, url: str) -> Iterator[Probe]:
    """A probe that asks while the block runs."""
    probe, done = Probe(), threading.Event()

    def ask() -> None:
        while not done.wait(EVERY):
            probe.ask(body, url)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield probe
    finally:
        done.set()
        thread.join()


def until_well(body: Body, url: str) -> float:
    """Seconds until a request is answered soon."""
    began = time.monotonic()
    while Probe().ask(body, url) > WELL:
        time.sleep(EVERY)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
