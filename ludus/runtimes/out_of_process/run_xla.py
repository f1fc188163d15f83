"""XLA's CPU client, through JAX, which compiles StableHLO when it is loaded.

run_xla.py MODULE DEVICE    DEVICE: cpu; MODULE has one function, `main`

jax.export runs only what JAX itself traced; other StableHLO goes directly to the client.
"""

import sys
from pathlib import Path

import jax
import numpy as np
from jax.extend import backend
from jaxlib import xla_client
from serve import answer, calls, ready


def main(path: str, device: str) -> None:
    client = backend.get_backend(device)
    devices = xla_client.DeviceList(tuple(client.local_devices()))
    options = xla_client.CompileOptions()
    ready()
    program = client.compile_and_load(Path(path).read_text(), devices, options)
    for _, argument in calls():
        (result,) = program.execute([jax.device_put(argument)])
        answer(np.asarray(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
