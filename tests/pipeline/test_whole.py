"""One run of the whole pipeline from nothing, and what can be read from it afterwards."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from support.small_project import NO_GODOT, Finished, Project, half_written, tree

ONCE = ["download", "prepare", "train", "export", "lower", "probe"]
ONCE += ["sweep", "benchmark", "report", "gate", "bundle"]


def stages(project: Project) -> list[str]:
    params = yaml.safe_load((project.folder / "params.yaml").read_text(encoding="utf-8"))
    compiled = [f"compile@{target}" for target in params["targets"]]
    return ONCE + compiled + [f"evaluate@{evaluation}" for evaluation in params["evaluations"]]


def test_every_stage_runs_once(finished: Finished) -> None:
    assert sorted(finished.run.ran) == sorted(stages(finished.project))


def test_stages_write_to_what_git_ignores_and_to_the_lock_file_alone(finished: Finished) -> None:
    assert finished.git_status.splitlines() == ["?? dvc.lock"]


def test_nothing_is_left_half_written(finished: Finished) -> None:
    assert half_written(finished.project) == []


def test_every_evaluation_is_verified_or_says_why_not(finished: Finished) -> None:
    for row in finished.project.results().values():
        if row["required"] or row["status"] == "verified":
            assert row["status"] == "verified", row
            assert row["images"] == 200
            assert row["flipped"] == []
        else:
            assert row["status"] == "not run"
            assert row["reason"]
            assert row["accuracy"] is None


def test_without_the_engine_its_evaluations_say_what_is_missing(finished: Finished) -> None:
    rows = {name: row for name, row in finished.project.results().items() if "godot" in name}
    assert {row["executor"] for row in rows.values()} == {"godot", "godot-pck"}
    for row in rows.values():
        assert row["status"] == "not run"
        assert row["reason"].startswith(f"{NO_GODOT} cannot be started as Godot: ")


def test_the_benchmark_measures_what_runs_here_and_says_why_of_the_rest(
    finished: Finished,
) -> None:
    rows = finished.project.json("artifacts/benchmark.json")["rows"]
    status: dict[str, set[str]] = {}
    for row in rows:
        status.setdefault(row["target"], set()).add(row["status"])
        assert (row["median_ms"] is not None) == (row["status"] == "measured")
        assert row["reason"] or row["status"] == "measured"
    assert set(status) == set(finished.project.variants())
    assert status["iree-metal"] == {"not run"}
    for target in ("iree-cpu-x86_64", "onnx", "torchscript"):
        assert "measured" in status[target]
        assert "failed" not in status[target]


def test_metrics_hold_numbers_by_evaluation_of_what_was_run(finished: Finished) -> None:
    metrics = finished.project.json("artifacts/metrics.json")
    verified = {
        name for name, row in finished.project.results().items() if row["status"] == "verified"
    }
    assert set(metrics) == {*verified, "training"}
    for figures in metrics.values():
        assert all(isinstance(value, int | float) for value in figures.values())


def test_the_bundle_holds_every_target_in_the_order_of_the_table(finished: Finished) -> None:
    params = yaml.safe_load((finished.project.folder / "params.yaml").read_text(encoding="utf-8"))
    assert finished.project.variants() == list(params["targets"])
    folders = (finished.project.artifacts / "bundle" / "variants").iterdir()
    assert {folder.name for folder in folders} == set(params["targets"])


def test_no_built_file_holds_a_path_of_this_machine(finished: Finished) -> None:
    path = str(finished.project.folder).encode()
    for file in (finished.project.artifacts / "bundle").rglob("*"):
        assert file.is_dir() or path not in file.read_bytes(), file


def test_with_nothing_to_do_only_the_probe_is_run(project: Project) -> None:
    lock = project.folder / "dvc.lock"
    before, built = lock.read_bytes(), tree(project.artifacts)
    again = project.repro()
    assert again.ran == ["probe"]
    assert again.restored == []
    assert sorted([*again.ran, *again.unchanged]) == sorted(stages(project))
    assert lock.read_bytes() == before
    assert tree(project.artifacts) == built


def test_metrics_show_holds_the_numbers(finished: Finished) -> None:
    shown = finished.project.asked("dvc", "metrics", "show", "--json")
    metrics = shown[""]["data"]["artifacts/metrics.json"]["data"]
    assert metrics == finished.project.json("artifacts/metrics.json")


def test_plots_show_draws_curves_confusion_and_speed(finished: Finished, tmp_path: Path) -> None:
    finished.project.check("dvc", "plots", "show", "--out", str(tmp_path))
    assert "vega" in (tmp_path / "index.html").read_text(encoding="utf-8")
    plots = finished.project.asked("dvc", "plots", "show", "--json")
    assert "errors" not in plots
    points = {
        name: len(plot[0]["content"]["data"]["values"]) for name, plot in plots["data"].items()
    }
    assert points == {
        "loss": 2 * 3,  # two splits, three epochs
        "accuracy": 2 * 3,
        "artifacts/report/plots/confusion.csv": 200,
        "speed": len(finished.project.json("artifacts/report/plots/evaluations.json")),
    }


def test_verify_finds_every_variant_that_runs_here_right(finished: Finished) -> None:
    rows = finished.project.asked("ludus", "verify", "artifacts/bundle", "--json")
    assert list(dict.fromkeys(row["target"] for row in rows)) == finished.project.variants()
    status = {row["target"]: row["status"] for row in rows}
    assert status["iree-cpu-x86_64"] == status["onnx"] == status["ncnn"] == "verified"
    assert status["iree-metal"] == "not run"


@pytest.mark.parametrize("inverted", [False, True], ids=["light on dark", "dark on light"])
def test_predict_recognises_a_test_image_drawn_large(
    finished: Finished, tmp_path: Path, inverted: bool
) -> None:
    with np.load(finished.project.folder / "data/prepared/test.npz") as arrays:
        images, labels = arrays["images"], arrays["labels"]
    with np.load(finished.project.artifacts / "export/reference.npz") as arrays:
        probabilities = arrays["probabilities"]
    # The surest right answer: a network trained for a moment is no judge of the others.
    right = probabilities.argmax(1) == labels
    surest = int(np.where(right, probabilities.max(1), 0).argmax())
    picture = Image.fromarray(255 - images[surest] if inverted else images[surest])
    path = tmp_path / "digit.png"
    picture.resize((140, 140), Image.Resampling.BICUBIC).convert("RGB").save(path)
    said = finished.project.asked("ludus", "predict", "artifacts/bundle", str(path), "--json")
    (answer,) = said["answers"]
    assert answer["label"] == str(labels[surest])
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-4)
