"""Where a Ray cluster is, and whether it has a place for each worker."""

import socket
from collections.abc import Iterable, Mapping
from typing import Any

from ludus.errors import ClusterError
from ludus.params import Ray

ANSWERS_WITHIN = 5.0  # seconds, of the head of a cluster
RESOURCES = ("CPU", "GPU")
Resources = Mapping[str, float]


def check_listens(address: str) -> None:
    """Raise ClusterError where nothing listens at host:port; Ray itself would try for a minute."""
    if address == "local":
        return
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=ANSWERS_WITHIN).close()
    except (OSError, OverflowError) as error:
        raise ClusterError(
            f"params.yaml train.ray.address: nothing answers at {address} ({error}); start a head "
            f"there (`.ray/bin/ray start --head --port={port} --disable-usage-stats`), or say "
            "address: local for a cluster of this machine alone"
        ) from None


def resources(asked: Ray) -> dict[str, float]:
    """What one worker takes, in Ray's words."""
    wanted = {"CPU": float(asked.cpus), "GPU": float(asked.gpus)}
    return {name: amount for name, amount in wanted.items() if amount}


def check_places(nodes: Iterable[Mapping[str, Any]], asked: Ray) -> None:
    """Raise ClusterError where the nodes, as ray.nodes() gives them, cannot hold all workers.

    Even empty ones: Ray would wait for a node that never comes.
    """
    alive = [node for node in nodes if node["Alive"]]
    each = resources(asked)
    if sum(_fit(node["Resources"], each) for node in alive) >= asked.workers:
        return
    raise ClusterError(
        f"params.yaml train.ray asks for {asked.workers} workers with {said(each)} each, and the "
        f"cluster at {asked.address} has no place for so many: "
        + "; ".join(f"{node['NodeManagerAddress']} has {said(node['Resources'])}" for node in alive)
        + "; lower train.ray.workers, cpus or gpus, or add a node (docs/training.md)"
    )


def _fit(has: Resources, each: Resources) -> int:
    """How many workers a node holds."""
    return min(int(has.get(name, 0) // amount) for name, amount in each.items())


def said(amounts: Resources) -> str:
    """Such as "2 CPUs and 1 GPU"."""
    whole = {name: int(amounts.get(name, 0)) for name in RESOURCES}
    named = [f"{n} {name}{'s' * (n != 1)}" for name, n in whole.items() if n or name == "CPU"]
    return " and ".join(named)
