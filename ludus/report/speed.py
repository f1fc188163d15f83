"""The benchmark on the page: thresholds and goals, tables, and speed over batch and threads."""

import math
from collections.abc import Callable
from typing import Any

from ludus.benchmark import tables
from ludus.benchmark.comparisons import Compared, Verdict, compared
from ludus.benchmark.plan import LARGE, usual_threads
from ludus.benchmark.record import PYTHON, RESIDENT, Record, Row
from ludus.config.benchmark import Comparison
from ludus.report.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Chart, Line, Tick
from ludus.report.table import NONE

STYLES: dict[Verdict, str] = {
    "goal reached": "verified",
    "above the threshold": "attested",
    "below the threshold": "failed",
    "not run": "not-run",
}
Point = tuple[int, float]
ROOM = 8  # beside the last place, for half of its number


def shown(record: Record | None, wanted: list[Comparison]) -> dict[str, Any] | None:
    """What the page shows of a benchmark, if there is one."""
    if record is None:
        return None
    return {
        "machine": tables.machine(record),
        "comparisons": [_comparison(compared(each, record)) for each in wanted],
        "charts": speed_charts(record),
        "columns": tables.COLUMNS,
        "tables": [
            (title, [tables.cells(row) for row in rows]) for title, rows in tables.shown(record)
        ],
        "load_columns": tables.LOAD_COLUMNS,
        "loads": [tables.load_cells(load) for load in record.loads if load.status != "not run"],
        "reasons": tables.reasons(record),
    }


def _comparison(found: Compared) -> dict[str, Any]:
    ratio = found.ratio
    return {
        "name": found.name,
        "against": found.against,
        "batch": found.wanted.batch,
        "threads": found.threads,
        "verdict": found.verdict,
        "css": STYLES[found.verdict],
        "ratio": tables.spread(ratio.median, ratio.low, ratio.high) if ratio else NONE,
        "threshold": tables.times(found.wanted.threshold),
        "goal": tables.times(found.wanted.goal),
        "reason": found.reason,
    }


def speed_charts(record: Record) -> list[Chart]:
    """Images/s over the batch for both ways, and over threads; a runner has one colour in all."""
    rows = [row for row in record.rows if row.status == "measured"]
    colours = {name: index for index, name in enumerate(dict.fromkeys(_plain(row) for row in rows))}
    cores = record.machine.cores

    def usual(row: Row) -> bool:
        return row.threads == usual_threads(row.batch or 0, cores)

    def of(way: str) -> Callable[[Row], bool]:
        return lambda row: row.way == way and usual(row)

    def threaded(row: Row) -> bool:
        return row.way == PYTHON and row.device == "cpu" and row.batch == LARGE

    found = [
        _chart("images/s through Python", "batch", _series(rows, of(PYTHON), "batch"), colours),
        _chart("images/s device-resident", "batch", _series(rows, of(RESIDENT), "batch"), colours),
        _chart(
            f"images/s at batch {LARGE}", "threads", _series(rows, threaded, "threads"), colours
        ),
    ]
    return [chart for chart in found if chart is not None]


def _plain(row: Row) -> str:
    """A runner's name, whichever way it is run."""
    return row.name.removesuffix(f", {RESIDENT}")


def _series(rows: list[Row], chosen: Callable[[Row], bool], over: str) -> dict[str, list[Point]]:
    """The points of each runner, growing: batch or threads, and images/s."""
    series: dict[str, list[Point]] = {}
    for row in rows:
        if chosen(row) and row.images_per_second is not None:
            series.setdefault(_plain(row), []).append((getattr(row, over), row.images_per_second))
    return {name: sorted(points) for name, points in series.items()}


def _chart(
    title: str, over: str, series: dict[str, list[Point]], colours: dict[str, int]
) -> Chart | None:
    """A chart, logarithmic both ways; None where nobody was measured at two places."""
    places = sorted({place for points in series.values() for place, _ in points})
    if len(places) < 2:
        return None
    speeds = [speed for points in series.values() for _, speed in points]
    marks = decades(min(speeds), max(speeds))
    step = math.ceil(len(places) / 8)

    def x(place: int) -> float:
        share = math.log(place / places[0]) / math.log(places[-1] / places[0])
        return round(LEFT + share * (WIDTH - LEFT - RIGHT - ROOM), 1)

    def y(speed: float) -> float:
        share = math.log(speed / marks[0]) / math.log(marks[-1] / marks[0])
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    # The fastest at the end first, as the lines lie there.
    order = sorted(series, key=lambda name: (-series[name][-1][0], -series[name][-1][1]))
    return Chart(
        title=title,
        over=over,
        lines=[
            Line(
                name=name,
                points=[(x(place), y(speed)) for place, speed in series[name]],
                last=f" {short(series[name][-1][1])}/s at {series[name][-1][0]:,}",
                style=colours[name],
            )
            for name in order
        ],
        x_ticks=[Tick(at=x(place), text=f"{place:,}") for place in places[::step]],
        y_ticks=[Tick(at=y(mark), text=short(mark)) for mark in marks],
    )


def decades(low: float, high: float) -> list[float]:
    """Marks of a logarithmic axis that hold low and high: powers of ten, and 2 and 5 where few."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    powers = range(first, max(last, first + 1) + 1)
    if len(powers) > 3:
        return [10.0**power for power in powers]
    fine = [digit * 10.0**power for power in powers for digit in (1, 2, 5)]
    begin = max(index for index, mark in enumerate(fine) if mark <= low)
    end = min(index for index, mark in enumerate(fine) if mark >= high)
    return fine[begin : max(end, begin + 1) + 1]


def short(value: float) -> str:
    """Three digits: 850, 12.3k, 1.2M."""
    for unit, letter in ((1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{float(f'{value / unit:.3g}'):g}{letter}"
    return f"{value:.3g}"
