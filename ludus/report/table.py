"""The table of every evaluation: as text cells, for a terminal and in Markdown."""

from collections import Counter

from rich.console import Group, RenderableType
from rich.text import Text

from ludus.core import terminal as core
from ludus.evaluation.results import Result, Status

# In the order in which a count names them.
STATUSES: tuple[Status, ...] = ("verified", "failed", "attested", "not run")
NONE = "—"
LONGEST = 400  # characters of a reason that a terminal is shown
RESULTS = """\
# Results

Made by `python -m ludus.report --markdown > docs/results.md` after `make repro-all`; not edited by
hand.

Each row is one evaluation: a target of `params.yaml`, on a device, run by an executor, on all test
inputs ([status words](reference/status-words.md), [executors](reference/executors.md)). Agreement
is the share of inputs whose top class is the reference's; flips are the inputs where it is not. The
largest difference is that of any output to the reference's. Images/s is the speed of this one pass,
with 256 images a call or what the executor takes, and includes the start where that is a program of
its own; [performance](background/performance.md) has speeds that were measured side by side.
"""
TEXT_COLUMNS = ("evaluation", "status", "device", "reason")  # the columns that hold no numbers


def cells(row: Result, size: int) -> dict[str, str]:
    """One evaluation as words: the columns of every table, in order. `size` is in bytes."""
    ran = row.agreement is not None
    return {
        "evaluation": row.evaluation,
        "status": row.status,
        "accuracy": percent(row.accuracy),
        "agreement": percent(row.agreement),
        "flips": f"{len(row.flipped or []):,}" if ran else NONE,
        "largest difference": difference(row.max_abs_diff),
        "size": megabytes(size),
        "images/s": count(images_per_second(row)),
    }


def percent(share: float | None) -> str:
    """0.9934 as 99.34%. Only all of it is 100%."""
    if share is None:
        return NONE
    if share == 1:
        return "100%"
    text = f"{100 * share:.2f}%"
    return "<100%" if text == "100.00%" else text


def difference(value: float | None) -> str:
    """A largest difference, to two digits."""
    return NONE if value is None else f"{value:.2g}"


def megabytes(size: int) -> str:
    """Bytes as MB, three digits; nothing built has no size."""
    digits = 2 if size < 10e6 else 1 if size < 100e6 else 0
    return f"{size / 1e6:.{digits}f} MB" if size else NONE


def count(number: float | None) -> str:
    """A speed, to three digits: 15,200."""
    if number is None:
        return NONE
    return f"{float(f'{number:.3g}'):,.0f}" if number >= 10 else f"{number:.2g}"


def images_per_second(row: Result) -> float | None:
    """Speed of the evaluation's one pass over all images."""
    return row.images / row.seconds if row.seconds and row.agreement is not None else None


def run_elsewhere(row: Result) -> str | None:
    """The command that attests a row on a machine that can run it; see docs/how-to/attest.md.

    None where it was run, and where this machine lacks no hardware but what runs a variant.
    """
    if row.status != "not run" or row.executor != "native":
        return None
    return (
        f"ludus evaluate artifacts/bundle --variant {row.target} --device {row.device} "
        f"--data artifacts/export/reference.npz --out attestations/{row.evaluation}.json"
    )


def summary(rows: list[Result]) -> str:
    """Such as "7 verified, 0 failed, 1 attested, 5 not run"."""
    counts = Counter(row.status for row in rows)
    return ", ".join(f"{counts[status]} {status}" for status in STATUSES)


def terminal(rows: list[Result], sizes: dict[str, int], width: int) -> RenderableType:
    """The table for a terminal of that width, the reasons under it; nothing of it is cut."""
    headers = ("evaluation", "status", "accuracy", "agree", "flips", "diff", "MB", "img/s")
    lines: list[list[str | Text]] = []
    for row in rows:
        name, status, *figures = cells(row, sizes[row.target]).values()
        mark = " *" if row.required else ""
        lines.append([name + mark, core.status(status), *(f.removesuffix(" MB") for f in figures)])
    table = core.Whole(headers, lines, right=headers[2:], gap=2 if width >= 100 else 1)
    why = [(row.evaluation, row.status, _clip(row.reason)) for row in rows if row.reason]
    parts: list[RenderableType] = ["", table, "", *core.reasons(why, width)]
    commands = [command for row in rows if (command := run_elsewhere(row))]
    if commands:
        parts += ["", Text("On machines that can run them, these attest them:")]
        parts += [core.command(command, width) for command in commands]
    return Group(*parts, "", Text(f"{summary(rows)}  (* required)"))


def _clip(reason: str) -> str:
    """A runtime's error can have a page of words; the report's own page has them all."""
    text = " ".join(reason.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def markdown(rows: list[Result], sizes: dict[str, int]) -> str:
    """The table in Markdown, with device and reason."""
    table = [_markdown_cells(row, sizes[row.target]) for row in rows]
    columns = list(table[0])
    lines = [columns, ["---" if name in TEXT_COLUMNS else "---:" for name in columns]]
    lines += [[_escape(value) for value in values.values()] for values in table]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{text}\n\n{summary(rows)} (\\* required)\n"


def results_page(rows: list[Result], sizes: dict[str, int]) -> str:
    """docs/results.md: every row of the last run, and what its columns mean."""
    return f"{RESULTS}\n{markdown(rows, sizes)}"


def _markdown_cells(row: Result, size: int) -> dict[str, str]:
    values = cells(row, size)
    values["evaluation"] = f"`{row.evaluation}`" + (" \\*" if row.required else "")
    values["status"] = f"**{row.status}**" if row.status == "failed" else row.status
    command = run_elsewhere(row)
    reason = f"{row.reason}; where it can: `{command}`" if command else row.reason or ""
    return values | {"device": row.device_name or row.device, "reason": reason}


def _escape(text: str) -> str:
    """A cell must not end early, break its line or turn into HTML."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
