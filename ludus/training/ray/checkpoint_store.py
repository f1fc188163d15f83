"""Keeps what must outlive the workers of a training: its last checkpoint, and its events.

A Ray actor beside the process that asked for the training. So a cluster needs no disk that all its
nodes share, which Ray Train's own checkpoints would.
"""

from typing import Any

Files = dict[str, bytes]  # contents by path inside a folder
Figures = dict[str, float]


class CheckpointStore:
    """Plain Python: `ray.remote(CheckpointStore)` makes the actor of it."""

    def __init__(self) -> None:
        self._files: Files | None = None
        self._epoch = 0  # the last that was evaluated
        self._events: list[tuple[str, tuple[Any, ...]]] = []
        self._result: Any = None

    def joined(self, rank: int, address: str, pid: int) -> None:
        """A worker is about to train; after a failure all of them join again."""
        self._events.append(("joined", (rank, address, pid)))

    def stepped(self, steps: int, total: int) -> None:
        self._events.append(("stepped", (steps, total)))

    def evaluated(self, epoch: int, epochs: int, figures: Figures) -> None:
        """An epoch that was trained a second time, after a failure, is told once."""
        if epoch > self._epoch:
            self._epoch = epoch
            self._events.append(("evaluated", (epoch, epochs, figures)))

    def keep(self, files: Files) -> None:
        """The checkpoint from which a training that failed goes on."""
        self._files = files

    def kept(self) -> Files | None:
        return self._files

    def end(self, result: Any) -> None:
        """What the first worker returns: the trained weights and the history, or an error."""
        self._result = result

    def result(self) -> Any:
        return self._result

    def events(self) -> list[tuple[str, tuple[Any, ...]]]:
        """The events since the last call, in order: names of methods, and arguments."""
        events, self._events = self._events, []
        return events
