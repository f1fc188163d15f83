"""What an edit runs again, and what it leaves alone: asserted from what DVC says that it ran."""

import pytest

from ludus.process import godot
from support.small_project import Ended, Project, tree

# After every edit that changes what the pipeline comes to.
LAST = ["report", "gate", "bundle"]
# After every edit that changes what is built or evaluated as well.
ROWS = ["sweep", "benchmark"]
# O2 gives the same module as O3, and then DVC does not evaluate it again.
O3, O1 = "--iree-opt-level=O3", "--iree-opt-level=O1"


class TestTheFlagsOfOneTargetAreEdited:
    @pytest.fixture(scope="class")
    @classmethod
    def run(cls, project: Project) -> Ended:
        with project.edited_params() as params:
            flags = params["targets"]["iree-cpu-x86_64"]["flags"]
            flags[flags.index(O3)] = O1
        return project.repro()

    def test_that_target_alone_is_compiled_and_evaluated(
        self, project: Project, run: Ended
    ) -> None:
        evaluated = project.evaluations_of("iree-cpu-x86_64")
        assert evaluated == ["evaluate@iree-cpu-x86_64"]
        built = ["compile@iree-cpu-x86_64", "probe", *evaluated, *ROWS]
        assert sorted(run.ran) == sorted([*built, *LAST])

    def test_compiling_again_gives_the_same_bytes(self, project: Project, run: Ended) -> None:
        names = ("iree-cpu-x86_64", "ncnn", "onnx")
        before = tree(project.artifacts / "targets")
        again = project.repro("--force", "--single-item", *(f"compile@{name}" for name in names))
        assert again.ran == [f"compile@{name}" for name in names]
        assert tree(project.artifacts / "targets") == before

    def test_bundling_again_gives_the_same_bytes(self, project: Project, run: Ended) -> None:
        before = tree(project.artifacts / "bundle")
        assert project.repro("--force", "--single-item", "bundle").ran == ["bundle"]
        assert tree(project.artifacts / "bundle") == before

    def test_other_times_change_neither_what_the_gate_reads_nor_the_bundle(
        self, project: Project, run: Ended
    ) -> None:
        before, results = tree(project.artifacts / "bundle"), project.results()
        times = (project.artifacts / "benchmark.json").read_bytes()
        assert project.repro("--force", "--single-item", "benchmark").ran == ["benchmark"]
        assert (project.artifacts / "benchmark.json").read_bytes() != times
        assert project.repro().ran == ["probe", "report"]
        assert (tree(project.artifacts / "bundle"), project.results()) == (before, results)


class TestTheAddonIsBuiltAnew:
    def test_what_runs_in_the_engine_is_evaluated_and_nothing_else(self, project: Project) -> None:
        library = project.folder / godot.library().relative_to(godot.ROOT)
        library.parent.mkdir(parents=True, exist_ok=True)
        library.write_bytes(b"another library")
        names = [name for name, row in project.results().items() if "godot" in row["executor"]]
        assert names == ["godot-cpu", "godot-cpu-pck"]
        evaluated = [f"evaluate@{name}" for name in names]
        # The report shows the machine; the same results are no other bundle.
        assert sorted(project.repro().ran) == sorted(["probe", *evaluated, "report"])


class TestAFloorIsLowered:
    @pytest.fixture(scope="class")
    @classmethod
    def run(cls, project: Project) -> Ended:
        with project.edited_params() as params:
            params["gate"]["accuracy"] = 0.25
        return project.repro()

    def test_nothing_is_trained_exported_compiled_evaluated_or_timed(self, run: Ended) -> None:
        # The gate reads the report's results alone, which stay the same here.
        assert set(run.ran) - {"gate"} == {"probe", "report", "bundle"}
        assert run.restored == []

    def test_the_bundle_holds_the_new_threshold(self, project: Project, run: Ended) -> None:
        assert project.json("artifacts/bundle/manifest.json")["floors"]["accuracy"] == 0.25


class TestEpochsAreEdited:
    """A second training would take a minute: DVC says what it would run."""

    @pytest.fixture(scope="class")
    @classmethod
    def plan(cls, project: Project) -> Ended:
        with project.edited_params() as params:
            params["train"]["epochs"] = 4
        return project.repro("--dry", "--force-downstream")

    def test_download_and_prepare_are_not_run(self, plan: Ended) -> None:
        assert plan.unchanged == ["download", "prepare"]

    def test_training_and_all_that_follows_is_run(self, project: Project, plan: Ended) -> None:
        assert plan.ran[:3] == ["train", "export", "lower"]
        assert plan.ran[-3:] == LAST
        assert "benchmark" in plan.ran
        for target in project.variants():
            assert f"compile@{target}" in plan.ran
        for evaluation in project.results():
            assert f"evaluate@{evaluation}" in plan.ran

    def test_of_itself_the_edit_touches_the_training_alone(
        self, project: Project, plan: Ended
    ) -> None:
        assert set(project.asked("dvc", "status", "dvc.yaml", "--json")) == {"train", "probe"}


class TestATargetIsTakenOut:
    @pytest.fixture(scope="class")
    @classmethod
    def before(cls, project: Project) -> dict[str, str]:
        return tree(project.artifacts / "bundle")

    @pytest.fixture(scope="class")
    @classmethod
    def run(cls, project: Project, before: dict[str, str]) -> Ended:
        project.check("git", "add", "dvc.lock")
        project.check("git", "commit", "--quiet", "-m", "the first run")
        with project.edited_params() as params:
            params["targets"].pop("ncnn")
            rows = params["evaluations"]
            for name in [name for name, row in rows.items() if row["target"] == "ncnn"]:
                rows.pop(name)
        return project.repro()

    def test_nothing_else_is_built_or_evaluated(self, run: Ended) -> None:
        assert sorted(run.ran) == sorted(["probe", *ROWS, *LAST])

    def test_it_leaves_the_bundle(self, project: Project, run: Ended) -> None:
        assert "ncnn" not in project.variants()
        assert not (project.artifacts / "bundle" / "variants" / "ncnn").exists()

    def test_it_leaves_the_report_and_the_metrics(self, project: Project, run: Ended) -> None:
        for path in ("metrics.json", "report/results.json", "report/table.md", "report/index.html"):
            text = (project.artifacts / path).read_text(encoding="utf-8")
            assert "onnx-cpu" in text
            assert "ncnn-cpu" not in text

    def test_metrics_diff_shows_that_its_figures_went(self, project: Project, run: Ended) -> None:
        diff = project.asked("dvc", "metrics", "diff", "--json")["artifacts/metrics.json"]
        assert all(name.startswith("ncnn-") for name in diff)
        assert diff["ncnn-cpu.accuracy"]["new"] is None
        assert diff["ncnn-cpu.accuracy"]["old"] > 0.5

    def test_params_diff_shows_what_was_edited(self, project: Project, run: Ended) -> None:
        diff = project.asked("dvc", "params", "diff", "--json")["params.yaml"]
        assert diff["targets.ncnn.backend"] == {"old": "ncnn", "new": None}
        assert diff["evaluations.ncnn-cpu.required"] == {"old": True, "new": None}
        assert not any(name.startswith("train") for name in diff)

    def test_put_back_it_comes_from_the_cache(
        self, project: Project, run: Ended, before: dict[str, str]
    ) -> None:
        project.check("git", "checkout", "--quiet", "params.yaml")
        back = project.repro()
        assert back.ran == ["probe"]
        swept = ["compile@ncnn", "evaluate@ncnn-cpu"]
        assert sorted(back.restored) == sorted([*swept, *ROWS, *LAST])
        assert tree(project.artifacts / "bundle") == before


class TestARowForATargetOfAKnownBackendIsAdded:
    """A row for CPUs with SSE4.2, which every x86-64 machine of today has."""

    NAME = "iree-cpu-x86_64-v2"

    @pytest.fixture(scope="class")
    @classmethod
    def run(cls, project: Project) -> Ended:
        with project.edited_params() as params:
            target = params["targets"]["iree-cpu-x86_64"]
            flags = [flag.replace("cpu=x86-64", "cpu=x86-64-v2") for flag in target["flags"]]
            cpu = {"architecture": "x86_64", "features": ["sse4.2"]}
            params["targets"][cls.NAME] = target | {"flags": flags, "cpu": cpu}
            params["evaluations"][cls.NAME] = params["evaluations"]["iree-cpu-x86_64"] | {
                "target": cls.NAME
            }
        return project.repro()

    def test_it_is_built_and_evaluated_and_nothing_else(self, run: Ended) -> None:
        built = [f"compile@{self.NAME}", "probe", f"evaluate@{self.NAME}", *ROWS]
        assert sorted(run.ran) == sorted([*built, *LAST])

    def test_it_is_verified_in_the_report(self, project: Project, run: Ended) -> None:
        row = project.results()[self.NAME]
        assert (row["target"], row["status"], row["images"]) == (self.NAME, "verified", 200)

    def test_the_bundle_holds_it(self, project: Project, run: Ended) -> None:
        assert project.variants()[-1] == self.NAME
        module = project.artifacts / "bundle" / "variants" / self.NAME / "model.vmfb"
        other = project.artifacts / "bundle" / "variants" / "iree-cpu-x86_64" / "model.vmfb"
        assert module.read_bytes() != other.read_bytes()
