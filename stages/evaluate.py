"""Run one evaluation: a target's files over all test images, on one device, by one executor.

    python -m stages.evaluate iree-vmvx

reads   artifacts/targets/<target>/, artifacts/export/, artifacts/devices/<device>.json,
        artifacts/executors/<executor>.json, params.yaml evaluations.<evaluation>
writes  artifacts/evaluations/<evaluation>.json

The stage measures and refuses nothing: `ludus.evaluation.results.judge` compares the figures with
the thresholds later. If the executor breaks during the run, the stage writes nothing and fails, so
that DVC tries it again.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from ludus.bundle.schema import read_network, read_variant
from ludus.config.everywhere import of_pipeline, place_of
from ludus.config.params import Params
from ludus.core.errors import DeviceError, UsageError, nearest
from ludus.core.files import read_json
from ludus.core.program import arguments_of, run_stage
from ludus.data.reference_set import load_reference_set
from ludus.evaluation import executors
from ludus.evaluation.results import Result, write_result
from ludus.evaluation.run import evaluate
from ludus.runtimes import devices


def run_evaluation(name: str, params: Params, targets: Path, export: Path) -> Result:
    """Run an evaluation of params, or find out why it cannot be run here."""
    if name not in params.evaluations:
        raise UsageError(f"no evaluation '{name}'{nearest(name, set(params.evaluations))}")
    row = params.evaluations[name]
    folder = targets / row.target
    try:
        result = evaluate(
            read_variant(folder),
            folder,
            row.device,
            load_reference_set(export / "reference.npz"),
            read_network(export),
            evaluation=name,
            executor=row.executor,
        )
    except executors.ExecutorError as error:
        raise executors.ExecutorError(
            f"{name}: the executor '{row.executor}' broke, which proves nothing of the target, so "
            f"there is no result; mend it and run `dvc repro {place_of(name).stage}`: {error}"
        ) from None
    if result.failure == "executor":
        stage = place_of(name).stage
        again = f"when it is mended, which DVC does not see: `dvc repro -f -s {stage}`"
        result = replace(result, reason=f"{result.reason}; {again}")
    return result


def refuse_if_unseen(result: Result, probed: Path) -> None:
    """Refuse to keep the reason for `not run` if the machine differs from what `probe` wrote.

    probed: the folder that has probe's folders devices and executors. DVC sees the machine only by
    them: with files from before a prebuilt dependency was damaged, DVC would keep the row after the
    repair. Raises DeviceError.
    """
    if result.status != "not run":
        return
    kind, step = TypeAdapter(dict[str, Any]), "run `dvc repro probe`"
    device = probed / "devices" / f"{result.device}.json"
    executor = probed / "executors" / f"{result.executor}.json"
    seen = (
        read_json(kind, device, "file of a device", step),
        read_json(kind, executor, "file of an executor", step),
    )
    if seen != (devices.facts(result.device), executors.executor(result.executor).facts()):
        raise DeviceError(
            f"{result.evaluation} cannot run: {result.reason}\n{device} and {executor} were "
            "written when the machine was another; run "
            f"`dvc repro {place_of(result.evaluation).stage}`, which looks at it anew"
        )


def main() -> None:
    parser = arguments_of(
        __doc__,
        targets="artifacts/targets",
        export="artifacts/export",
        probed="artifacts",
    )
    parser.add_argument("evaluation", help="a row of params.yaml evaluations")
    parser.add_argument("--out", type=Path, help="default: artifacts/evaluations/<evaluation>.json")
    parser.add_argument("--everywhere", action="store_true", help="rows of everywhere/params.yaml")
    arguments = parser.parse_args()
    params = of_pipeline(everywhere=arguments.everywhere)
    result = run_evaluation(arguments.evaluation, params, arguments.targets, arguments.export)
    refuse_if_unseen(result, arguments.probed)
    write_result(
        result, arguments.out or Path("artifacts/evaluations") / f"{arguments.evaluation}.json"
    )
    print(f"{result.evaluation}: {result.reason or f'{result.images:,} images measured'}")


if __name__ == "__main__":
    run_stage(main)
