"""deploy/nginx.conf before a server: TLS, limits, and what is passed on."""

import json
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from ludus.bundle.inputs import network_inputs
from ludus.bundle.reader import read_bundle
from ludus.serving import triton
from support.needed import absent
from support.nginx import Proxy
from support.paths import BUNDLE
from support.served import tensor

GRPC = """
import sys, numpy, tritonclient.grpc as grpc
port, certificate, out = sys.argv[1:]
client = grpc.InferenceServerClient(f"localhost:{port}", ssl=True, root_certificates=certificate)
given = grpc.InferInput("image", [1, 1, 28, 28], "FP32")
given.set_data_from_numpy(numpy.load(out))
numpy.save(out, client.infer("golden", [given]).as_numpy("probabilities"))
try:
    client.unload_model("golden")
except grpc.InferenceServerException as error:
    print(error.status())
"""


def test_an_answer_comes_by_tls(proxy: Proxy) -> None:
    bundle = read_bundle(BUNDLE)
    golden = bundle.golden()
    body = {"inputs": [tensor("image", network_inputs(golden, bundle.manifest))]}
    answer = proxy.ask("v2/models/golden/infer", json.dumps(body).encode())
    assert answer.status == 200
    np.testing.assert_allclose(answer.output, golden.reference, rtol=0, atol=1e-4)


def test_grpc_comes_by_tls_and_cannot_change_the_server(proxy: Proxy, tmp_path: Path) -> None:
    python = triton.OWN / "bin" / "python"
    if not python.exists():
        absent("triton", "no .triton/bin/python; `make triton` installs it")
    bundle = read_bundle(BUNDLE)
    golden = bundle.golden()
    np.save(tmp_path / "x.npy", network_inputs(golden, bundle.manifest)[:1])
    command = [python, "-c", GRPC, proxy.port, proxy.certificate, tmp_path / "x.npy"]
    said = subprocess.run(
        list(map(str, command)), check=True, capture_output=True, text=True, timeout=60
    ).stdout
    np.testing.assert_allclose(np.load(tmp_path / "x.npy"), golden.reference[:1], atol=1e-4)
    assert "UNIMPLEMENTED" in said, "nginx answers 404"


@pytest.mark.parametrize(
    "path",
    ["v2/repository/index", "v2/repository/models/golden/unload", "v2/logging",
     "v2/systemsharedmemory/status", "v2/models/golden/trace/setting", "metrics", ""],
)  # fmt: skip
def test_what_changes_or_shows_the_server_is_not_passed_on(proxy: Proxy, path: str) -> None:
    assert proxy.ask(path, b"{}").status == 404


def test_a_request_that_is_too_large_is_refused(proxy: Proxy) -> None:
    assert proxy.ask("v2/models/golden/infer", b" " * (17 << 20)).status == 413


def test_without_tls_nothing_is_answered(proxy: Proxy) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"http://127.0.0.1:{proxy.port}/v2/health/ready", timeout=10)
    with error.value:
        assert error.value.code == 400
