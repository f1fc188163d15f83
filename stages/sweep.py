"""Remove from artifacts/ the outputs of rows that params.yaml no longer has.

    python -m stages.sweep                (--everywhere: of the second pipeline)

reads   params.yaml targets, evaluations
writes  artifacts/rows/{targets,evaluations}.json: the names of the rows; removes every other
        folder of artifacts/targets and every other file of artifacts/evaluations

DVC leaves the outputs of a removed row where they are. The stages after this one depend on whole
folders, and would run again, or differ between two checkouts, for files that nothing lists. DVC's
cache keeps them.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from ludus.config.everywhere import of_pipeline
from ludus.core.files import write_json
from ludus.core.program import arguments_of, run_stage


def sweep(folder: Path, listed: Iterable[str]) -> list[str]:
    """Remove from a folder everything that belongs to no listed row; returns the names."""
    kept = set(listed)
    # A row's output is a folder of its name, or a file of its name with a suffix.
    swept = [path for path in sorted(folder.glob("*")) if path.name.partition(".")[0] not in kept]
    for path in swept:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return [path.name for path in swept]


def main() -> None:
    parser = arguments_of(__doc__, artifacts="artifacts")
    parser.add_argument("--everywhere", action="store_true", help="rows of everywhere/params.yaml")
    given = parser.parse_args()
    params = of_pipeline(everywhere=given.everywhere)
    rows = {"targets": sorted(params.targets), "evaluations": sorted(params.evaluations)}
    for table, listed in rows.items():
        for name in sweep(given.artifacts / table, listed):
            print(f"removed {given.artifacts / table / name}: params.yaml has no such row")
        write_json(given.artifacts / "rows" / f"{table}.json", listed)


if __name__ == "__main__":
    run_stage(main)
