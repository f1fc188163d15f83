"""What clients get: the golden answers, by every protocol."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from ludus.bundle.inputs import network_inputs
from ludus.bundle.preprocessing import load_image, preprocess
from ludus.bundle.reader import Bundle, read_bundle
from ludus.runtimes import load
from ludus.serving import triton
from support.needed import absent
from support.paths import BUNDLE, GOLDEN, TENSORS, TESTS
from support.served import Server, pictures, tensor

CLIENT = TESTS / "support" / "triton_client.py"


@pytest.fixture(scope="module")
def digits() -> Bundle:
    return read_bundle(BUNDLE)


@pytest.fixture(scope="module")
def features() -> Bundle:
    return read_bundle(TENSORS)


def test_a_tensor_as_json_gives_the_golden_answers(serving: Server, digits: Bundle) -> None:
    golden = digits.golden()
    answer = serving.infer("golden", tensor("image", network_inputs(golden, digits.manifest)))
    assert answer.status == 200
    np.testing.assert_allclose(answer.output, golden.reference, rtol=0, atol=1e-4)


def test_every_batch_gives_the_same(serving: Server, digits: Bundle) -> None:
    golden = digits.golden()
    images, expected = network_inputs(golden, digits.manifest), golden.reference
    for count in (1, 2, 5, 300):
        of = np.arange(count) % len(images)
        answer = serving.infer("golden", tensor("image", images[of]))
        np.testing.assert_allclose(answer.output, expected[of], rtol=0, atol=1e-4)


def test_a_network_that_is_no_classifier_gives_its_shape(serving: Server, features: Bundle) -> None:
    golden = features.golden()
    answer = serving.infer(
        "golden-tensors", tensor("picture", network_inputs(golden, features.manifest))
    )
    assert answer.output.shape == (6, 4, 5)
    np.testing.assert_allclose(answer.output, golden.reference, rtol=0, atol=1e-4)


def test_drawings_as_files_are_recognised(serving: Server, digits: Bundle) -> None:
    files = [(GOLDEN / "drawings" / f"{digit}.png").read_bytes() for digit in range(10)]
    answer = serving.ask("v2/models/golden/infer", *pictures(*files))
    assert answer.output.argmax(1).tolist() == list(range(10))


def test_a_photo_gives_what_it_gives_in_python(serving: Server, features: Bundle) -> None:
    how = features.manifest.preprocess
    assert how is not None
    paths = sorted((GOLDEN / "photos").glob("*.png"))
    assert len(paths) > 2
    run = load(features.variant("iree-vmvx"), features.folder, "cpu")
    for path in paths:
        answer = serving.ask("v2/models/golden-tensors/infer", *pictures(path.read_bytes()))
        expected = run(preprocess(load_image(path), how)[np.newaxis])
        np.testing.assert_allclose(answer.output, expected, rtol=0, atol=1e-4, err_msg=path.name)


def test_labels_come_by_tritons_classification(serving: Server, digits: Bundle) -> None:
    image = network_inputs(digits.golden(), digits.manifest)[3:4]
    wanted = {"name": "probabilities", "parameters": {"classification": 2}}
    answer = serving.infer("golden", tensor("image", image), outputs=[wanted])
    first, _ = answer.json["outputs"][0]["data"]
    assert first.split(":")[1:] == ["3", "3"]


def test_nvidias_own_clients_get_the_same(serving: Server, digits: Bundle, tmp_path: Path) -> None:
    golden = digits.golden()
    np.savez(tmp_path / "in.npz", images=network_inputs(golden, digits.manifest))
    python = triton.OWN / "bin" / "python"
    if not python.exists():
        absent("triton", "no .triton/bin/python; `make triton` installs it")
    command = [
        python,
        CLIENT,
        serving.http,
        serving.grpc,
        tmp_path / "in.npz",
        tmp_path / "out.npz",
    ]
    subprocess.run(list(map(str, command)), check=True, timeout=120)
    with np.load(tmp_path / "out.npz") as answers:
        assert set(answers) == {"http", "http_json", "grpc", "grpc_picture"}
        for name in ("http", "http_json", "grpc"):
            np.testing.assert_allclose(answers[name], golden.reference, rtol=0, atol=1e-4)
        assert answers["grpc_picture"].argmax() == 7


def test_curl_gets_the_same(serving: Server, digits: Bundle, tmp_path: Path) -> None:
    golden = digits.golden()
    request = {"inputs": [tensor("image", network_inputs(golden, digits.manifest)[:1])]}
    (tmp_path / "request.json").write_text(json.dumps(request))
    url = f"http://127.0.0.1:{serving.http}/v2/models/golden/infer"
    asked = ["curl", "--silent", "--show-error", "--fail", "--json", "@request.json", url]
    said = subprocess.run(asked, cwd=tmp_path, capture_output=True, check=True).stdout
    np.testing.assert_allclose(
        json.loads(said)["outputs"][0]["data"], golden.reference[0], rtol=0, atol=1e-4
    )


def test_versions_stand_side_by_side(serving: Server, digits: Bundle) -> None:
    assert serving.ask("v2/models/golden").json["versions"] == ["1", "2"]
    image = network_inputs(digits.golden(), digits.manifest)[:1]
    for version in ("1", "2"):
        path = f"v2/models/golden/versions/{version}/infer"
        answer = serving.ask(path, {"inputs": [tensor("image", image)]})
        assert (answer.status, answer.json["model_version"]) == (200, version)


def test_metadata_are_the_manifests(serving: Server) -> None:
    told = serving.ask("v2/models/golden").json
    assert told["inputs"] == [
        {"name": "image", "datatype": "FP32", "shape": [-1, 1, 28, 28]},
        {"name": "encoded_picture", "datatype": "BYTES", "shape": [-1, 1]},
    ]
    assert told["outputs"] == [{"name": "probabilities", "datatype": "FP32", "shape": [-1, 10]}]
