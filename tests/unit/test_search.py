"""search.yaml is read strictly, and params.yaml is written byte for byte, without Ray."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ludus.config.params import load_params
from ludus.config.search import KNOBS, Plan, load_plan
from ludus.core.errors import ConfigError
from ludus.core.strict_yaml import read_values
from ludus.training.search.writing import write_values
from support.paths import ROOT

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
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = tmp_path / "params.yaml"
        path.write_bytes((ROOT / "params.yaml").read_bytes())
        return path

    def test_every_other_byte_stays(self, path: Path) -> None:
        text = path.read_text()
        write_values(path, BEST)
        lines = list(zip(text.split("\n"), path.read_text().split("\n"), strict=True))
        assert [after for before, after in lines if before != after] == [
            "  batch_size: 64",
            "  learning_rate: 0.0123 # the peak of one_cycle",
            "  schedule: cosine # or cosine (one fall over the whole training), or constant",
        ]

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("schedule: one_cycle", "schedule: 'one_cycle'"),
            ("learning_rate: 0.004", "learning_rate: 4e-3"),
        ],
    )
    def test_other_forms_of_yaml_are_written_too(self, path: Path, old: str, new: str) -> None:
        path.write_text(path.read_text().replace(old, new))
        write_values(path, BEST)
        train = read_values(path)["train"]
        assert {name: train[name.removeprefix("train.")] for name in BEST} == BEST

    def test_a_file_that_would_not_keep_its_bytes_is_refused_with_the_values(
        self, path: Path
    ) -> None:
        path.write_text(text := path.read_text().replace("rate: 0.004", "rate:   0.004"))
        with pytest.raises(ConfigError, match=r"would become '  learning_rate: 0\.004") as caught:
            write_values(path, BEST)
        assert "edit it by hand:\ntrain:\n  learning_rate: 0.0123\n" in str(caught.value)
        assert path.read_text() == text

    def test_a_table_in_one_line_is_written_too(self, path: Path) -> None:
        text = (ROOT / "examples/text/params.yaml").read_text()
        path.write_text(text)
        write_values(path, BEST)
        assert path.read_text() == (
            text.replace("batch_size: 128", "batch_size: 64")
            .replace("learning_rate: 0.004", "learning_rate: 0.0123")
            .replace("schedule: one_cycle", "schedule: cosine")
        )

    def test_the_file_is_read_again_as_meant(self, path: Path) -> None:
        write_values(path, BEST)
        assert load_params(path).train.model_dump() == TRAIN.model_dump() | {
            "learning_rate": 0.0123, "batch_size": 64, "schedule": "cosine",
        }  # fmt: skip
        assert list(path.parent.iterdir()) == [path]

    def test_a_whole_number_of_a_trial_is_written_as_one(self, path: Path) -> None:
        write_values(path, {"train.epochs": 5.0})
        assert "  epochs: 5\n" in path.read_text()

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            (
                {"train.schedule": "cosin"},
                "would not take train.schedule: cosin: schedule: unknown",
            ),
            ({"train.epochs": 0}, "epochs: expected greater than or equal to 1, got 0"),
            ({"train.epoch": 3}, "unknown key 'epoch', did you mean 'epochs'?"),
        ],
    )
    def test_what_params_would_not_take_is_not_written(
        self, path: Path, values: dict[str, Any], said: str
    ) -> None:
        before = path.read_bytes()
        with pytest.raises(ConfigError) as caught:
            write_values(path, values)
        assert said in str(caught.value)
        assert path.read_bytes() == before

    def test_a_knob_that_the_table_does_not_have_itself_is_told(self, path: Path) -> None:
        merged = path.read_text().replace("  batch_size: 128\n", "  <<: {batch_size: 128}\n")
        path.write_text(merged)
        said = r"it has no train\.batch_size, or not as an entry of its own"
        with pytest.raises(ConfigError, match=said) as caught:
            write_values(path, BEST)
        assert "edit it by hand:\ntrain:\n" in str(caught.value)
        assert path.read_text() == merged


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
