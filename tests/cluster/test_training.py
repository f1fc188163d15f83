"""The train stage on two nodes: what it writes, a worker that is killed, and what it refuses."""

import os
import re
import signal
from pathlib import Path

import pytest
import yaml

from support.cluster import SECONDS, Asked, read_until
from support.trained import FILES

EPOCHS = 4


def accuracy(said: str, epoch: int) -> float:
    found = re.search(rf"epoch +{epoch}/{EPOCHS} .*validation/accuracy ([\d.]+)", said)
    assert found, said
    return float(found[1])


def weights(model: Path) -> bytes:
    return (model / "model_weights.safetensors").read_bytes()


@pytest.fixture(scope="module")
def uninterrupted() -> dict[str, bytes]:
    """The weights of the training that nobody disturbed, once it has run."""
    return {}


def test_two_workers_train_one_network(asked: Asked, uninterrupted: dict[str, bytes]) -> None:
    exit_code, said = asked.run()
    assert exit_code == 0, said
    assert {path.name for path in asked.model.iterdir()} == FILES
    nodes = re.findall(r"worker (\d) trains on ([\d.]+), process \d+$", said, re.MULTILINE)
    assert sorted(rank for rank, _ in nodes) == ["0", "1"]
    assert len({node for _, node in nodes}) == 2
    # Half of the images, or gradients of one worker alone, reach less than half of it.
    assert accuracy(said, EPOCHS) >= 0.85
    lines = (asked.folder / "live/plots/metrics/validation/accuracy.tsv").read_text().splitlines()
    assert len(lines) == 1 + EPOCHS
    config = yaml.safe_load((asked.model / "config.yaml").read_text())
    assert config["trainer"]["batch_size"] == 32
    uninterrupted["weights"] = weights(asked.model)


def test_a_worker_that_is_killed_does_not_lose_the_run(
    asked: Asked, uninterrupted: dict[str, bytes]
) -> None:
    said: list[str] = []
    stage = asked.start()
    victim = int(read_until(stage, r"worker 1 trains on \S+, process (\d+)", said)[1])
    read_until(stage, r"epoch +2/", said)
    os.kill(victim, signal.SIGKILL)
    rest, _ = stage.communicate(timeout=SECONDS)
    everything = "".join(said) + rest
    assert stage.returncode == 0, everything
    again = re.findall(r"worker (\d) .* anew from the last checkpoint", rest)
    assert sorted(again) == ["0", "1"], everything
    for epoch in range(1, EPOCHS + 1):
        assert len(re.findall(rf"^epoch +{epoch}/{EPOCHS} ", everything, re.MULTILINE)) == 1
    assert accuracy(everything, EPOCHS) >= 0.85
    # To the byte: dropout too is drawn as in the run that was not interrupted.
    if uninterrupted:
        assert weights(asked.model) == uninterrupted["weights"]


def test_more_workers_than_there_is_room_for_are_refused_at_once(
    asked: Asked, address: str
) -> None:
    asked.write(backend="ray", ray={"address": address, "workers": 4})
    exit_code, said = asked.run()
    assert exit_code == 1
    assert "asks for 4 workers with 1 CPU each" in said
    assert "127.0.0.2 has 1 CPU; 127.0.0.3 has 1 CPU" in said
    assert not asked.model.exists()
    assert "Traceback" not in said
