"""Where a Ray cluster is, and whether it has a place for each worker."""

import socket
from collections.abc import Iterable, Mapping
from typing import Any

from ludus.config.training import Ray
from ludus.core.errors import ClusterError

ANSWERS_WITHIN = 5.0  # seconds, of the head of a cluster
RESOURCES = ("CPU", "GPU")
Resources = Mapping[str, float]
Node = Mapping[str, Any]  # as ray.nodes() gives it


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


def check_places(nodes: Iterable[Node], asked: Ray, who: str = "params.yaml train.ray") -> None:
    """Raise ClusterError where the nodes, as ray.nodes() gives them, cannot hold all workers.

    Not even if they were empty: Ray would wait for a node that never comes. The error names `who`
    as the one that asks.
    """
    # Ray gives them in no fixed order.
    alive = sorted(
        (node for node in nodes if node["Alive"]), key=lambda node: node["NodeManagerAddress"]
    )
    if places(alive, asked) >= asked.workers:
        return
    raise ClusterError(
        f"{who} asks for {asked.workers} worker{'s' * (asked.workers > 1)} with "
        f"{said(resources(asked))} each, and the cluster at {asked.address} has no place for it: "
        + "; ".join(f"{node['NodeManagerAddress']} has {said(node['Resources'])}" for node in alive)
        + f"; lower what {who} says, or add a node (docs/how-to/train-on-several-machines.md)"
    )


def places(nodes: Iterable[Node], asked: Ray) -> int:
    """How many workers the nodes that are alive would hold, were they empty."""
    each = resources(asked).items()
    having = (node["Resources"] for node in nodes if node["Alive"])
    return sum(min(int(has.get(name, 0) // amount) for name, amount in each) for has in having)


def said(amounts: Resources) -> str:
    """Such as "2 CPUs and 1 GPU"."""
    whole = {name: int(amounts.get(name, 0)) for name in RESOURCES}
    named = [f"{n} {name}{'s' * (n != 1)}" for name, n in whole.items() if n or name == "CPU"]
    return " and ".join(named)
