"""Print the last benchmark in Markdown: `python -m ludus.benchmark [FILE]`."""

import sys
from pathlib import Path

from ludus.benchmark import tables
from ludus.benchmark.record import read_record
from ludus.core.program import run_stage


def main() -> None:
    """Raises DataError where there is none."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "artifacts/benchmark.json")
    print(tables.markdown(read_record(path)), end="")


if __name__ == "__main__":
    run_stage(main)
