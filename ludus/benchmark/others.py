"""Measures the CPU time of other processes during a benchmark, which makes its times unreliable."""

import os
from collections.abc import Iterable
from pathlib import Path

STAT = Path("/proc/stat")


class Watch:
    """Begins when it is made. On systems without /proc it sees nothing."""

    def __init__(self, processes: Iterable[int]) -> None:
        """processes: those that are no others; this one is not either."""
        self._ours = [os.getpid(), *processes]
        self._began = self._read()

    def share(self) -> float | None:
        """The share of the cores' time since the beginning that others took, 0 to 1.

        Others are other processes, and the host where it gave the cores to other machines.
        """
        began, now = self._began, self._read()
        if began is None or now is None or now[0] <= began[0]:
            return None
        whole, busy, ours = (after - before for before, after in zip(began, now, strict=True))
        return min(max((busy - ours) / whole, 0.0), 1.0)

    def _read(self) -> tuple[int, int, int] | None:
        """Ticks of our cores: of all time, of that in use, and of that in use by ours."""
        if not STAT.exists():
            return None
        whole = busy = 0
        cores = {f"cpu{number}" for number in os.sched_getaffinity(0)}
        for line in STAT.read_text().splitlines():
            name, *fields = line.split()
            if name in cores:
                # user nice system idle iowait irq softirq steal; what follows is in user
                ticks = [int(field) for field in fields[:8]]
                whole += sum(ticks)
                busy += sum(ticks) - ticks[3] - ticks[4]
        return whole, busy, sum(map(_ticks, self._ours))


def _ticks(process: int) -> int:
    """What a process has used, its threads included; 0 where it is gone."""
    try:
        said = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return 0
    # pid (name) state …; the name may hold anything. Fields 14 and 15 are user and system.
    fields = said.rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
