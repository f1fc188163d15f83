"""Runs a variant over the test inputs and measures it against the reference."""

from dataclasses import asdict, replace
from pathlib import Path

from ludus.bundle.inputs import network_inputs
from ludus.bundle.schema import Network, Variant
from ludus.core.errors import LudusError
from ludus.data.reference_set import ReferenceSet
from ludus.evaluation import executors
from ludus.evaluation.results import Result, measure

# How the reason begins where a machine failed before anything was run on it.
BROKEN = "the machine is broken: "


def evaluate(
    variant: Variant,
    folder: Path,
    device: str,
    tests: ReferenceSet,
    network: Network,
    *,
    evaluation: str,
    machine: str,
    through: str = "native",
) -> Result:
    """Run a variant over all inputs on a device.

    evaluation, machine: names for the result, which is "measured", "failed" where the run broke,
    or "not run" with the reason. through: a name in `executors.MACHINES`. Raises DataError for
    inputs of another shape, and MachineBroke where the machine failed in the run: that proves
    nothing of the variant, and a result would be kept when the machine is mended.
    """
    network_inputs(tests, network)
    runner = executors.machine(through)
    result = Result(
        evaluation=evaluation,
        target=variant.target,
        device=device,
        machine=machine,
        status="not run",
        sha256=variant.sha256,
    )
    try:
        reason = runner.why_not(variant, device)
        if reason is not None:
            return replace(result, reason=reason)
        result = replace(result, **asdict(runner.describe(variant, device)))
    except (LudusError, RuntimeError, ValueError) as error:
        # It may stay so, and what need not run here must not end the build.
        return replace(result, reason=f"{BROKEN}{error}")
    try:
        answers = runner.run(variant, folder, device, tests, network)
    except executors.NotHere as error:
        return replace(result, reason=str(error))
    except executors.MachineBroke:
        raise
    except (LudusError, RuntimeError, ValueError, IndexError) as error:
        return replace(result, status="failed", reason=f"broke: {error}")
    return replace(
        result,
        status="measured",
        device_name=answers.device_name,
        seconds=answers.seconds,
        **measure(answers.outputs, tests.labels, tests.reference),
    )
