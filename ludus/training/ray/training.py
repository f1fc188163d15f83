"""Connects to a Ray cluster, and disconnects."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ray

import ludus
from ludus.config.training import Ray, Train
from ludus.core.errors import ClusterError, ToolError
from ludus.process.tools import run_tool
from ludus.training.ray.address import check_listens, check_places
from ludus.training.ray.backend import ClusterBackend

ANSWERS_WITHIN = 20.0  # seconds, of a head: it takes 3

# Of each worker. CUBLAS: else it may differ run by run.
VARIABLES = {
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
}


@contextmanager
def cluster(params: Train) -> Iterator[ClusterBackend]:
    """Ludwig's backend on the cluster that params name. Raises ClusterError."""
    os.environ["RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S"] = str(params.ray.wait)
    with connected(params.ray), tempfile.TemporaryDirectory() as folder:
        yield ClusterBackend(params, folder)


@contextmanager
def connected(asked: Ray, who: str = "params.yaml train.ray") -> Iterator[None]:
    """This process as a driver of the cluster, which has a place for all workers that are asked.

    address: local starts a cluster of this machine only, and ends it. An error for too few places
    names `who`. Raises ClusterError.
    """
    check_listens(asked.address)
    _check_answers(asked.address)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        ray.init(
            address=asked.address,
            # The workers run this checkout's `ludus`, whatever their nodes have.
            runtime_env={"py_modules": [str(Path(ludus.__file__).parent)], "env_vars": VARIABLES},
            include_dashboard=False if asked.address == "local" else None,
            log_to_driver=False,
            logging_level="ERROR",
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ClusterError(
            f"params.yaml train.ray.address: no Ray cluster of this version answers at "
            f"{asked.address}: {error}"
        ) from error
    try:
        check_places(ray.nodes(), asked, who)
        yield
    finally:
        ray.shutdown()


def _check_answers(address: str) -> None:
    """Raise ClusterError where what listens is no Ray; ray.init would try for minutes, and die."""
    if address == "local":
        return
    ask = [str(Path(sys.executable).with_name("ray")), "status", "--address", address]
    try:
        run_tool(ask, seconds=ANSWERS_WITHIN)
    except ToolError as error:
        raise ClusterError(
            f"params.yaml train.ray.address: what listens at {address} does not answer as the head "
            f"of a Ray cluster ({error})"
        ) from None
