"""search.yaml is read strictly, and params.yaml is written byte for byte, without Ray."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ludus.config.params import load_params
from ludus.config.search import KNOBS, Plan, load_plan
from ludus.core.errors import ConfigError
from ludus.training.search.writing import edited, write_values

ROOT = Path(__file__).parent.parent.parent
TRAIN = load_params(ROOT / "params.yaml").train
PLAN = (ROOT / "search.yaml").read_text()
BEST = {"train.learning_rate": 0.0123, "train.batch_size": 64, "train.schedule": "cosine"}


def plan(text: str, tmp_path: Path) -> Plan:
    (tmp_path / "search.yaml").write_text(text)
    return load_plan(tmp_path / "search.yaml", TRAIN)


def run(*arguments: str, at: Path) -> Any:
    return subprocess.run(
        [sys.executable, "-m", "ludus.training.search", *arguments],
        cwd=at, capture_output=True, text=True, timeout=60, env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip


class TestPlan:
    def test_the_one_of_the_project_is_read(self, tmp_path: Path) -> None:
        assert set(plan(PLAN, tmp_path).parameters) <= set(KNOBS)

    @pytest.mark.parametrize(
        ("known", "wrong", "said"),
        [
            ("train.learning_rate", "train.learnig_rate",
             "unknown key 'train.learnig_rate', did you mean 'train.learning_rate'?"),
            ("loguniform", "loguniforn",
             "train.learning_rate.space: unknown value 'loguniforn', did you mean 'loguniform'?"),
            ("trials:", "trails:", "unknown key 'trails', did you mean 'trials'?"),
            ("lower: 0.0005", "lower: 0.5", "lower 0.5 is not below 0.03"),
            ("lower: 0.0005", "lover: 0.0005", "parameters.train.learning_rate.lower: field"),
            ("lower: 0.0005", "lower: -1.0",
             "train.learning_rate: params.yaml would not take -1.0: expected greater"),
            ("one_cycle,", "one_cycel,",
             "train.schedule: params.yaml would not take \"one_cycel\": unknown value"),
            ("[64, 128, 256]", "[64]", "train.batch_size.categories: expected at least 2"),
            ("trials: 12", "trials: 0", "trials: expected greater than or equal to 1"),
            ("seed: 42", "seed: 42\nseed: 43", "the key 'seed' comes twice"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_meant_is_refused(
        self, known: str, wrong: str, said: str, tmp_path: Path
    ) -> None:
        assert known in PLAN
        with pytest.raises(ConfigError) as raised:
            plan(PLAN.replace(known, wrong, 1), tmp_path)
        assert said in str(raised.value)
        assert str(tmp_path / "search.yaml") in str(raised.value)

    def test_a_missing_file_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"search\.yaml is missing"):
            load_plan(tmp_path / "search.yaml", TRAIN)

    def test_a_trial_has_its_values_and_the_epochs_of_the_plan(self, tmp_path: Path) -> None:
        tried = plan(PLAN, tmp_path).train(TRAIN, {"train.batch_size": 64})
        expected = {"batch_size": 64, "epochs": 2, "threads": 1, "backend": "local"}
        assert tried.model_dump() == TRAIN.model_dump() | expected

    def test_epochs_that_are_searched_win(self, tmp_path: Path) -> None:
        tried = plan(PLAN, tmp_path).train(TRAIN, {"train.epochs": 5})
        assert tried.epochs == 5


class TestWriting:
    def test_every_other_byte_stays(self) -> None:
        text = (ROOT / "params.yaml").read_text()
        lines = list(zip(text.splitlines(), edited(text, BEST).splitlines(), strict=True))
        assert [after for before, after in lines if before != after] == [
            "  batch_size: 64",
            "  learning_rate: 0.0123 # the peak of one_cycle",
            "  schedule: cosine # or cosine (one fall over the whole training), or constant",
        ]

    @pytest.mark.parametrize(
        "line",
        [
            "train: {epochs: 3, schedule: constant, batch_size: 8, learning_rate: 1e-3}\n",
            "train:\n  schedule: 'constant'\n  learning_rate: 1e-3 # note\n  batch_size: 8",
        ],
    )
    def test_other_forms_of_yaml_are_written_too(self, line: str) -> None:
        written = yaml.safe_load(edited(line, BEST))["train"]
        assert {f"train.{key}": written[key] for key in ("batch_size", "learning_rate", "schedule")
                } == BEST  # fmt: skip

    def test_the_file_is_read_again_as_meant(self, tmp_path: Path) -> None:
        path = tmp_path / "params.yaml"
        path.write_bytes((ROOT / "params.yaml").read_bytes())
        write_values(path, BEST)
        assert load_params(path).train.model_dump() == TRAIN.model_dump() | {
            "learning_rate": 0.0123, "batch_size": 64, "schedule": "cosine",
        }  # fmt: skip
        assert list(tmp_path.iterdir()) == [path]

    def test_a_knob_that_the_file_lacks_is_said(self) -> None:
        with pytest.raises(ConfigError, match=r"has no train\.epochs; add it by hand"):
            edited("train: {batch_size: 8}\n", {"train.epochs": 3})


class TestCommand:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        for name in ("params.yaml", "search.yaml", "config.yaml"):
            (tmp_path / name).write_bytes((ROOT / name).read_bytes())
        return tmp_path

    def trials(self, folder: Path, *, failure: str | None = None) -> None:
        (folder / "artifacts" / "search").mkdir(parents=True)
        trial = {"values": BEST, "accuracy": 0.98, "seconds": 5.0, "failure": failure}
        (folder / "artifacts" / "search" / "trials.json").write_text(json.dumps([trial]))

    def test_the_best_of_the_last_search_is_written(self, folder: Path) -> None:
        self.trials(folder)
        ended = run("--write", at=folder)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert "train.learning_rate: 0.0123" in ended.stdout
        assert load_params(folder / "params.yaml").train.learning_rate == 0.0123

    def test_nothing_is_written_before_a_search(self, folder: Path) -> None:
        ended = run("--write", at=folder)
        assert ended.returncode == 2
        assert "trials.json is missing; run `make search` first" in ended.stderr

    def test_nothing_is_written_where_all_trials_failed(self, folder: Path) -> None:
        self.trials(folder, failure="training diverged")
        ended = run("--write", at=folder)
        assert ended.returncode == 2
        assert "no trial of the last search went well" in ended.stderr
        assert (folder / "params.yaml").read_bytes() == (ROOT / "params.yaml").read_bytes()

    def test_an_unknown_knob_ends_before_anything_is_installed(self, folder: Path) -> None:
        (folder / "search.yaml").write_text(PLAN.replace("train.schedule", "train.shedule"))
        ended = run(at=folder)
        assert ended.returncode == 2
        assert "unknown key 'train.shedule', did you mean 'train.schedule'?" in ended.stderr
