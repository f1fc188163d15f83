"""Requests a second over HTTP and gRPC: a served bundle beside FastAPI and MLServer.

    setup/environment.sh serving-peers && python -m benchmarks.serving

(needs `dvc repro`, `make triton`, and Debian's wrk and nghttp2-client)

All servers are started; each is asked in turn, the others being stopped. Ratios are formed within a
round. 256 images a request are compared with the module's own speed in the benchmark's report.
"""

import tempfile
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from benchmarks.serving import bodies, servers
from benchmarks.serving.bodies import Body
from benchmarks.serving.load import Load, cells, load, options
from benchmarks.serving.servers import Server
from ludus.bundle.inputs import network_inputs
from ludus.bundle.reader import read_bundle
from ludus.data.reference_set import load_reference_set

BUNDLE = Path("artifacts/bundle")
REFERENCE = Path("artifacts/export/reference.npz")
FIRST_PORT = 18100
AGAINST = ("FastAPI + ONNX Runtime", "JSON", 1)
Key = tuple[str, str, int]  # server, protocol, images a request


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--device", default="auto")
    how = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        runners = start(Path(scratch), how.device, how.batch, stack)
        found: dict[Key, list[Load]] = defaultdict(list)
        for number in range(how.rounds + 1):
            for key, (server, body, port) in runners.items():
                with server.turn():
                    one = load(body, port, how.connections, how.seconds if number else 1)
                if number:  # the first warms up
                    found[key].append(one)
    Console(width=110).print(table(found, how.connections))


def start(
    scratch: Path, device: str, batch: int, stack: ExitStack
) -> dict[Key, tuple[Server, Body, int]]:
    """Start every server; who is asked, by what, at which port."""
    bundle = read_bundle(BUNDLE)
    images = network_inputs(load_reference_set(REFERENCE), bundle.manifest)
    model = BUNDLE / "variants" / "onnx" / bundle.variant("onnx").files[0].path.rpartition("/")[2]
    ludus = servers.start_ludus(BUNDLE.absolute(), device, FIRST_PORT, scratch)
    stack.callback(ludus.end)
    fastapi = servers.start_fastapi(model, FIRST_PORT + 10, scratch)
    stack.callback(fastapi.end)
    mlserver = servers.start_mlserver(model, FIRST_PORT + 20, scratch)
    stack.callback(mlserver.end)
    one, many = written(scratch, images[:1]), written(scratch, images[:batch])
    asked: list[tuple[Server, Body, int, int]] = [
        (ludus, one["JSON"], ludus.http, 1),
        (ludus, one["binary"], ludus.http, 1),
        (ludus, one["gRPC"], ludus.grpc, 1),
        (fastapi, one["JSON"], fastapi.http, 1),
        (mlserver, one["JSON"], mlserver.http, 1),
        (mlserver, one["gRPC"], mlserver.grpc, 1),
        (ludus, many["binary"], ludus.http, batch),
        (ludus, many["gRPC"], ludus.grpc, batch),
    ]
    return {
        (server.name, body.protocol, count): (server, body, port)
        for server, body, port, count in asked
    }


def written(scratch: Path, images: npt.NDArray[np.float32]) -> dict[str, Body]:
    """The bodies of a request with these images."""
    manifest = read_bundle(BUNDLE).manifest
    model, name, output = manifest.name, manifest.inputs[0].name, manifest.outputs[0].name
    stem = scratch / f"{len(images)}"
    made = [
        bodies.write_json(images, model, name, stem.with_suffix(".json")),
        bodies.write_binary(images, model, name, output, stem.with_suffix(".bin")),
        bodies.write_grpc(images, model, name, stem.with_suffix(".grpc")),
    ]
    return {body.protocol: body for body in made}


def table(found: dict[Key, list[Load]], connections: int) -> Table:
    """Ratios are to AGAINST, and of single images only."""
    shown = Table(title=f"{connections} connections, {len(found[AGAINST])} rounds", box=None)
    for column in ("server", "protocol", "images", "requests/s", "p50", "p99", "errors", "ratio"):
        shown.add_column(column, justify="left" if column in ("server", "protocol") else "right")
    for (server, protocol, count), loads in found.items():
        *figures, ratio = cells(loads, found[AGAINST])
        shown.add_row(server, protocol, str(count), *figures, ratio if count == 1 else "")
    return shown


if __name__ == "__main__":
    main()
