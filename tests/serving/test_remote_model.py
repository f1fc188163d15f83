"""LudusModel on a served model: headless Godot as the client, Triton as the server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ludus.process import godot
from support import faulty
from support.faulty import Faulty
from support.needed import absent
from support.nginx import Proxy
from support.paths import BUNDLE, GOLDEN
from support.served import Server

HERE = Path(__file__).parent
MODEL = "v2/models/golden"
FILES = {
    "remote.gd": HERE / "remote.gd",
    "drawings": GOLDEN / "drawings",
    "models/golden": BUNDLE,
}

# Of Godot's @GlobalScope.Error.
OK, UNAVAILABLE, UNCONFIGURED, UNAUTHORIZED, TIMEOUT = 0, 2, 3, 4, 24
CANT_CONNECT, CONNECTION_ERROR = 25, 27
INVALID_DATA, INVALID_PARAMETER, DOES_NOT_EXIST = 30, 31, 33


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    reason = godot.why_not()
    if reason is not None:
        absent("godot", reason)
    return godot.make_project(tmp_path_factory.mktemp("godot") / "project", FILES)


@pytest.fixture
def failing(serving: Server) -> Iterator[Faulty]:
    with faulty.started(f"http://127.0.0.1:{serving.http}") as server:
        yield server


def came_of(project: Path, way: str, url: str) -> dict[str, Any]:
    said = godot.run(project, "--script", "res://remote.gd", "--", way, url, timeout=60)
    (line,) = [line for line in said.splitlines() if line.startswith("came of it: ")]
    found: dict[str, Any] = json.loads(line.partition(": ")[2])
    return found


def test_it_is_used_as_one_of_this_machine_is(project: Path, serving: Server) -> None:
    url = f"http://127.0.0.1:{serving.http}/{MODEL}"
    came = came_of(project, "both", url)
    assert came.pop("errors") == [OK] * 6
    assert came.pop("difference") < 1e-6
    assert came.pop("device") == ["remote", url, "", True]
    assert came.pop("said") == "7"
    assert 0 < came.pop("milliseconds") < 5000
    assert came.pop("self_test") == UNAVAILABLE
    assert came.pop("closed") == [False, 0, UNCONFIGURED]
    assert came == {}, "what else differs from the model of this machine"


def test_more_than_a_request_takes_is_asked_in_parts(project: Path, serving: Server) -> None:
    came = came_of(project, "many", f"http://127.0.0.1:{serving.http}/{MODEL}/versions/2")
    assert came["errors"] == [OK] * 4
    assert came["difference"] < 1e-6
    assert came["shape"] == [2500, 10]
    assert came["frames"] >= 2, "frames go on meanwhile"


def test_a_connection_is_kept(project: Path, failing: Faulty) -> None:
    came = came_of(project, "patiently", f"{failing.url}/{MODEL}")
    assert came["errors"] == [OK, OK, OK]
    assert (len(failing.asked), failing.connections) == (3, 1)


def test_one_that_the_server_closed_meanwhile_is_made_anew(project: Path, failing: Faulty) -> None:
    failing.faults = ["closes after"] * 3
    came = came_of(project, "impatiently", f"{failing.url}/{MODEL}")
    assert came["errors"] == [OK, OK, OK], came["said"]
    assert failing.connections == 3


@pytest.mark.parametrize("fault", ["503", "429", "502", "closes", "cut"])
def test_what_may_pass_is_tried_again(project: Path, failing: Faulty, fault: str) -> None:
    failing.faults = [fault, fault, "none", fault, "none"]
    came = came_of(project, "patiently", f"{failing.url}/{MODEL}")
    assert came["errors"] == [OK, OK, OK], came["said"]
    assert came["label"] == 7


@pytest.mark.parametrize(
    ("faults", "errors", "says"),
    [
        (["503"], [UNAVAILABLE], "503: as it was told"),
        (["none", "500"], [OK, UNAVAILABLE, OK], "500: as it was told"),
        (["none", "401"], [OK, UNAUTHORIZED, OK], "401: as it was told"),
        (["404"], [DOES_NOT_EXIST], "404: as it was told"),
        (["none", "413"], [OK, INVALID_PARAMETER, OK], "413: as it was told"),
        (["302"], [INVALID_PARAMETER], "302: as it was told"),
        (["hangs"], [TIMEOUT], "no answer came in time (request_timeout)"),
        (["none", "hangs"], [OK, TIMEOUT, OK], "no answer came in time (request_timeout)"),
        (["none", "drips"], [OK, TIMEOUT, OK], "no rest of the answer came in time"),
        (["none", "closes", "closes"], [OK, CONNECTION_ERROR, OK], "closed before the answer"),
        (["none", "cut", "cut"], [OK, CONNECTION_ERROR, OK], "closed before the answer"),
        (["no json"], [INVALID_DATA], "is no model that `ludus serve` of this version serves"),
        (["no bytes"], [INVALID_DATA], "its config has no parameter 'network'"),
        (["none", "no bytes"], [OK, INVALID_DATA, OK], "the answer's numbers are not given as"),
    ],
)
def test_what_fails_is_said_and_the_next_call_is_well(
    project: Path, failing: Faulty, faults: list[str], errors: list[int], says: str
) -> None:
    failing.faults = faults
    came = came_of(project, "impatiently", f"{failing.url}/{MODEL}")
    assert came["errors"] == errors
    failed = next(index for index, error in enumerate(errors) if error != OK)
    assert says in came["said"][failed]
    assert max(came["took"]) < 3000 + 2000, "request_timeout, and a busy machine"


def test_a_model_that_is_not_served_is_said(project: Path, serving: Server) -> None:
    came = came_of(project, "impatiently", f"http://127.0.0.1:{serving.http}/v2/models/nobody")
    assert came["errors"][0] in (DOES_NOT_EXIST, INVALID_PARAMETER)
    assert "nobody" in came["said"][0]


def test_a_server_that_is_not_there_is_said(project: Path) -> None:
    came = came_of(project, "impatiently", f"http://127.0.0.1:1/{MODEL}")
    assert came["errors"] == [CANT_CONNECT]
    assert "127.0.0.1:1: nothing listens there" in came["said"][0]


def test_headers_are_sent_with_each_request(project: Path, failing: Faulty) -> None:
    assert came_of(project, "with_a_key", f"{failing.url}/{MODEL}")["errors"] == [OK] * 3
    assert failing.asked == [("none", "Bearer open sesame")] * 3


def test_a_game_that_quits_does_not_wait_for_an_answer(project: Path, failing: Faulty) -> None:
    failing.faults = ["none", "hangs"]
    came = came_of(project, "and_quit", f"{failing.url}/{MODEL}")
    assert came == {"error": OK, "runs": True}


def test_what_is_set_wrongly_is_refused(project: Path) -> None:
    came = came_of(project, "wrongly", "")
    says = "the server chooses the device (ludus serve --device)"
    assert says in came.pop("device_said")
    assert came.pop("timeout") == [5.0, "request_timeout is -1, expected 0.001 to 3600 seconds"]
    assert came.pop("retries") == [2, "request_retries is 101, expected 0 to 100"]
    assert came.pop("headers") == [[], 'request_headers[1] is no header, expected "Name: value"']
    assert came.pop("good_headers") == [["X: y"], ""]
    assert set(came.values()) == {INVALID_PARAMETER}


def test_by_tls_it_trusts_what_the_project_trusts(
    project: Path, proxy: Proxy, tmp_path: Path
) -> None:
    url = f"https://localhost:{proxy.port}/{MODEL}"
    came = came_of(project, "impatiently", url)
    assert came["errors"] == [CANT_CONNECT]
    assert "its certificate is not one that this engine trusts" in came["said"][0]
    trusting = godot.make_project(
        tmp_path / "project",
        {**FILES, "certificate.pem": proxy.certificate},
        '[network]\n\ntls/certificate_bundle_override="res://certificate.pem"\n',
    )
    assert came_of(trusting, "patiently", url)["errors"] == [OK] * 3
