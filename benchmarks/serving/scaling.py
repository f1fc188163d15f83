"""Requests a second over the instances of one Triton, and over two Tritons behind one address.

    setup/debian.sh setup/debian-serving.txt && python -m benchmarks.serving.scaling

(needs `dvc repro`, `make triton`, and Debian's nginx and wrk)

All are started; each arrangement is asked in turn, the others being stopped. Ratios are to the
first arrangement, within a round.
"""

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.serving import servers
from benchmarks.serving.__main__ import BUNDLE, FIRST_PORT, REFERENCE, written
from benchmarks.serving.load import Load, cells, load, options
from benchmarks.serving.servers import Server
from ludus.bundle.inputs import network_inputs
from ludus.bundle.reader import read_bundle
from ludus.data.reference_set import load_reference_set


@dataclass(frozen=True, kw_only=True)
class Arrangement:
    """Servers that run together, and the port that is asked."""

    name: str
    parts: list[Server]
    port: int

    @contextmanager
    def turn(self) -> Iterator[None]:
        """All of it runs within the block only."""
        with ExitStack() as stack:
            for part in self.parts:
                stack.enter_context(part.turn())
            yield


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--instances", type=int, nargs="+", default=[1, 2, 4])
    how = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        scratch = Path(folder)
        images = network_inputs(load_reference_set(REFERENCE), read_bundle(BUNDLE).manifest)
        asked = {count: written(scratch, images[:count])["binary"] for count in (1, how.batch)}
        arrangements = start(how.instances, scratch, stack)
        found: dict[tuple[int, str], list[Load]] = defaultdict(list)
        for number in range(how.rounds + 1):
            for count, body in asked.items():
                for each in arrangements:
                    with each.turn():
                        one = load(body, each.port, how.connections, how.seconds if number else 1)
                    if number:  # the first warms up
                        found[count, each.name].append(one)
    Console(width=110).print(table(found, arrangements[0].name))


def start(instances: list[int], scratch: Path, stack: ExitStack) -> list[Arrangement]:
    """One Triton with each number of instances; one, and two with one each, behind nginx."""

    def triton(port: int, count: int, mark: str = "") -> Server:
        name = f"Triton, {count} instances{mark}"
        server = servers.start_ludus(
            BUNDLE.absolute(), "auto", port, scratch, name=name, instances=count
        )
        stack.callback(server.end)
        return server

    alone = {count: triton(FIRST_PORT + 10 * at, count) for at, count in enumerate(instances)}
    port = FIRST_PORT + 10 * len(instances)
    pair = [triton(port + 10 * at, 1, f", {at + 1} of 2") for at in range(2)]
    found = [Arrangement(name=it.name, parts=[it], port=it.http) for it in alone.values()]
    for behind in ([alone[max(instances)]], pair):
        port += 20
        ports = [each.http for each in behind]
        with ExitStack() as running:  # nginx is ready when they answer through it
            for each in behind:
                running.enter_context(each.turn())
            proxy = servers.start_nginx(ports, port, scratch)
        stack.callback(proxy.end)
        names = " and ".join(each.name for each in behind)
        found.append(Arrangement(name=f"{names}; nginx", parts=[*behind, proxy], port=port))
    return found


def table(found: dict[tuple[int, str], list[Load]], first: str) -> Table:
    """Ratios are to the first arrangement's."""
    shown = Table(title=f"binary tensors, {len(found[1, first])} rounds", box=None)
    for column in ("arrangement", "images", "requests/s", "p50", "p99", "errors", "ratio"):
        shown.add_column(column, justify="left" if column == "arrangement" else "right")
    for (count, name), loads in found.items():
        shown.add_row(name, str(count), *cells(loads, found[count, first]))
    return shown


if __name__ == "__main__":
    main()
