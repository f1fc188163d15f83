"""Free ports of loopback, each test process from a range of its own."""

import random
import socket

from support.shared import worker

# Below the ports that Linux gives to clients (32768 and up), so that what is free stays so.
FIRST, EACH = 20000, 2000


def free_ports(count: int) -> list[int]:
    begin = FIRST + EACH * (worker() % 6)
    found: list[int] = []
    # In any order: another run of the tests on this machine has the same range.
    for port in random.sample(range(begin, begin + EACH), EACH):
        if is_free(port):
            found.append(port)
            if len(found) == count:
                return found
    raise AssertionError(f"of the ports {begin} to {begin + EACH - 1} fewer than {count} are free")


def is_free(port: int) -> bool:
    with socket.socket() as each:
        try:
            each.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
