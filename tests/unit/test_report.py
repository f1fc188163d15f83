"""The report: what it reads, what it refuses, and what a person is shown."""

import csv
import json
import re
import sys
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from rich.console import Console

from ludus.benchmark.record import Machine, Record, Row, write_record
from ludus.config.params import load_params
from ludus.core.errors import DataError
from ludus.core.files import write_json
from ludus.core.program import run_stage
from ludus.data.reference_set import ReferenceSet, save_reference_set
from ludus.evaluation.results import Result, Status, measure, read_results, write_result
from ludus.report import charts, speed, table
from ludus.report.__main__ import main as print_report
from ludus.report.inputs import Inputs
from ludus.report.page import MOST_SHOWN, facts
from ludus.report.table import RESULTS
from stages.report import main, metrics, report

PARAMS = yaml.safe_load(Path(__file__).parents[2].joinpath("params.yaml").read_text())
LABELS = np.arange(40, dtype=np.uint8) % 4
REFERENCE = np.full((40, 4), 0.1, dtype=np.float32)
REFERENCE[np.arange(40), LABELS] = 0.7
REFERENCE[5] = [0.0, 0.25, 0.75, 0.0]  # the only mistake: a 1 taken for a 2
EVALUATIONS = {
    "torchscript-cpu": {"target": "torchscript", "device": "cpu", "required": True},
    "iree-cuda": {"target": "iree-cuda", "device": "cuda", "required": False},
    "ncnn-cpu": {"target": "ncnn", "device": "cpu", "required": False},
}


class Project:
    """A folder as the stages before the report leave it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.artifacts = root / "artifacts"
        self.page = self.artifacts / "report/index.html"
        params = deepcopy(PARAMS)
        params["evaluations"] = {k: v | {"executor": "native"} for k, v in EVALUATIONS.items()}
        params["gate"] = {
            "accuracy": 0.9,
            "accuracy_loss": 0.0005,
            "agreement": 0.9999,
            "max_abs_diff": 0.001,
        }
        params["benchmark"]["comparisons"] = [
            {"target": "ncnn", "batch": 256, "against": "onnx", "threshold": 0.5, "goal": 3.0}
        ]
        self.params = params
        self.write_params()
        for folder in ("artifacts/evaluations", "artifacts/export"):
            (root / folder).mkdir(parents=True)
        (root / "attestations").mkdir()
        self.tests = ReferenceSet(
            inputs=np.zeros((40, 6, 6), dtype=np.uint8), labels=LABELS, reference=REFERENCE
        )
        self.write_tests()
        self.measured("torchscript-cpu", REFERENCE)
        self.measured("ncnn-cpu", REFERENCE)
        cuda = EVALUATIONS["iree-cuda"]
        self.not_run = Result(
            evaluation="iree-cuda",
            target=str(cuda["target"]),
            device=str(cuda["device"]),
            executor="native",
            status="not run",
            reason="no NVIDIA driver",
            sha256="a" * 64,
        )
        self.write(self.not_run)

    def write_tests(self, **changes: Any) -> None:
        save_reference_set(replace(self.tests, **changes), self.artifacts / "export/reference.npz")

    def write_params(self) -> None:
        (self.root / "params.yaml").write_text(yaml.safe_dump(self.params, sort_keys=False))

    def write(self, result: Result) -> None:
        write_result(result, self.artifacts / f"evaluations/{result.evaluation}.json")

    def measured(self, name: str, answers: np.ndarray, **changes: Any) -> None:
        row = EVALUATIONS[name]
        result = Result(
            evaluation=name,
            target=str(row["target"]),
            device=str(row["device"]),
            executor="native",
            status="measured",
            seconds=0.5,
            **measure(answers, LABELS, REFERENCE),  # type: ignore[arg-type]
        )
        self.write(replace(result, **changes))

    def report(self) -> Inputs:
        return report(
            load_params(self.root / "params.yaml"),
            artifacts=self.artifacts,
            attestations=self.root / "attestations",
        )

    def rows(self) -> dict[str, Result]:
        return {row.evaluation: row for row in self.report().rows}

    def text(self) -> str:
        self.report()
        return self.page.read_text(encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_results_hold_a_judged_row_for_each_evaluation_in_the_order_of_params(
    project: Project,
) -> None:
    project.report()
    rows = read_results(project.artifacts / "report/results.json")
    assert [(row.evaluation, row.status) for row in rows] == [
        ("torchscript-cpu", "verified"),
        ("iree-cuda", "not run"),
        ("ncnn-cpu", "verified"),
    ]


def test_what_is_required_is_what_params_say_now(project: Project) -> None:
    project.measured("ncnn-cpu", REFERENCE, required=True)
    rows = project.rows()
    assert rows["torchscript-cpu"].required
    assert not rows["ncnn-cpu"].required


def test_an_evaluation_that_params_no_longer_list_is_left_out(project: Project) -> None:
    del project.params["evaluations"]["ncnn-cpu"]
    project.write_params()
    assert "ncnn-cpu" not in project.rows()


def test_an_edited_threshold_changes_the_status_of_the_same_figures(project: Project) -> None:
    project.params["gate"]["accuracy"] = 0.99
    project.write_params()
    row = project.rows()["torchscript-cpu"]
    assert (row.status, row.reason) == ("failed", "accuracy 0.975 < 0.99")


def test_a_run_on_some_of_the_images_fails(project: Project) -> None:
    project.measured("ncnn-cpu", REFERENCE, images=20)
    assert project.rows()["ncnn-cpu"].reason == "run on 20 images, not on all 40"


def attestation(project: Project, **changes: Any) -> None:
    figures = measure(REFERENCE, LABELS, REFERENCE)
    result = replace(project.not_run, status="measured", reason=None, **figures)  # type: ignore[arg-type]
    result = replace(result, machine="gpu", device_name="NVIDIA H200", **changes)
    write_result(result, project.root / "attestations/h200.json")


def test_a_results_file_of_the_same_module_attests(project: Project) -> None:
    attestation(project)
    row = project.rows()["iree-cuda"]
    assert (row.status, row.reason) == ("attested", "run on NVIDIA H200")


def test_a_results_file_of_another_build_does_not_attest(project: Project) -> None:
    attestation(project, sha256="b" * 64)
    assert project.rows()["iree-cuda"] == project.not_run


@pytest.mark.parametrize("executor", ["native", "godot", "triton"])
def test_a_row_of_the_engine_is_attested_by_the_engine_alone_and_says_so(
    project: Project, executor: str
) -> None:
    project.params["evaluations"]["iree-cuda"]["executor"] = "godot"
    project.write_params()
    project.not_run = replace(project.not_run, executor="godot")
    project.write(project.not_run)
    attestation(project, executor=executor)
    row, text = project.rows()["iree-cuda"], project.text()
    assert row.executor == "godot"
    assert (row.status == "attested") is (executor == "godot")
    assert text.count("run by godot") == 1
    assert "run by triton" not in text


def test_a_missing_evaluation_names_the_stage_to_run(project: Project) -> None:
    (project.artifacts / "evaluations/ncnn-cpu.json").unlink()
    with pytest.raises(DataError, match=r"ncnn-cpu.json is missing.*dvc repro evaluate@ncnn-cpu"):
        project.report()


@pytest.mark.parametrize("status", ["verified", "attested"])
def test_an_evaluation_cannot_call_itself_verified(project: Project, status: Any) -> None:
    project.measured("ncnn-cpu", REFERENCE, status=status)
    with pytest.raises(DataError, match=f"says status '{status}', which only a report may say"):
        project.report()


@pytest.mark.parametrize(
    "changes", [{"target": "onnx"}, {"device": "vulkan"}, {"executor": "godot"}]
)
def test_an_evaluation_of_something_else_is_refused(project: Project, changes: Any) -> None:
    project.measured("ncnn-cpu", REFERENCE, **changes)
    found = {"target": "ncnn", "device": "cpu", "executor": "native"} | changes
    words = (
        "target '{target}' on '{device}' by '{executor}', "
        "and params.yaml evaluations.ncnn-cpu says target 'ncnn'"
    )
    with pytest.raises(DataError, match=words.format(**found)):
        project.report()


def test_what_two_executors_have_in_common_is_shown_once(project: Project) -> None:
    folder = project.artifacts / "executors"
    write_json(folder / "native.json", {"cpu": {"name": "a fast one"}})
    engine = {"name": None, "reason": "there is no Godot"}
    write_json(folder / "godot.json", {"engine": engine})
    write_json(folder / "godot-pck.json", {"engine": engine})
    device = {"name": "a fast one", "reason": None}
    write_json(project.artifacts / "devices/cpu.json", device)
    assert project.report().machine == {
        "cpu": {"name": "a fast one"},
        "engine": engine,
        "devices": {"cpu": device},
    }
    assert project.text().count("not here: there is no Godot") == 1


def _remove(path: Path) -> None:
    path.unlink()


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def _other_key(path: Path) -> None:
    np.savez(path, something=LABELS)


def _no_text(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("step\tloss\n0\tlow\n")


@pytest.mark.parametrize(
    ("file", "harm", "message"),
    [
        ("artifacts/export/reference.npz", _remove, "missing; expected artifacts/export/reference"),
        ("artifacts/export/reference.npz", _truncate, "no .npz file"),
        ("artifacts/export/reference.npz", _other_key, "no .npz file with 'images' and 'labels'"),
        ("artifacts/evaluations/ncnn-cpu.json", _truncate, "is no results file"),
        ("attestations/h200.json", _no_text, "is no results file"),
        ("artifacts/executors/native.json", _no_text, "is no description of an executor: Invalid"),
        ("artifacts/benchmark.json", _no_text, "is no benchmark"),
        ("artifacts/training/plots/metrics/train/loss.tsv", _no_text, "is no learning curve"),
    ],
)
def test_a_bad_input_is_named(
    project: Project, file: str, harm: Callable[[Path], None], message: str
) -> None:
    harm(project.root / file)
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        project.report()
    assert file in str(caught.value)


def test_answers_to_other_images_are_refused(project: Project) -> None:
    project.write_tests(reference=REFERENCE[:30])
    with pytest.raises(DataError, match="40 images, 40 labels, 30 probabilities"):
        project.report()


def test_a_failing_report_leaves_the_earlier_one(project: Project) -> None:
    before = project.text()
    (project.artifacts / "evaluations/ncnn-cpu.json").unlink()
    with pytest.raises(DataError):
        project.report()
    assert project.page.read_text(encoding="utf-8") == before


def test_the_command_ends_with_one_line_and_exit_code_1(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.artifacts / "evaluations/ncnn-cpu.json").unlink()
    monkeypatch.chdir(project.root)
    monkeypatch.setattr(sys, "argv", ["report"])
    with pytest.raises(SystemExit) as caught:
        run_stage(main)
    assert caught.value.code == 1
    assert capsys.readouterr().err.startswith(
        "error: artifacts/evaluations/ncnn-cpu.json is missing"
    )


def test_the_command_ends_with_the_table(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project.root)
    monkeypatch.setattr(sys, "argv", ["report"])
    main()
    assert "2 verified, 0 failed, 0 attested, 1 not run" in capsys.readouterr().out


# Numbers for DVC


def test_metrics_are_numbers_by_evaluation_and_none_for_what_was_not_run(project: Project) -> None:
    numbers = metrics(project.report())
    assert set(numbers) == {"torchscript-cpu", "ncnn-cpu"}
    assert numbers["ncnn-cpu"] == {
        "accuracy": 0.975,
        "agreement": 1.0,
        "bytes": 0,
        "flipped": 0,
        "max_abs_diff": 0.0,
        "seconds": 0.5,
    }
    assert json.loads((project.artifacts / "metrics.json").read_text()) == numbers


def test_a_figure_that_is_no_number_is_left_out_of_the_metrics(project: Project) -> None:
    project.measured("ncnn-cpu", REFERENCE, max_abs_diff=float("nan"))
    project.report()
    assert "NaN" not in (project.artifacts / "metrics.json").read_text()


def test_metrics_of_the_training_are_those_of_the_best_epoch(project: Project) -> None:
    folder = project.artifacts / "training/plots/metrics/validation"
    folder.mkdir(parents=True)
    (folder / "accuracy.tsv").write_text("step\taccuracy\n0\t0.9\n1\t0.98\n2\t0.97\n")
    (folder / "loss.tsv").write_text("step\tloss\n0\t0.3\n1\t0.2\n2\t0.1\n")
    assert metrics(project.report())["training"] == {
        "epochs": 3,
        "best_epoch": 2,
        "validation_accuracy": 0.98,
        "validation_loss": 0.2,
    }


def test_the_plot_of_evaluations_has_a_row_for_each_that_was_run(project: Project) -> None:
    project.report()
    rows = json.loads((project.artifacts / "report/plots/evaluations.json").read_text())
    assert [(row["evaluation"], row["images_per_second"]) for row in rows] == [
        ("torchscript-cpu", 80.0),
        ("ncnn-cpu", 80.0),
    ]


def test_the_confusion_plot_has_a_line_for_each_test_image(project: Project) -> None:
    project.report()
    with (project.artifacts / "report/plots/confusion.csv").open() as lines:
        rows = list(csv.reader(lines))
    assert rows[0] == ["actual", "predicted"]
    assert len(rows) == 41
    assert [row for row in rows[1:] if row[0] != row[1]] == [["1", "2"]]


# The table


def test_the_size_is_that_of_the_module_not_of_its_description(project: Project) -> None:
    folder = project.artifacts / "targets/ncnn"
    folder.mkdir(parents=True)
    (folder / "model.param").write_bytes(bytes(10))
    (folder / "model.bin").write_bytes(bytes(20))
    (folder / "variant.json").write_bytes(bytes(40))
    assert project.report().sizes["ncnn"] == 30


@pytest.mark.parametrize(
    ("share", "words"),
    [(1.0, "100%"), (0.99999, "<100%"), (0.9934, "99.34%"), (0.0, "0.00%"), (None, "—")],
)
def test_only_all_of_it_is_100_percent(share: float | None, words: str) -> None:
    assert table.percent(share) == words


def printed(rows: list[Result], width: int) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(
            table.terminal(
                rows, dict.fromkeys(("ncnn", "iree-cuda", "iree-vulkan"), 12_345_678), width
            ),
            crop=False,
        )
    return capture.get()


WIDE = Result(
    evaluation="iree-vulkan-llvmpipe",
    target="iree-vulkan",
    device="vulkan-llvmpipe",
    executor="native",
    status="verified",
    required=True,
    images=10_000,
    accuracy=0.9934,
    agreement=0.9999,
    flipped=list(range(10_000)),
    max_abs_diff=4.6e-07,
    seconds=0.01,
)


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_a_terminal(width: int) -> None:
    failed = replace(WIDE, status="failed", reason="word " * 60)
    text = printed([WIDE, failed], width)
    assert "…" not in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    figures = "iree-vulkan-llvmpipe * verified 99.34% 99.99% 10,000 4.6e-07 12.3 1,000,000"
    assert figures in " ".join(text.split())


def test_a_long_reason_is_cut_in_a_terminal() -> None:
    text = printed([replace(WIDE, status="failed", reason="x" * 5000)], 80)
    assert text.count("x") < 500
    assert "…" in text


def test_a_long_path_in_a_reason_is_whole() -> None:
    text = printed([replace(WIDE, status="failed", reason="x" * 200)], 80)
    assert "x" * 200 in text


def test_brackets_in_a_reason_are_no_markup_of_the_terminal() -> None:
    assert "[red]x[/nothing]" in printed([replace(WIDE, reason="[red]x[/nothing]")], 80)


def test_a_reason_cannot_break_the_markdown_table(project: Project) -> None:
    reason = "a | b\n<b>c"
    project.write(replace(project.not_run, reason=reason))
    project.report()
    (line,) = [
        line
        for line in (project.artifacts / "report/table.md").read_text().splitlines()
        if line.startswith("| `iree-cuda`")
    ]
    assert "| cuda | a \\| b &lt;b>c; where it can: `ludus evaluate artifacts/bundle " in line


def test_with_markdown_the_report_prints_docs_results(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project.report()
    monkeypatch.chdir(project.root)
    print_report(["--markdown"])
    page = capsys.readouterr().out
    assert page.startswith(RESULTS)
    assert page.endswith((project.artifacts / "report/table.md").read_text())


def test_a_row_whose_target_is_gone_from_params_is_still_printed(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project.report()
    project.root.joinpath("params.yaml").write_text("targets: {}\n")
    monkeypatch.chdir(project.root)
    print_report(["--markdown"])
    assert "| `ncnn-cpu` |" in capsys.readouterr().out


@pytest.mark.parametrize("show", ["table.md", "index.html", "terminal"])
def test_what_is_not_run_ends_in_the_command_that_runs_it_elsewhere(
    project: Project, show: str
) -> None:
    project.report()
    command = (
        "ludus evaluate artifacts/bundle --variant iree-cuda --device cuda "
        "--data artifacts/export/reference.npz --out attestations/iree-cuda.json"
    )
    if show == "terminal":
        text = printed([project.not_run], 80)
        assert max(map(len, text.splitlines())) <= 80
        text = " ".join(text.replace(" \\\n", " ").split())
    else:
        text = (project.artifacts / "report" / show).read_text()
    assert text.count(command) == 1


@pytest.mark.parametrize("status", ["verified", "failed", "attested"])
def test_what_was_run_names_no_command(status: Status) -> None:
    assert table.run_elsewhere(replace(WIDE, status=status, reason="a reason")) is None


def test_a_row_of_another_executor_names_the_command_that_installs_it(project: Project) -> None:
    row = replace(project.not_run, executor="qemu-aarch64", reason="run `make prebuilt`")
    assert "ludus evaluate" not in printed([row], 80)


# The page


def test_the_page_asks_for_no_other_file(project: Project) -> None:
    (project.artifacts / "data").mkdir()
    (project.artifacts / "data/samples.png").write_bytes(b"PNG")
    text = project.text()
    addresses = re.findall(r"""(?:src|href)\s*=\s*["']?([^"'>]{5})""", text)
    assert len(addresses) >= 3
    assert set(addresses) == {"data:"}
    assert not re.search(r"//[a-z]|@import|url\(|<script", text)


def test_the_page_escapes_what_others_wrote(project: Project) -> None:
    evil = "<script>alert('x')</script>"
    project.write(replace(project.not_run, reason=evil, device_name=evil, runtime_version=evil))
    (project.artifacts / "executors").mkdir()
    (project.artifacts / "executors/native.json").write_text(json.dumps({evil: evil}))
    (project.artifacts / "data").mkdir()
    (project.artifacts / "data/classes.csv").write_text(f"class,test\n{evil},1\n")
    text = project.text()
    assert text.count("&lt;script&gt;alert") == 6
    assert "<script" not in text


def test_the_page_shows_every_row_its_reason_and_the_mistakes(project: Project) -> None:
    text = project.text()
    for words in (*EVALUATIONS, "no NVIDIA driver", "97.50%", "1 misclassified image<", "#5<"):
        assert words in text
    assert "labelled 1</b>" in text
    assert "<span>2</span><span>75.0%</span>" in text


@pytest.mark.parametrize("status", ["verified", "failed", "attested", "not run"])
def test_the_page_says_what_each_status_word_means(project: Project, status: str) -> None:
    assert f'<span class="status">{status}</span></dt><dd>' in project.text()


def test_the_page_says_that_a_required_evaluation_fails_the_gate(project: Project) -> None:
    assert "Every required evaluation is verified" in project.text()
    project.params["evaluations"]["iree-cuda"]["required"] = True
    project.write_params()
    text = project.text()
    assert "Required and not verified: iree-cuda." in text
    assert "Every required evaluation is verified" not in text


def test_the_page_shows_the_images_that_flip(project: Project) -> None:
    flipped = REFERENCE.copy()
    flipped[[7, 8]] = flipped[[7, 8], ::-1]
    project.measured("ncnn-cpu", flipped)
    text = project.text()
    assert "ncnn-cpu: 2 images with another answer" in text
    assert "#7<" in text
    assert "#8<" in text


def test_a_network_that_learned_nothing_gets_a_page_too(project: Project) -> None:
    count = MOST_SHOWN + 50
    project.write_tests(
        inputs=np.zeros((count, 6, 6), dtype=np.uint8),
        labels=np.ones(count, dtype=np.uint8),
        reference=np.tile(np.array([1, 0, 0, 0], dtype=np.float32), (count, 1)),
    )
    text = project.text()
    assert f"{count} misclassified images" in text
    assert text.count('alt="test image') == MOST_SHOWN


def test_the_same_inputs_give_the_same_files(project: Project) -> None:
    def files() -> dict[Path, bytes]:
        project.report()
        folder = project.artifacts / "report"
        return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    first = files()
    assert len(first) == 5
    assert files() == first


def test_a_device_is_one_line_with_its_name_or_why_it_is_not_here() -> None:
    devices = {
        "cuda": {"name": None, "reason": "no driver"},
        "vulkan": {"name": "llvmpipe", "reason": None},
    }
    assert facts({"cores": 1, "swap": False, "none": None, "devices": devices}) == [
        ("cores", "1"),
        ("swap", "no"),
        ("devices / cuda", "not here: no driver"),
        ("devices / vulkan", "llvmpipe"),
    ]


# The charts


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0, 1.0, [0.0, 0.25, 0.5, 0.75, 1.0]),
        (0.013, 0.61, [0.0, 0.2, 0.4, 0.6, 0.8]),
        (5.0, 5.0, [2.0, 4.0, 6.0, 8.0]),
    ],
)
def test_ticks_are_round_and_hold_all_values(low: float, high: float, ticks: list[float]) -> None:
    assert charts.nice_ticks(low, high) == ticks


def test_curves_of_one_quantity_share_a_chart() -> None:
    curves = {"learning_rate": [0.1], "train/loss": [2.0, 1.0], "validation/loss": [3.0, 1.5]}
    loss, rate = charts.learning_charts(curves)
    assert (loss.title, [line.name for line in loss.lines]) == ("loss", ["train", "validation"])
    assert rate.title == "learning rate"


def test_every_point_lies_inside_its_chart() -> None:
    (chart,) = charts.learning_charts({"loss": [1e-9, 5.0, 0.3]})
    assert [x for x, _ in chart.lines[0].points] == sorted(x for x, _ in chart.lines[0].points)
    for x, y in chart.lines[0].points:
        assert charts.LEFT <= x <= charts.WIDTH - charts.RIGHT
        assert charts.TOP <= y <= charts.HEIGHT - charts.BOTTOM


def test_a_curve_that_left_the_numbers_is_drawn_while_it_had_some() -> None:
    (chart,) = charts.learning_charts({"loss": [1.0, float("nan"), float("inf")], "x": []})
    assert len(chart.lines[0].points) == 1


def test_the_longest_bar_fills_its_chart() -> None:
    found = charts.bars([("a", 2.0, "2", ""), ("b", 1.0, "1", ""), ("c", 0.0, "0", "")])
    assert [bar.percent for bar in found] == [100, 50, 0]
    assert [bar.percent for bar in charts.bars([("a", 0.0, "0", "")])] == [0]


# Speed, side by side


def benchmarked(project: Project, **changes: Any) -> Record:
    """A benchmark of ONNX Runtime and ncnn at three batches, twice as fast at 256."""
    rows = [
        Row(
            runner=runner,
            target=target,
            device="cpu",
            batch=batch,
            threads=1 if batch == 1 else 2,
            status="measured",
            rounds=3,
            calls=3,
            median_ms=ms * batch,
            p99_ms=ms * batch,
            max_ms=ms * batch,
            images_per_second=1000 / ms,
            round_ms=[ms * batch] * 3,
        )
        for runner, target, ms in (("ONNX Runtime", "onnx", 0.1), ("ncnn", "ncnn", 0.05))
        for batch in (1, 16, 256)
    ]
    rows.append(Row(runner="IREE", target="iree-cuda", device="cuda", reason="<no> driver"))
    machine = Machine(system="Linux", cpu="A CPU", cores=2, devices={"cpu": "A CPU"})
    record = Record(machine=machine, versions={}, long=False, rows=rows, loads=[])
    write_record(replace(record, **changes), project.artifacts / "benchmark.json")
    return record


def test_the_page_shows_ratios_curves_and_who_was_not_measured(project: Project) -> None:
    benchmarked(project)
    text = " ".join(project.text().split())
    assert "On A CPU, 2 cores, Linux." in text
    assert '<span class="status">above the threshold</span>' in text
    assert "2.00 (2.00 to 2.00)" in text
    assert "against onnx, batch 256, 2 threads" in text
    assert 'aria-label="images/s through Python over batch"' in text
    assert "ncnn 20k/s at 256" in text
    assert "iree-cuda: not run</td><td>&lt;no&gt; driver" in text


def test_without_a_benchmark_the_page_says_how_to_make_one(project: Project) -> None:
    assert "No benchmark was found; <code>dvc repro benchmark</code> makes one." in project.text()


def test_a_benchmark_changes_neither_results_nor_metrics(project: Project) -> None:
    project.report()
    names = ("report/results.json", "metrics.json", "report/table.md")
    before = [(project.artifacts / name).read_bytes() for name in names]
    benchmarked(project)
    project.report()
    assert [(project.artifacts / name).read_bytes() for name in names] == before


def test_every_point_of_a_curve_lies_inside_its_chart(project: Project) -> None:
    for chart in speed.speed_charts(benchmarked(project)):
        for line in chart.lines:
            for x, y in line.points:
                assert charts.LEFT <= x <= charts.WIDTH - charts.RIGHT
                assert charts.TOP <= y <= charts.HEIGHT - charts.BOTTOM


def test_a_runner_has_one_colour_in_all_charts(project: Project) -> None:
    record = benchmarked(project)
    rows = [replace(row, threads=1) for row in record.rows if row.batch == 256]
    drawn = speed.speed_charts(replace(record, rows=[*record.rows, *rows]))
    assert [chart.over for chart in drawn] == ["batch", "threads"]
    colours = [{line.name: line.style for line in chart.lines} for chart in drawn]
    assert colours[0] == colours[1] == {"ONNX Runtime": 0, "ncnn": 1}


def test_one_place_is_no_curve(project: Project) -> None:
    record = benchmarked(project)
    rows = [row for row in record.rows if row.batch == 256]
    assert speed.speed_charts(replace(record, rows=rows)) == []


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [
        (25, 70_000, [10, 100, 1000, 10_000, 100_000]),
        (2100, 4900, [2000, 5000]),
        (1000, 1000, [1000, 2000]),
        (3700, 73_000, [2000, 5000, 10_000, 20_000, 50_000, 100_000]),
    ],
)
def test_marks_of_a_logarithmic_axis_hold_all_values(
    low: float, high: float, marks: list[float]
) -> None:
    assert speed.decades(low, high) == marks


# A network that was made elsewhere


@pytest.fixture
def elsewhere(project: Project) -> Project:
    """One without labels, of tensors, answers at two places of each input."""
    reference = np.stack([REFERENCE, REFERENCE[::-1]], axis=1)
    project.params["model"] = {"source": "onnx", "file": "n.onnx", "about": "model.yaml"}
    project.params["gate"]["accuracy"] = 0
    project.write_params()
    project.write_tests(inputs=np.zeros((40, 3, 2), np.float32), labels=None, reference=reference)
    flipped = reference.copy()
    flipped[7] = flipped[7, :, ::-1]
    for name, answers in (("torchscript-cpu", reference), ("ncnn-cpu", flipped)):
        figures = measure(answers, None, reference)
        before = Result(
            evaluation=name, target=str(EVALUATIONS[name]["target"]), device="cpu",
            executor="native", status="measured", seconds=0.5,
        )  # fmt: skip
        project.write(replace(before, **figures))
    return project


def test_without_labels_agreement_is_reported_and_no_accuracy(elsewhere: Project) -> None:
    inputs = elsewhere.report()
    statuses = {row.evaluation: row.status for row in inputs.rows}
    assert statuses["torchscript-cpu"] == "verified"
    assert statuses["ncnn-cpu"] == "failed"
    numbers = metrics(inputs)["torchscript-cpu"]
    assert numbers["agreement"] == 1
    assert "accuracy" not in numbers
    assert not (elsewhere.artifacts / "report/plots/confusion.csv").exists()


def test_the_page_of_such_a_network_leaves_out_what_it_has_not(elsewhere: Project) -> None:
    text = elsewhere.text()
    assert "held against the reference, ONNX Runtime on the file as it came" in text
    assert "ncnn-cpu: 1 input with another answer" in text
    for heading in ("Confusion", "How it learned", "What it learned from", "misclassified"):
        assert heading not in text
