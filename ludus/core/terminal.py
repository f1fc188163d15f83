"""Text for a terminal: tables whose figures and names are never cut, and reasons below them."""

import re
import textwrap
from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

# The colours of the status words and of the results of `ludus doctor`.
STYLES = {
    "verified": "bold green",
    "failed": "bold red",
    "attested": "bold cyan",
    "not run": "yellow",
    "PASS": "bold green",
    "no": "yellow",
}
WIDEST = 10_000  # columns of a terminal in which every table fits


class Whole:
    """A table whose cells are never cut.

    Where the terminal is too narrow for it, the first cell of each row has a line of its own.
    """

    def __init__(
        self,
        headers: Sequence[str],
        rows: Sequence[Sequence[str | Text]],
        right: Sequence[str] = (),
        gap: int = 2,
    ) -> None:
        """right: the columns of numbers. gap: spaces between columns."""
        self.headers, self.rows, self.right, self.gap = headers, rows, right, gap

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = self._lines(console, options, 0)
        if max(line.cell_len for line in lines) > options.max_width:
            firsts = [self.headers[0], *(row[0] for row in self.rows)]
            figures = self._lines(console, options, 1)
            lines = [
                each
                for first, rest in zip(firsts, figures, strict=True)
                for each in (Text.assemble(first), Text.assemble("    ", rest))
            ]
        for line in lines:
            line.rstrip()
            yield from line.render(console)
            yield Segment.line()

    def _lines(self, console: Console, options: ConsoleOptions, first: int) -> list[Text]:
        """A line for the headers and one a row, of the columns from `first` on."""
        made = table(*self.headers[first:], right=self.right, gap=self.gap)
        for row in self.rows:
            made.add_row(*row[first:])
        lines = console.render_lines(made, options.update(width=WIDEST), pad=False)
        return [Text.assemble(*((part.text, part.style or "") for part in line)) for line in lines]


def table(*columns: str, right: Sequence[str] = (), gap: int = 2) -> Table:
    """A plain table without lines; `right` names the columns of numbers."""
    made = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", no_wrap=True)
    return made


def status(word: str) -> Text:
    """A status word in its colour."""
    return Text(word, STYLES.get(word, ""))


def show(*parts: RenderableType) -> None:
    """Print parts, one below the other, to standard output; the terminal wraps long lines."""
    Console().print(Group(*parts), crop=False, highlight=False, soft_wrap=False)


def reasons(found: Sequence[tuple[str, str, str]], width: int) -> list[Text]:
    """Paragraphs for (name, status, reason), wrapped to the width: one for each reason."""
    names: dict[tuple[str, str], list[str]] = {}
    for name, word, reason in found:
        if reason:
            names.setdefault((word, " ".join(reason.split())), []).append(name)
    return [
        paragraph(", ".join(each), reason, width, STYLES.get(word, ""))
        for (word, reason), each in names.items()
    ]


def paragraph(head: str, body: str, width: int, style: str = "") -> Text:
    """ "head: body", the lines after the first indented; no word is cut or broken."""
    lines = textwrap.wrap(
        f"{head}: {body}",
        width,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    text = Text("\n".join(lines), no_wrap=True, overflow="ignore")
    text.stylize(style, 0, len(head) if len(lines[0]) >= len(head) else len(lines[0]))
    return text


def command(text: str, width: int) -> Text:
    """A command to paste, continued over lines by backslashes; an option stays with its value."""
    lines: list[str] = []
    for part in re.split(r" (?=--)", text):
        if lines and len(lines[-1]) + len(part) + 1 <= width - 2:  # " \\" ends the line
            lines[-1] += f" {part}"
        else:
            lines.append(f"  {part}" if lines else part)
    return Text(" \\\n".join(lines), "dim", no_wrap=True, overflow="ignore")
