"""Print the table of the last report: `python -m ludus.report`."""

from pathlib import Path

from rich.console import Console

from ludus.cli.stage import run_stage
from ludus.config.params import load_params
from ludus.core.errors import DataError
from ludus.evaluation.results import read_results
from ludus.report import table
from ludus.report.inputs import module_sizes


def main() -> None:
    """Raises DataError where no report was made."""
    path = Path("artifacts/report/results.json")
    if not path.exists():
        raise DataError(f"{path} is not there yet; run `make repro`")
    rows = read_results(path)
    sizes = module_sizes(load_params(), Path("artifacts"))
    console = Console()
    console.print(table.terminal(rows, sizes, console.width))
    print("page: artifacts/report/index.html")


if __name__ == "__main__":
    run_stage(main)
