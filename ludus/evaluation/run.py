"""Runs a variant over the test inputs and measures it against the reference."""

from dataclasses import asdict, replace
from pathlib import Path

from ludus.bundle.inputs import network_inputs
from ludus.bundle.schema import Network, Variant
from ludus.core.errors import LudusError
from ludus.core.types import Executor
from ludus.data.reference_set import ReferenceSet
from ludus.evaluation import executors
from ludus.evaluation.results import Result, measure


def evaluate(
    variant: Variant,
    folder: Path,
    device: str,
    tests: ReferenceSet,
    network: Network,
    *,
    evaluation: str,
    executor: Executor = "native",
    machine: str | None = None,
) -> Result:
    """Run a variant over all inputs on a device.

    evaluation, machine: labels for the result, which is "measured", "failed" if the run broke, or
    "not run" with the reason. executor: the one to use; the result of a run holds the name that the
    executor itself gives. Raises DataError for inputs of another shape, and ExecutorError if the
    executor failed: that proves nothing about the variant, and DVC would keep a result even after
    the executor is repaired.
    """
    network_inputs(tests, network)
    runner = executors.executor(executor)
    result = Result(
        evaluation=evaluation,
        target=variant.target,
        device=device,
        executor=executor,
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
        # It may stay broken, and a row that need not run here must not end the build.
        return replace(result, reason=f"the executor is broken: {error}", failure="executor")
    try:
        answers = runner.run(variant, folder, device, tests, network)
    except executors.NotHere as error:
        return replace(result, reason=str(error))
    except executors.ExecutorError:
        raise
    except (LudusError, RuntimeError, ValueError, IndexError) as error:
        return replace(result, status="failed", reason=f"broke: {error}", failure="run")
    return replace(
        result,
        status="measured",
        executor=answers.executor,
        device_name=answers.device_name,
        seconds=answers.seconds,
        **measure(answers.outputs, tests.labels, tests.reference),
    )
