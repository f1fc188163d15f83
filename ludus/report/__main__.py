"""Print the table of the last report: `python -m ludus.report`.

With --markdown it prints docs/results.md: `python -m ludus.report --markdown > docs/results.md`.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from ludus.core.errors import DataError
from ludus.core.program import run_stage
from ludus.evaluation.results import Result, read_results
from ludus.report import table
from ludus.report.inputs import module_sizes


def main(arguments: list[str]) -> None:
    """Raises DataError where no report was made."""
    parser = argparse.ArgumentParser(prog="python -m ludus.report", description=__doc__)
    parser.add_argument("--markdown", action="store_true", help="print docs/results.md")
    asked = parser.parse_args(arguments)
    rows, sizes, page = _last_report(Path("artifacts"))
    if asked.markdown:
        print(table.results_page(rows, sizes), end="")
        return
    console = Console()
    console.print(table.terminal(rows, sizes, console.width), crop=False)
    print(f"page: {page}")


def _last_report(artifacts: Path) -> tuple[list[Result], dict[str, int], Path]:
    """The rows of the report of both pipelines where it holds the first's of now, else the first's.

    Beside them the sizes of modules, and the report's page.
    """
    first, both = (artifacts / name / "report" for name in ("", "everywhere"))
    path = first / "results.json"
    if not path.exists():
        raise DataError(f"{path} is not there yet; run `make repro`")
    rows, of_both = read_results(path), both / "results.json"
    all_rows = read_results(of_both) if of_both.exists() else []
    if all_rows[: len(rows)] != rows:
        all_rows, both = rows, first
    # Of the rows' own targets: params.yaml may have been edited since the report.
    targets = {row.target for row in all_rows}
    built = module_sizes(targets, artifacts)
    elsewhere = module_sizes(targets, artifacts / "everywhere")
    sizes = {target: built[target] or elsewhere[target] for target in targets}
    return all_rows, sizes, both / "index.html"


if __name__ == "__main__":
    run_stage(lambda: main(sys.argv[1:]))
