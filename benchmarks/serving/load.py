"""The load: wrk for HTTP, h2load for gRPC, each with so many connections and one thread."""

import argparse
import re
import shlex
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving.bodies import Body

# Seconds. wrk ends with requests under way, which must not burden the next turn.
SETTLING = 1.0
SCRIPT = """\
wrk.method = "POST"
local file = io.open("{file}", "rb")
wrk.body = file:read("*a")
file:close()
{headers}
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("FOUND %d %d %f %f %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    e.status, e.connect + e.read + e.write + e.timeout))
end
"""


def options(description: str) -> argparse.ArgumentParser:
    """A parser with the options of every benchmark of load."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=256)
    return parser


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a load came to."""

    per_second: float  # requests that were answered well
    p50: float  # ms
    p99: float  # ms
    errors: int


def load(body: Body, port: int, connections: int, seconds: float) -> Load:
    """Ask a server at 127.0.0.1 for so long, each connection as soon as it is answered."""
    by = _by_h2load if body.protocol == "gRPC" else _by_wrk
    return by(body, f"http://127.0.0.1:{port}/{body.path}", connections, seconds)


def cells(loads: list[Load], against: list[Load]) -> list[str]:
    """Of a table: requests/s, p50, p99, errors, and the ratio to other loads of the same rounds.

    Medians of the rounds; the ratio is the median of each round's own, with the range.
    """
    ratios = [one.per_second / other.per_second for one, other in zip(loads, against, strict=True)]
    return [
        f"{statistics.median(each.per_second for each in loads):,.0f}",
        f"{statistics.median(each.p50 for each in loads):.2f} ms",
        f"{statistics.median(each.p99 for each in loads):.2f} ms",
        str(sum(each.errors for each in loads)),
        f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
    ]


def _by_wrk(body: Body, url: str, connections: int, seconds: float) -> Load:
    headers = "\n".join(f'wrk.headers["{key}"] = "{it}"' for key, it in body.headers.items())
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT.format(file=body.file, headers=headers))
        script.flush()
        how = ["-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "10s"]
        said = run(["wrk", *how, "-s", script.name, url])
    time.sleep(SETTLING)
    found = re.search(r"^FOUND (.*)$", said, re.MULTILINE)
    if found is None:
        raise SystemExit(f"wrk said nothing of use:\n{said}")
    requests, microseconds, p50, p99, refused, lost = map(float, found[1].split())
    per_second = (requests - refused) / (microseconds / 1e6)
    return Load(per_second=per_second, p50=p50, p99=p99, errors=round(refused + lost))


def _by_h2load(body: Body, url: str, connections: int, seconds: float) -> Load:
    """As many requests as take about so long.

    Not a duration: at its end h2load cancels its open requests, and that can end Triton 2.51.
    """
    few = _requests(body, url, connections, 10 * connections)
    return _requests(body, url, connections, max(connections, round(seconds * few.per_second)))


def _requests(body: Body, url: str, connections: int, count: int) -> Load:
    headers = [f"--header={key}: {it}" for key, it in body.headers.items()]
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "log"
        how = [f"--clients={connections}", "--threads=1", "--max-concurrent-streams=1"]
        how += [f"--requests={count}", f"--data={body.file}", f"--log-file={log}"]
        run(["h2load", *how, *headers, url])
        lines = [line.split("\t") for line in log.read_text().splitlines()]
    began = [int(start) for start, _, _ in lines]
    ended = [int(start) + int(took) for start, _, took in lines]
    good = [int(took) / 1000 for _, status, took in lines if status == "200"]
    centiles = statistics.quantiles(good, n=100) if len(good) > 1 else [0.0] * 99
    return Load(
        per_second=1e6 * len(good) / (max(ended) - min(began)),
        p50=centiles[49],
        p99=centiles[98],
        errors=len(lines) - len(good),
    )


def run(command: list[str]) -> str:
    """What a load generator prints. Ends this program where it fails."""
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=3600)
    if ended.returncode != 0:
        raise SystemExit(f"{shlex.join(command)} failed:\n{ended.stdout}{ended.stderr}")
    return ended.stdout
