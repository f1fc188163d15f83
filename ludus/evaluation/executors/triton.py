"""NVIDIA's Triton with the backend of Ludus serves a bundle of one variant, and is queried."""

import hashlib
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ludus.bundle.inputs import network_inputs
from ludus.bundle.reader import read_bundle
from ludus.bundle.schema import Network, Variant
from ludus.core.arrays import read_arrays
from ludus.core.errors import ToolError
from ludus.data.reference_set import ReferenceSet
from ludus.evaluation.executors import (
    Answers,
    Described,
    blaming_the_executor,
    bundle_of_one,
    native,
)
from ludus.process.tools import run_tool
from ludus.runtimes.iree import why_no_device
from ludus.serving import repository, triton

CLIENT = Path(__file__).parent / "ask_triton.py"
PYTHON = triton.OWN / "bin" / "python"
BATCH = 256  # inputs a request
TIMEOUT = 1800.0  # seconds for all requests


def facts() -> dict[str, Any]:
    """The digests of server and backend and the client's package, or why they are missing."""
    return {name: _fact(part) for name, part in PARTS.items()}


def why_not(variant: Variant, device: str) -> str | None:
    """Why Triton is missing, or cannot serve the variant on this machine's device, or None."""
    reasons = (_try(part)[1] for part in PARTS.values())
    return next((reason for reason in reasons if reason), None) or why_no_device(variant, device)


def describe(variant: Variant, device: str) -> Described:
    """The device's own name, and the version of IREE's runtime, which is the module's own."""
    return Described(
        device_name=native.describe(variant, device).device_name,
        runtime_version=f"{variant.iree_version} in Triton",
    )


def run(
    variant: Variant, folder: Path, device: str, tests: ReferenceSet, network: Network
) -> Answers:
    """Serve the variant and send all inputs; the seconds are those of the requests.

    Raises ToolError with Triton's or the client's message, and ExecutorError where they were
    killed or fail without a model, too, as where another program took the port.
    """
    with tempfile.TemporaryDirectory(prefix="ludus-triton-") as scratch:
        here = Path(scratch)
        bundle = bundle_of_one.write(here / "bundle", variant, folder, tests, network)
        models, log = here / "models", here / "log"
        options = repository.Options(device=device, max_batch=BATCH)
        repository.write_repository([read_bundle(bundle)], options, models)
        np.save(here / "inputs.npy", network_inputs(tests, network))
        http, grpc = _free_ports()
        addresses = triton.Addresses(http=http, grpc=grpc, metrics=0)
        with blaming_the_executor(lambda: why_broken(addresses)):
            with triton.started(models, addresses, None, log) as server:
                address = f"{addresses.host}:{addresses.grpc}"
                names = network.inputs[0].name, network.outputs[0].name
                asked = [address, bundle_of_one.NAME, *names, str(BATCH), "inputs.npy", "out.npz"]
                try:
                    run_tool([str(PYTHON), "-E", str(CLIENT), *asked], here, seconds=TIMEOUT)
                except ToolError:
                    server.check_alive()  # the client's error says only that nobody answers
                    raise
            outputs, seconds = read_arrays(here / "out.npz", ("outputs", "seconds"), "run it again")
    name = native.describe(variant, device).device_name
    return Answers(
        executor="triton", outputs=outputs, seconds=float(seconds), device_name=str(name)
    )


def why_broken(addresses: triton.Addresses) -> str | None:
    """Why the client does not start, or at these ports the server without a model, or None."""
    with tempfile.TemporaryDirectory(prefix="ludus-triton-") as scratch:
        models = Path(scratch) / "models"
        models.mkdir()
        try:
            run_tool([str(PYTHON), "-E", "-c", "import tritonclient.grpc"], seconds=60)
            with triton.started(models, addresses, None, Path(scratch) / "log"):
                return None
        except ToolError as error:
            return f"it fails without a model, too: {error}"


def _backend() -> Path:
    return triton.find_backends() / triton.LIBRARY


def _client() -> Path:
    found = sorted(triton.OWN.glob("lib/python3.*/site-packages/tritonclient-*.dist-info/RECORD"))
    if not found or not PYTHON.exists():
        raise ToolError("NVIDIA's clients are not here; `make triton` installs them")
    return found[0]


PARTS = {"server": triton.find_server, "backend": _backend, "client": _client}


def _try(part: Callable[[], Path]) -> tuple[Path | None, str | None]:
    try:
        return part(), None
    except ToolError as error:
        return None, str(error)


def _fact(part: Callable[[], Path]) -> dict[str, str | None]:
    path, reason = _try(part)
    digest = None if path is None else hashlib.sha256(path.read_bytes()).hexdigest()
    return {"name": digest, "reason": reason}


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]
