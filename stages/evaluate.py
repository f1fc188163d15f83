"""Run one evaluation: a target's files over all test images, on one device of one machine.

    python -m stages.evaluate iree-vmvx

reads   artifacts/targets/<target>/, artifacts/export/, artifacts/machine/<machine>.json,
        params.yaml evaluations.<evaluation>
writes  artifacts/evaluations/<evaluation>.json

It measures and refuses nothing: `ludus.results.judge` holds the figures against the floors later.
"""

import argparse
from pathlib import Path

from ludus.errors import UsageError, nearest
from ludus.evaluation import evaluate
from ludus.manifest import read_network, read_variant
from ludus.params import Params, load_params
from ludus.results import Result, write_result
from ludus.stage import run_stage
from ludus.test_set import load_test_set


def run_evaluation(name: str, params: Params, targets: Path, export: Path) -> Result:
    """Run an evaluation of params, or find out why it cannot be run here."""
    if name not in params.evaluations:
        raise UsageError(f"no evaluation '{name}'{nearest(name, set(params.evaluations))}")
    row = params.evaluations[name]
    folder = targets / row.target
    return evaluate(
        read_variant(folder),
        folder,
        row.device,
        load_test_set(export / "reference.npz"),
        read_network(export),
        evaluation=name,
        machine=row.machine,
        through=row.machine,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("evaluation", help="a row of params.yaml evaluations")
    parser.add_argument("--targets", type=Path, default=Path("artifacts/targets"))
    parser.add_argument("--export", type=Path, default=Path("artifacts/export"))
    parser.add_argument("--out", type=Path, help="default: artifacts/evaluations/<evaluation>.json")
    arguments = parser.parse_args()
    result = run_evaluation(
        arguments.evaluation, load_params(), arguments.targets, arguments.export
    )
    write_result(
        result, arguments.out or Path("artifacts/evaluations") / f"{arguments.evaluation}.json"
    )
    print(f"{result.evaluation}: {result.reason or f'{result.images:,} images measured'}")


if __name__ == "__main__":
    run_stage(main)
