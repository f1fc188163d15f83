"""A real Ray cluster of two nodes on loopback, and little data; skipped where .ray is not there."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
PYTHON = ROOT / ".ray" / "bin" / "python"
DIGITS = ROOT / "tests" / "pipeline" / "digits.npz"
SECONDS = 300  # for anything here: every worker imports Ludwig


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Of the head of a cluster of two nodes with a CPU each."""
    made, wanted = ROOT / ".ray" / "brought", ROOT / "requirements" / "ray.txt"
    if not made.exists() or made.read_bytes() != wanted.read_bytes():
        pytest.skip("Ray is not installed; `make ray` brings it (minutes, 7 GB)")
    nodes = subprocess.Popen(
        [str(PYTHON), str(Path(__file__).parent / "two_nodes.py"), "1"],
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
    with np.load(DIGITS) as arrays:
        order = np.random.default_rng(0).permutation(len(arrays["train_labels"]))
        images, labels = arrays["train_images"][order], arrays["train_labels"][order]
    np.savez(folder / "train.npz", images=images[:600], labels=labels[:600])
    np.savez(folder / "validation.npz", images=images[600:700], labels=labels[600:700])
    return folder


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The train stage on the cluster, in a folder of its own."""

    folder: Path
    data: Path

    def write(self, **train: Any) -> None:
        params = yaml.safe_load((ROOT / "params.yaml").read_text())
        params["train"] |= {"epochs": 4, "batch_size": 32} | train
        (self.folder / "params.yaml").write_text(yaml.safe_dump(params))

    @property
    def model(self) -> Path:
        return self.folder / "model"

    def start(self) -> "subprocess.Popen[str]":
        places = {"data": self.data, "params": self.folder / "params.yaml", "out": self.model}
        arguments = [f"--{name}={path}" for name, path in places.items()]
        return subprocess.Popen(
            [sys.executable, "-m", "stages.train", *arguments, f"--live={self.folder / 'live'}"],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )  # fmt: skip

    def run(self) -> tuple[int, str]:
        """The exit code, and what was said."""
        stage = self.start()
        said, _ = stage.communicate(timeout=SECONDS)
        return stage.returncode, said


@pytest.fixture
def asked(address: str, data: Path, tmp_path: Path) -> Asked:
    asked = Asked(folder=tmp_path, data=data)
    asked.write(backend="ray", ray={"address": address, "workers": 2})
    return asked


def read_until(stage: "subprocess.Popen[str]", pattern: str, said: list[str]) -> "re.Match[str]":
    """The match in the first line that has one; lines read are added to said."""
    assert stage.stdout is not None
    until = time.monotonic() + SECONDS
    for line in stage.stdout:
        said.append(line)
        if found := re.search(pattern, line):
            return found
        assert time.monotonic() < until, "".join(said)
    raise AssertionError(f"ended without {pattern!r}:\n" + "".join(said))
