"""What is asked wrongly is refused with our words, and the server goes on."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from support.paths import BUNDLE, GOLDEN
from support.ports import free_ports
from support.served import Server, pictures, refused, tensor

IMAGE = np.zeros((1, 1, 28, 28), np.float32)


def png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (width, height)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([tensor("imag", IMAGE)], "unexpected inference input 'imag'"),
        ([tensor("image", IMAGE[..., :27])], "Expected [-1,1,28,28], got [1,1,28,27]"),
        ([tensor("image", IMAGE[0])], "unexpected shape for input 'image'"),
        ([tensor("image", IMAGE) | {"datatype": "INT32", "data": [0] * 784}], "expects 'FP32'"),
        ([], "the request has the inputs []; expected one of 'image' and 'encoded_picture'"),
        ([tensor("image", np.zeros((1025, 1, 28, 28)))], "<= 1024"),
    ],
    ids=["name", "shape", "rank", "datatype", "nothing", "batch"],
)
def test_a_wrong_input_is_the_clients_error(serving: Server, given: list, says: str) -> None:
    answer = serving.infer("golden", *given)
    assert answer.status == 400
    assert says in answer.json["error"]


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (b"", "the picture of 0 bytes cannot be read: it is neither PNG nor JPEG"),
        (b"GIF89a...", "it is neither PNG nor JPEG"),
        (png(64, 64)[:60], "cannot be read"),
        (png(9000, 1), "cannot be read"),
        (png(28, 28), "the picture shows nothing"),
    ],
    ids=["empty", "gif", "cut off", "huge", "blank"],
)
def test_a_wrong_picture_is_the_clients_error(serving: Server, file: bytes, says: str) -> None:
    answer = serving.ask("v2/models/golden/infer", *pictures(file))
    assert answer.status == 400
    assert says in answer.json["error"]


def test_a_wrong_picture_spoils_no_other_request(serving: Server) -> None:
    """Both may be in one batch."""
    good = (GOLDEN / "drawings" / "4.png").read_bytes()
    answers = [
        serving.ask("v2/models/golden/infer", *pictures(file)) for file in (good, b"no", good)
    ]
    assert [answer.status for answer in answers] == [200, 400, 200]
    assert answers[2].output.argmax() == 4


def test_lengths_that_lie_are_the_clients_error(serving: Server) -> None:
    data = b"\xff\xff\xff\x7fabc"
    described = {"name": "encoded_picture", "datatype": "BYTES", "shape": [1, 1],
                 "parameters": {"binary_data_size": len(data)}}  # fmt: skip
    head = json.dumps({"inputs": [described]}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    answer = serving.ask("v2/models/golden/infer", head + data, headers)
    assert answer.status == 400


def test_what_is_no_json_is_an_error_and_no_end(serving: Server) -> None:
    """Triton 2.51 calls it its own error, 500."""
    answer = serving.ask("v2/models/golden/infer", b'{"inputs":[')
    assert answer.status >= 400
    assert "failed to parse the request JSON" in answer.json["error"]
    assert serving.ask("v2/health/ready").status == 200


def test_a_large_body_that_is_said_to_be_a_form_is_an_error_and_no_end(serving: Server) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert serving.ask("v2/models/golden/infer", b"x" * (40 << 20), form).status >= 400
    assert serving.ask("v2/health/ready").status == 200


def test_an_unknown_model_and_version_are_told(serving: Server) -> None:
    for path in ("v2/models/letters/infer", "v2/models/golden/versions/7/infer"):
        answer = serving.ask(path, {"inputs": [tensor("image", IMAGE)]})
        assert answer.status in (400, 404)
        assert "unknown model" in answer.json["error"]


def test_a_port_that_is_taken_is_told(serving: Server) -> None:
    said = refused(BUNDLE, "--http", serving.http)
    assert f"--http {serving.http}: nobody can listen there on 127.0.0.1: " in said


def test_a_device_that_is_not_here_does_not_fall_back() -> None:
    (http,) = free_ports(1)
    ports = ["--http", http, "--grpc", 0, "--metrics", 0]
    said = refused(BUNDLE, "--device", "cuda", *ports)
    assert "is for 'cuda'; it has iree-vulkan (vulkan), iree-vmvx (cpu)" in said
    assert "before it was ready" in said


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        ([GOLDEN / "no-bundle"], {}, "no-bundle/manifest.json cannot be read"),
        ([BUNDLE, "--http", "8001"], {}, "one port is given twice: 8001, 8001"),
        ([BUNDLE], {"TRITON_SERVER": "/no/triton"}, "TRITON_SERVER names /no/triton"),
        ([BUNDLE], {"LUDUS_TRITON_BACKENDS": "/no"}, "`make triton` builds it"),
        ([BUNDLE, "--write", GOLDEN], {}, "is there already"),
        ([BUNDLE, "--device", "toaster", "--grpc", "0", "--metrics", "0"], {},
         "--device toaster is no device"),
        ([BUNDLE, "--device", "iree-vmvy"], {}, "did you mean 'iree-vmvx'?"),
        ([BUNDLE, "--host", "nowhere.invalid"], {}, "on nowhere.invalid: "),
    ],
    ids=["no bundle", "ports", "server", "backend", "write", "device", "variant", "host"],
)  # fmt: skip
def test_a_server_that_cannot_be_is_told(arguments: list, environment: dict, says: str) -> None:
    assert says in refused(*arguments, **environment)
