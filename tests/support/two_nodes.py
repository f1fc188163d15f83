"""A Ray cluster of two nodes on this machine, on loopback alone, until its standard input ends.

Prints the address of its head. Run by the Python of .ray: usage: two_nodes.py CPUS_EACH
"""

import os
import sys

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

from ray.cluster_utils import Cluster

MEMORY = 300_000_000  # bytes of each node's object store


def main() -> None:
    cluster = Cluster()
    for address in ("127.0.0.2", "127.0.0.3"):
        cluster.add_node(
            node_ip_address=address,
            num_cpus=int(sys.argv[1]),
            object_store_memory=MEMORY,
            include_dashboard=False,
        )
    print(cluster.address, flush=True)
    sys.stdin.read()
    cluster.shutdown()


if __name__ == "__main__":
    main()
