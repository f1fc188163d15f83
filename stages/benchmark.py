"""Measure every target that runs here, side by side with the other runners.

    python -m stages.benchmark            (the short form; --long takes minutes)

reads   params.yaml benchmark, targets; artifacts/targets/, artifacts/export/
writes  artifacts/benchmark.json

Times differ from run to run, so neither the gate nor the bundle depends on them.
"""

from pathlib import Path

from rich.console import Console

from ludus.benchmark import plan, tables
from ludus.benchmark.record import Record, write_record
from ludus.benchmark.run import benchmark
from ludus.bundle.inputs import network_inputs
from ludus.bundle.schema import read_network, read_variant
from ludus.config.params import Params, load_params
from ludus.core.program import arguments_of, run_stage
from ludus.data.reference_set import load_reference_set

MOST_IMAGES = max(plan.LONG.curve)


def measure_targets(params: Params, targets: Path, export: Path, *, long: bool = False) -> Record:
    """Benchmark the targets of params. Raises DataError for inputs or files that are not there."""
    tests = load_reference_set(export / "reference.npz")
    names = [name for name, target in params.targets.items() if target.bundled]
    built = [(read_variant(targets / name), targets / name) for name in names]
    return benchmark(
        built,
        network_inputs(tests, read_network(export))[:MOST_IMAGES],
        tests.reference[:MOST_IMAGES],
        plan.LONG if long else params.benchmark,
        long=long,
    )


def main() -> None:
    parser = arguments_of(
        __doc__,
        targets="artifacts/targets",
        export="artifacts/export",
        out="artifacts/benchmark.json",
    )
    parser.add_argument("--long", action="store_true", help="every batch, 40 rounds: takes minutes")
    given = parser.parse_args()
    record = measure_targets(load_params(), given.targets, given.export, long=given.long)
    write_record(record, given.out)
    console = Console()
    console.print(tables.terminal(record, console.width), crop=False)


if __name__ == "__main__":
    run_stage(main)
