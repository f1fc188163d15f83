"""The train stage on a cluster, started as a user would."""

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from support.paths import ROOT

SECONDS = 600  # for anything here: every worker imports Ludwig


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
