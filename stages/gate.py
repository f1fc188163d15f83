"""Refuse a build unless every required evaluation is verified and none has failed.

    python -m stages.gate

Reads artifacts/report/results.json, where every evaluation has its status and reason. Writes
artifacts/gate.json, which the bundle depends on. A refusal deletes nothing but an earlier pass.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ludus.config.everywhere import place_of
from ludus.core.errors import GateError, UsageError, nearest
from ludus.core.files import write_json
from ludus.core.program import arguments_of, run_stage
from ludus.evaluation.results import Result, Status, read_results

NEXT_STEPS: dict[Status, str] = {
    "failed": "see its figures in {page}; mend the target, or the thresholds under gate in "
    "params.yaml",
    "not run": "run it on a machine that can, or set required: false in {place.row}",
    "attested": "required means verified here: run it on this machine, or set required: false in "
    "{place.row}",
}
BROKE = (
    "mend the target; where the executor was at fault, which DVC does not see: "
    "dvc repro -f -s {place.stage} && {place.repro}"
)


def gate(results: Path, passed: Path, also: Sequence[str] = ()) -> list[str]:
    """Write `passed` if the gate passes; returns the names of the required evaluations.

    also: evaluations that are required beside those that params.yaml says are.

    Raises GateError, which lists each row that fails the gate, and DataError for bad results.
    """
    # An earlier pass must not stand beside these results.
    passed.unlink(missing_ok=True)
    rows = [
        replace(row, required=row.required or row.evaluation in also)
        for row in read_results(results)
    ]
    known = {row.evaluation for row in rows}
    for name in also:
        if name not in known:
            raise UsageError(f"no evaluation '{name}'{nearest(name, known)}")
    if not rows:
        raise GateError(
            f"{results} holds no evaluation; list some under evaluations in params.yaml"
        )
    short = [row for row in rows if fails_gate(row)]
    if short:
        lines = [f"{len(short)} of {len(rows)} evaluations fail the gate:"]
        lines += [_explain(row, results.parent / "index.html") for row in short]
        raise GateError("\n".join(lines))
    required = [row.evaluation for row in rows if row.required]
    write_json(passed, {"passed": True, "required": required})
    return required


def fails_gate(row: Result) -> bool:
    """Whether a row refuses the build: failed anywhere, or required and not verified here."""
    return row.status == "failed" or (row.required and row.status != "verified")


def _explain(row: Result, page: Path) -> str:
    required = " (required)" if row.required else ""
    step = NEXT_STEPS.get(row.status, "run `dvc repro report`")
    if row.failure == "run":
        step = BROKE
    told = step.format(page=page, place=place_of(row.evaluation))
    return (
        f"  {row.evaluation}{required}: {row.status}: {row.reason or 'no reason given'}\n"
        f"    next: {told}"
    )


def main() -> None:
    parser = arguments_of(
        __doc__, results="artifacts/report/results.json", passed="artifacts/gate.json"
    )
    parser.add_argument("--require", metavar="EVALUATION", nargs="*", default=[])
    given = parser.parse_args()
    required = gate(given.results, given.passed, given.require)
    print(f"passed: all {len(required)} required evaluations are verified, and none failed")


if __name__ == "__main__":
    run_stage(main)
