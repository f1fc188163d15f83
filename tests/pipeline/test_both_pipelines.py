"""The second pipeline runs on the results of the first, and changes none of them."""

import pytest
import yaml

from support.small_project import Ended, Project, half_written, tree

SECOND = "everywhere/dvc.yaml:"


class TestBothPipelinesAreRun:
    @pytest.fixture(scope="class")
    @classmethod
    def before(cls, project: Project) -> dict[str, str]:
        return tree(project.artifacts)

    @pytest.fixture(scope="class")
    @classmethod
    def run(cls, project: Project, before: dict[str, str]) -> Ended:
        return project.repro("--all-pipelines")

    def test_each_stage_of_the_second_runs_once_and_none_of_the_first(
        self, project: Project, run: Ended
    ) -> None:
        path = project.folder / "everywhere" / "params.yaml"
        rows = yaml.safe_load(path.read_text(encoding="utf-8"))
        stages = ["lower", "sweep", "report", "gate"]
        stages += [f"compile@{name}" for name in rows["targets"]]
        stages += [f"evaluate@{name}" for name in rows["evaluations"]]
        stages += [f"system@{name}" for name in rows["systems"]]
        assert sorted(run.ran) == sorted(["probe", *(SECOND + stage for stage in stages)])

    def test_its_report_has_the_rows_of_both(self, project: Project, run: Ended) -> None:
        found = project.json("artifacts/everywhere/report/results.json")
        rows = {row["evaluation"]: row for row in found}
        assert set(rows) > set(project.results())
        assert rows["iree-cpu-x86_64-onnx"]["status"] == "verified"
        assert rows["iree-cpu-x86_64"]["status"] == "verified"
        windows = rows["iree-cpu-x86_64-windows"]
        assert windows["status"] == "not run"
        assert windows["reason"]

    def test_what_the_first_made_stays(
        self, project: Project, run: Ended, before: dict[str, str]
    ) -> None:
        after = tree(project.artifacts)
        assert {name: after[name] for name in before} == before
        assert half_written(project) == []

    def test_with_nothing_to_do_only_the_probe_is_run(self, project: Project, run: Ended) -> None:
        assert project.repro("--all-pipelines").ran == ["probe"]
