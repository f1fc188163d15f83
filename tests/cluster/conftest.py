"""A real Ray cluster of two nodes on loopback, and little data; skipped where .ray is not there."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ludus.process import install
from ludus.training.ray.environment import RAY
from support.cluster import Asked
from support.paths import ROOT, SMALL_DIGITS, TESTS

PYTHON = ROOT / ".ray" / "bin" / "python"


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Of the head of a cluster of two nodes with a CPU each."""
    if reason := install.environment("ray", RAY).why_not():
        pytest.skip(f"Ray: {reason}; `make ray` installs it (minutes, 7 GB)")
    nodes = subprocess.Popen(
        [str(PYTHON), str(TESTS / "support" / "two_nodes.py"), "1"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert nodes.stdout is not None
    try:
        yield nodes.stdout.readline().strip()
    finally:
        nodes.communicate(timeout=60)  # the end of its input is the end of the cluster


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 training and 100 validation images."""
    folder = tmp_path_factory.mktemp("data")
    with np.load(SMALL_DIGITS) as arrays:
        order = np.random.default_rng(0).permutation(len(arrays["train_labels"]))
        images, labels = arrays["train_images"][order], arrays["train_labels"][order]
    np.savez(folder / "train.npz", images=images[:600], labels=labels[:600])
    np.savez(folder / "validation.npz", images=images[600:700], labels=labels[600:700])
    return folder


@pytest.fixture
def asked(address: str, data: Path, tmp_path: Path) -> Asked:
    asked = Asked(folder=tmp_path, data=data)
    asked.write(backend="ray", ray={"address": address, "workers": 2})
    return asked
