"""Print the table of the last report: `python -m ludus.report`.

With --markdown it prints docs/results.md: `python -m ludus.report --markdown > docs/results.md`.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from ludus.config.params import load_params
from ludus.core.errors import DataError
from ludus.core.program import run_stage
from ludus.evaluation.results import read_results
from ludus.report import table
from ludus.report.inputs import module_sizes


def main(arguments: list[str]) -> None:
    """Raises DataError where no report was made."""
    parser = argparse.ArgumentParser(prog="python -m ludus.report", description=__doc__)
    parser.add_argument("--markdown", action="store_true", help="print docs/results.md")
    asked = parser.parse_args(arguments)
    path = Path("artifacts/report/results.json")
    if not path.exists():
        raise DataError(f"{path} is not there yet; run `make repro`")
    rows = read_results(path)
    sizes = module_sizes(load_params(), Path("artifacts"))
    if asked.markdown:
        print(table.results_page(rows, sizes), end="")
        return
    console = Console()
    console.print(table.terminal(rows, sizes, console.width), crop=False)
    print("page: artifacts/report/index.html")


if __name__ == "__main__":
    run_stage(lambda: main(sys.argv[1:]))
