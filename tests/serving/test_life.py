"""A server's life: it is ready, full, asked to load and unload, and ended."""

import json
import os
import signal
import subprocess
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ludus.bundle.inputs import network_inputs
from ludus.bundle.reader import read_bundle
from ludus.serving import triton
from support.paths import BUNDLE
from support.ports import free_ports
from support.served import Answer, Server, command, started, tensor


def golden(count: int) -> tuple[np.ndarray, np.ndarray]:
    bundle = read_bundle(BUNDLE)
    examples = bundle.golden()
    of = np.arange(count) % len(examples.reference)
    return network_inputs(examples, bundle.manifest)[of], examples.reference[of]


def test_it_says_where_it_is_and_what_it_took() -> None:
    with started(BUNDLE, "--device", "iree-vmvx") as serving:
        assert serving.said[0] == (
            f"golden 1.0.0: http://127.0.0.1:{serving.http}/v2/models/golden/versions/1"
        )
        assert "This machine alone reaches it" in serving.said[-1]
        assert "runs iree-vmvx on 'cpu'" in serving.log.read_text()


def test_a_full_queue_answers_503_at_once_and_the_others_are_right() -> None:
    images, expected = golden(300)
    body = json.dumps({"inputs": [tensor("image", images)]}).encode()
    answers: list[Answer] = []
    with started(BUNDLE, "--device", "cpu", "--instances", 1, "--queue", 2) as serving:

        def ask() -> None:
            answers.append(serving.ask("v2/models/golden/infer", body))

        threads = [threading.Thread(target=ask) for _ in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert serving.ask("v2/models/golden/infer", body).status == 200, "it has recovered"
    counts = Counter(answer.status for answer in answers)
    assert set(counts) == {200, 503}
    for answer in answers:
        if answer.status == 200:
            np.testing.assert_allclose(answer.output, expected, rtol=0, atol=1e-4)
        else:
            assert "the queue is full: 2 requests wait" in answer.json["error"]


def test_what_waits_too_long_is_answered_503() -> None:
    images, _ = golden(1000)
    body = json.dumps({"inputs": [tensor("image", images)]}).encode()
    statuses: Counter[int] = Counter()
    words: set[str] = set()
    limits = ["--instances", 1, "--timeout", 0.001]
    with started(BUNDLE, "--device", "iree-vmvx", *limits) as serving:

        def ask() -> None:
            answer = serving.ask("v2/models/golden/infer", body)
            statuses[answer.status] += 1
            if answer.status == 503:
                words.add(answer.json["error"])

        threads = [threading.Thread(target=ask) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        turned_away = metric(serving, 'ludus_requests_turned_away{model="golden",version="1"}')
        waiting = metric(serving, 'ludus_requests_waiting{model="golden",version="1"}')
    assert set(statuses) == {200, 503}
    assert all("waited for 0.001 s" in each for each in words), words
    assert turned_away == statuses[503]
    assert waiting == 0


def metric(serving: Server, name: str) -> float:
    url = f"http://127.0.0.1:{serving.metrics}/metrics"
    with urllib.request.urlopen(url, timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} "))


def test_who_has_the_key_unloads_and_loads_and_others_do_not(serving) -> None:
    image = tensor("image", golden(1)[0])
    key = {"ludus-key": "open sesame"}
    unload, load = (f"v2/repository/models/golden/{word}" for word in ("unload", "load"))
    assert serving.ask(unload, b"{}").status == 403
    assert serving.ask(unload, b"{}", {"ludus-key": "open barley"}).status == 403
    assert serving.infer("golden", image).status == 200
    assert serving.ask(unload, b"{}", key).status == 200
    assert serving.infer("golden", image).status in (400, 404)
    assert serving.ask(load, b"{}", key).status == 200
    assert serving.infer("golden", image).status == 200


def test_metrics_count_what_was_asked(serving) -> None:
    name = 'nv_inference_request_success{model="golden-tensors",version="1"}'
    before = metric(serving, name)
    values = np.zeros((1, 3, 8, 8), np.float32)
    for _ in range(3):
        assert serving.infer("golden-tensors", tensor("picture", values)).status == 200
    assert metric(serving, name) == before + 3


def test_a_triton_that_dies_is_started_anew() -> None:
    image, expected = golden(1)
    # Of 2^40 images: Triton 2.51 asks for the memory before it looks at the data, and aborts.
    boundless = tensor("image", image) | {"shape": [1 << 40, 1, 28, 28]}
    with started(BUNDLE, "--device", "cpu") as serving:
        with pytest.raises(OSError):  # noqa: PT011 # whichever way the connection ends
            serving.infer("golden", boundless)
        wait_until(lambda: "Triton died of signal 6" in serving.log.read_text())
        wait_until(lambda: triton.answers(f"http://127.0.0.1:{serving.http}/v2/health/ready"))
        answer = serving.infer("golden", tensor("image", image))
        np.testing.assert_allclose(answer.output, expected, rtol=0, atol=1e-4)


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_asked_to_end_it_ends_with_all_it_started(how: signal.Signals, tmp_path: Path) -> None:
    http, grpc, metrics = free_ports(3)
    ports = ["--http", http, "--grpc", grpc, "--metrics", metrics]
    with subprocess.Popen(
        command(BUNDLE, "--device", "cpu", *ports),
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if "Ctrl-C" in line)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert len(children) == 1
        process.send_signal(how)
        assert process.wait(30) == 0
    assert not Path(f"/proc/{children[0]}").exists()
    assert list(tmp_path.iterdir()) == []
