"""A benchmark as tables, for a terminal and in Markdown."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from ludus.benchmark.plan import LARGE, SMALL, usual_threads
from ludus.benchmark.record import Load, Record, Row
from ludus.core import terminal as core

COLUMNS = ("runner", "median", "p99", "images/s", "to ONNX Runtime")
QUIET = 0.05  # of the CPU: others that take less are not worth a word
TEXT_COLUMNS = ("runner",)  # the columns that hold no numbers


def shown(record: Record) -> Iterator[tuple[str, list[Row]]]:
    """The sessions of the table of ratios: each with its title, the fastest first."""
    cores = record.machine.cores
    for batch, threads in sessions(record):
        usual = threads == usual_threads(batch, cores)
        if batch in (SMALL, LARGE) and (usual or (record.long and threads in (1, cores))):
            rows = [row for row in record.rows if (row.batch, row.threads) == (batch, threads)]
            title = f"batch {batch}, {threads} thread{'s' * (threads != 1)}"
            yield title + _disturbed(rows[0].others), ordered(rows)


def _disturbed(others: float | None) -> str:
    """A word of warning where the machine had other work."""
    return f" (others took {others:.0%} of the CPU)" if (others or 0) >= QUIET else ""


def sessions(record: Record) -> list[tuple[int, int]]:
    """Each batch and thread count that was measured, growing."""
    return sorted({(row.batch, row.threads) for row in record.rows if row.batch and row.threads})


def ordered(rows: list[Row]) -> list[Row]:
    """The fastest first, what was not measured last."""
    return sorted(rows, key=lambda row: (row.median_ms or float("inf"), row.name))


def cells(row: Row) -> list[str]:
    """A row in the words of COLUMNS; what was not measured has its status in place of figures."""
    if row.status != "measured":
        return [row.name, row.status, "", "", ""]
    return [
        row.name,
        milliseconds(row.median_ms),
        milliseconds(row.p99_ms),
        f"{float(f'{row.images_per_second or 0:.3g}'):,.0f}",
        ratio(row),
    ]


def milliseconds(value: float | None) -> str:
    """To three digits: 0.0712 ms, 12.3 ms, 1,230 ms."""
    if value is None:
        return ""
    return f"{float(f'{value:.3g}'):,.0f} ms" if value >= 100 else f"{value:#.3g} ms"


def ratio(row: Row) -> str:
    """Such as "1.32 (1.28 to 1.37)": times as fast as ONNX Runtime, and the rounds' spread."""
    if row.ratio_to_onnxruntime is None:
        return ""
    return spread(row.ratio_to_onnxruntime, row.ratio_low or 0, row.ratio_high or 0)


def spread(median: float, low: float, high: float) -> str:
    """A ratio with its spread."""
    return f"{times(median)} ({times(low)} to {times(high)})"


def times(value: float) -> str:
    """A ratio: 12, 1.32, 0.47, 0.0031."""
    return f"{value:.0f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def reasons(record: Record) -> list[tuple[str, str]]:
    """Who was not measured and why, once for each reason."""
    found = {}
    for row in record.rows:
        if row.reason:
            found[row.name, row.reason] = f"{row.name}: {row.status}", row.reason
    return list(found.values())


def machine(record: Record) -> str:
    """What it was measured on, in words."""
    here = record.machine
    others = [name for word, name in here.devices.items() if word != "cpu"]
    cores = f"{here.cores} core{'s' if here.cores != 1 else ''}"
    return ", ".join([f"{here.cpu}, {cores}", *others, here.system])


def terminal(record: Record, width: int) -> RenderableType:
    """The tables for a terminal of that width, and the reasons under them; nothing is cut."""
    parts: list[RenderableType] = [Text(machine(record)), ""]
    for title, rows in shown(record):
        parts += [*_table(title, COLUMNS, [cells(row) for row in rows]), ""]
    loads = [load_cells(row) for row in record.loads]
    parts += _table("a fresh process", LOAD_COLUMNS, loads)
    why = [(who, "not run", reason) for who, reason in reasons(record)]
    return Group(*parts, *([""] if why else []), *core.reasons(why, width))


def _table(
    title: str, columns: tuple[str, ...], rows: list[list[str]]
) -> tuple[RenderableType, RenderableType]:
    right = [column for column in columns if column not in TEXT_COLUMNS]
    return Text(title, "italic"), core.Whole(columns, rows, right)


def load_cells(row: Load) -> list[str]:
    """A runner's load time, memory and file size."""
    name = Row(runner=row.runner, target=row.target, device=row.device).name
    peak = "" if row.peak_bytes is None else f"{row.peak_bytes / 1e6:,.0f} MB"
    size = f"{row.file_bytes / 1e6:.2f} MB"
    return [name, milliseconds(row.load_ms) or row.status, peak, size]


LOAD_COLUMNS = ("runner", "to the first answer", "memory", "file")


def markdown(record: Record) -> str:
    """The tables in Markdown, the machine named."""
    lines = [f"On {machine(record)}:"]
    for title, rows in shown(record):
        head = (f"{title}: runner", *COLUMNS[1:])
        lines += ["", *_markdown(head, [cells(row) for row in rows])]
    return "\n".join(lines) + "\n"


def _markdown(columns: tuple[str, ...], rows: list[list[str]]) -> list[str]:
    rule = ["---", *["---:"] * (len(columns) - 1)]
    return [f"| {' | '.join(line)} |" for line in (columns, rule, *rows)]
