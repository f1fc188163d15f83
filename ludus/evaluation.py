"""Runs a variant over labelled images and measures it against the reference."""

from dataclasses import asdict, replace
from pathlib import Path

from ludus import machines
from ludus.errors import DataError, LudusError
from ludus.manifest import Network, Variant
from ludus.results import Result, measure
from ludus.test_set import TestSet


def evaluate(
    variant: Variant,
    folder: Path,
    device: str,
    tests: TestSet,
    network: Network,
    *,
    evaluation: str,
    machine: str,
    through: str = "native",
) -> Result:
    """Run a variant over all images on a device.

    evaluation, machine: names for the result, which is "measured", "failed" where the run broke,
    or "not run" with the reason. through: a name in `machines.MACHINES`. Raises DataError for
    images of another size.
    """
    size = (network.preprocess.size, network.preprocess.size)
    if tests.images.shape[1:] != size:
        raise DataError(f"the images are {tests.images.shape[1:]} pixels, expected {size}")
    runner = machines.machine(through)
    reason = runner.why_not(variant, device)
    result = Result(
        evaluation=evaluation,
        target=variant.target,
        device=device,
        machine=machine,
        status="not run",
        reason=reason,
        sha256=variant.sha256,
    )
    if reason is not None:
        return result
    result = replace(result, **asdict(runner.describe(variant, device)))
    try:
        answers = runner.run(variant, folder, device, tests, network)
    except machines.NotHere as error:
        return replace(result, reason=str(error))
    except (LudusError, RuntimeError, ValueError, IndexError) as error:
        return replace(result, status="failed", reason=f"broke: {error}")
    return replace(
        result,
        status="measured",
        device_name=answers.device_name,
        seconds=answers.seconds,
        **measure(answers.probabilities, tests.labels, tests.reference),
    )
