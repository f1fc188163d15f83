"""The batches and thread counts of a benchmark's sessions."""

from dataclasses import dataclass

from ludus.config.benchmark import Benchmark

SMALL, LARGE = 1, 256  # the batches of the table of ratios

# The long form; the short one is params.yaml's, or Benchmark's own defaults.
LONG = Benchmark(
    seconds=20,
    rounds=40,
    curve=[2**power for power in range(13)],
    curve_seconds=8,
    curve_rounds=12,
    slowest_call=3,
    processes=5,
)


@dataclass(frozen=True, kw_only=True)
class Session:
    """One batch and thread count, at which all runners are measured side by side."""

    batch: int
    threads: int
    rounds: int
    seconds: float  # what the timed calls of all of them should take together
    usual: bool  # the usual thread count for this batch; GPUs run only in such sessions


def usual_threads(batch: int, cores: int) -> int:
    """One thread for one image, all cores for more."""
    return 1 if batch == SMALL else cores


def sessions(settings: Benchmark, cores: int, *, both: bool) -> list[Session]:
    """All sessions, those of one thread count together, batches growing.

    both: the table's batches with one thread and with all cores, each.
    """
    table = {(SMALL, 1), (LARGE, cores)}
    if both:
        table |= {(SMALL, cores), (LARGE, 1)}
    curves = {(batch, usual_threads(batch, cores)) for batch in settings.curve}
    curves |= {(LARGE, threads) for threads in thread_counts(cores)}
    return [
        Session(
            batch=batch,
            threads=threads,
            rounds=settings.rounds if (batch, threads) in table else settings.curve_rounds,
            seconds=settings.seconds if (batch, threads) in table else settings.curve_seconds,
            usual=threads == usual_threads(batch, cores),
        )
        for batch, threads in sorted(table | curves, key=lambda pair: (pair[1], pair[0]))
    ]


def thread_counts(cores: int) -> list[int]:
    """1, 2, 4 … and all of them."""
    return sorted({1, cores} | {2**power for power in range(cores.bit_length())})
