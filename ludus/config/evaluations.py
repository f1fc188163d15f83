"""The rows of `evaluations` in params.yaml."""

from ludus.core.types import Device, Executor, Strict


class Evaluation(Strict):
    """Where a target is run: one row of `evaluations`."""

    target: str
    device: Device
    executor: Executor
    required: bool
