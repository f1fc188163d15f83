"""A search on two nodes: its files, its table, and the best in params.yaml."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import yaml
from PIL import Image

from support.cluster import SECONDS, Asked
from support.paths import ROOT

PLAN = {
    "parameters": {
        "train.learning_rate": {"space": "loguniform", "lower": 0.0001, "upper": 0.02},
        "train.schedule": {"space": "choice", "categories": ["one_cycle", "cosine"]},
    },
    "trials": 4,
    "epochs": 2,
    "images": 400,
    "cpus": 1,
    "gpus": 0,
    "seed": 1,
}


def search(asked: Asked, *more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [
            sys.executable, "-m", "ludus.training.search", f"--plan={asked.folder / 'search.yaml'}",
            f"--params={asked.folder / 'params.yaml'}", f"--data={asked.data}",
            f"--out={asked.folder / 'found'}", *more,
        ],
        cwd=ROOT, capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip


def test_the_best_of_a_search_is_found_shown_and_written(asked: Asked, address: str) -> None:
    asked.write(batch_size=16, ray={"address": address, "workers": 2})
    (asked.folder / "search.yaml").write_text(yaml.safe_dump(PLAN))
    ended = search(asked)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("trial ") == 4
    found: Path = asked.folder / "found"
    trials = json.loads((found / "trials.json").read_text())
    scores = [trial["accuracy"] for trial in trials]
    assert len(trials) == 4
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 0.3  # by chance 0.1
    for trial in trials:
        assert trial["failure"] is None
        assert 0.0001 <= trial["values"]["train.learning_rate"] <= 0.02
    # What was tried is what was trained: a rate too low for two epochs learns less.
    assert len({trial["values"]["train.learning_rate"] for trial in trials}) == 4
    assert scores[0] > scores[-1]
    with (found / "trials.csv").open() as file:
        assert [float(row["accuracy"]) for row in csv.DictReader(file)] == scores
    with Image.open(found / "trials.png") as picture:
        assert picture.width > 500
    assert search(asked, "--write").returncode == 0
    train = yaml.safe_load((asked.folder / "params.yaml").read_text())["train"]
    for name, value in trials[0]["values"].items():
        assert train[name.removeprefix("train.")] == value


def test_a_trial_that_no_node_has_room_for_is_refused(asked: Asked, address: str) -> None:
    asked.write(batch_size=16, ray={"address": address, "workers": 2})
    (asked.folder / "search.yaml").write_text(yaml.safe_dump(PLAN | {"cpus": 3}))
    ended = search(asked)
    assert ended.returncode == 1
    assert "search.yaml asks for 1 worker with 3 CPUs each" in ended.stderr
    assert "127.0.0.2 has 1 CPU" in ended.stderr
