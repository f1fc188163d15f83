"""What bad input gets from `dvc repro`: a message, an exit code; nothing lost or half-written."""

import shlex
import subprocess
from pathlib import Path

import pytest

from support.small_project import Ended, Project, half_written, tree


def refused(project: Project, *arguments: str) -> Ended:
    """`dvc repro` that must not succeed."""
    ended = project.run("dvc", "repro", *arguments)
    assert ended.exit_code != 0, ended.said
    assert "Traceback" not in ended.said
    assert half_written(project) == []
    return ended


def figures(project: Project) -> dict[str, str]:
    """What a refusal must leave as it is; what a report says of it may change."""
    return {
        name: digest
        for name, digest in tree(project.artifacts).items()
        if name.startswith(("evaluations/", "targets/", "bundle/", "export/", "model/"))
    }


@pytest.fixture(scope="class")
def before(project: Project) -> dict[str, str]:
    """The figures before the class's own edit."""
    return figures(project)


class TestAFloorThatIsNotMet:
    @pytest.fixture(scope="class")
    @classmethod
    def run(cls, project: Project, before: dict[str, str]) -> Ended:
        with project.edited_params() as params:
            params["gate"]["accuracy"] = 1.0
        return refused(project)

    def test_the_gate_says_which_rows_fall_short_of_what(
        self, project: Project, run: Ended
    ) -> None:
        assert run.ran[-2:] == ["report", "gate"]
        for name in ("torchscript-cpu", "iree-cpu-x86_64", "iree-vmvx"):
            accuracy = project.results()[name]["accuracy"]
            assert f"{name} (required): failed: accuracy {accuracy:.6g} < 1\n" in run.said
        assert "iree-metal" not in run.said.partition("Running stage 'gate'")[2]

    def test_the_figures_stay(self, project: Project, run: Ended, before: dict[str, str]) -> None:
        assert figures(project) == before
        assert project.results()["onnx-cpu"]["status"] == "failed"
        assert project.json("artifacts/metrics.json")["onnx-cpu"]["accuracy"] > 0.5

    def test_no_pass_stands_beside_them(self, project: Project, run: Ended) -> None:
        assert not (project.artifacts / "gate.json").exists()

    def test_asked_again_it_refuses_again(self, project: Project, run: Ended) -> None:
        assert refused(project).ran == ["probe", "gate"]


class TestARequiredEvaluationThatIsNotRunHere:
    @pytest.fixture(scope="class")
    @classmethod
    def run(cls, project: Project, before: dict[str, str]) -> Ended:
        with project.edited_params() as params:
            params["evaluations"]["iree-metal"]["required"] = True
        return refused(project)

    def test_nothing_is_evaluated_again(self, run: Ended) -> None:
        assert run.ran == ["probe", "sweep", "report", "gate"]

    def test_the_gate_says_which_and_why(self, project: Project, run: Ended) -> None:
        reason = project.results()["iree-metal"]["reason"]
        assert reason
        assert f"iree-metal (required): not run: {reason}\n" in run.said
        assert "1 of " in run.said

    def test_the_figures_stay(self, project: Project, run: Ended, before: dict[str, str]) -> None:
        assert figures(project) == before


class TestFlagsThatTheCompilerRefuses:
    @pytest.fixture(scope="class")
    @classmethod
    def run(cls, project: Project, before: dict[str, str]) -> Ended:
        with project.edited_params() as params:
            params["targets"]["iree-cpu-x86_64"]["flags"].append("--iree-no-such-flag")
        return refused(project)

    def test_the_compilers_message_is_shown(self, run: Ended) -> None:
        assert "iree-compile ended with exit code 1 and said:" in run.said
        assert "Unknown command line argument '--iree-no-such-flag'" in run.said

    def test_the_command_can_be_pasted(self, project: Project, run: Ended) -> None:
        command = run.said.partition("to run it again:\n")[2].splitlines()[0].strip()
        pasted = subprocess.run(
            shlex.split(command), cwd=project.folder, capture_output=True, text=True, check=False
        )
        assert pasted.returncode == 1
        assert "Unknown command line argument '--iree-no-such-flag'" in pasted.stderr

    def test_nothing_after_it_is_run(self, run: Ended) -> None:
        assert run.ran == ["compile@iree-cpu-x86_64"]

    def test_the_other_artifacts_stay(
        self, project: Project, run: Ended, before: dict[str, str]
    ) -> None:
        others = {
            name: digest
            for name, digest in before.items()
            if not name.startswith("targets/iree-cpu-x86_64/")
        }
        assert figures(project) == others

    def test_mended_it_goes_on_from_the_cache(
        self, project: Project, run: Ended, before: dict[str, str]
    ) -> None:
        project.check("git", "checkout", "--quiet", "params.yaml")
        assert project.repro().ran == ["probe"]
        assert figures(project) == before


class TestParamsThatCannotBeMeant:
    @pytest.mark.parametrize(
        ("table", "wrong", "right"),
        [("gate", "acuracy", "accuracy"), ("bundle", "goldn", "golden")],
    )
    def test_a_misspelt_key_is_told_with_the_nearest_name(
        self, project: Project, table: str, wrong: str, right: str
    ) -> None:
        before = figures(project)
        with project.edited_params() as params:
            params[table][wrong] = params[table].pop(right)
        said = refused(project).said
        assert f"  {table}.{wrong}: unknown key '{wrong}', did you mean '{right}'?\n" in said
        assert figures(project) == before
        project.check("git", "checkout", "--quiet", "params.yaml")

    def test_a_key_too_many_is_told_where_no_stage_has_anything_to_do(
        self, project: Project
    ) -> None:
        with project.edited_params() as params:
            params["data"]["validaton"] = 90
        ended = refused(project)
        assert ended.ran == ["probe"]
        assert "data.validaton: unknown key 'validaton', did you mean 'validation'?" in ended.said
        project.check("git", "checkout", "--quiet", "params.yaml")

    def test_a_key_that_a_stage_depends_on_is_missed_by_dvc(self, project: Project) -> None:
        with project.edited_params() as params:
            del params["data"]["validation"]
        ended = refused(project)
        assert ended.ran == []
        assert "Parameters 'data.validation' are missing from 'params.yaml'" in ended.said
        project.check("git", "checkout", "--quiet", "params.yaml")

    def test_a_key_too_many_in_a_row_is_told_by_its_stage(self, project: Project) -> None:
        with project.edited_params() as params:
            params["targets"]["iree-vmvx"]["flag"] = []
        ended = refused(project)
        assert ended.ran == ["compile@iree-vmvx"]
        assert "targets.iree-vmvx.flag: unknown key 'flag', did you mean 'flags'?" in ended.said
        project.check("git", "checkout", "--quiet", "params.yaml")
        assert project.repro().ran == ["probe"]


class TestDataThatAreWrong:
    """A truncated file in a folder of its own: the folder is what the params then name."""

    NAME = "t10k-labels-idx1-ubyte"

    def test_a_wrong_checksum_is_told_by_source(self, project: Project) -> None:
        before = tree(project.folder / "data" / "raw")
        folder = project.folder / "data" / "truncated"
        project.check("cp", "-r", "data/incoming", str(folder))
        cut(folder / self.NAME)
        with project.edited_params() as params:
            params["data"]["folder"] = "data/truncated"
        ended = refused(project)
        assert ended.ran == ["download"]
        assert f"error: no source has {self.NAME}:\n" in ended.said
        assert f"  folder: {self.NAME} has sha256 " in ended.said
        assert not (project.folder / "data" / "raw" / self.NAME).exists()
        project.check("git", "checkout", "--quiet", "params.yaml")
        mended = project.repro()
        assert (mended.ran, mended.restored) == (["probe"], ["download"])
        assert tree(project.folder / "data" / "raw") == before

    def test_a_file_cut_after_its_download_is_restored(self, project: Project) -> None:
        raw = project.folder / "data" / "raw"
        before = tree(raw)
        cut(raw / self.NAME)
        ended = project.repro()
        assert (ended.ran, ended.restored) == (["probe"], ["download"])
        assert tree(raw) == before

    def test_prepare_alone_refuses_a_truncated_file(self, project: Project) -> None:
        before = tree(project.folder / "data" / "prepared")
        cut(project.folder / "data" / "raw" / self.NAME)
        ended = refused(project, "--single-item", "prepare")
        assert f"error: data/raw/{self.NAME} has 108 bytes; expected 208" in ended.said
        project.repro()
        assert tree(project.folder / "data" / "prepared") == before


def cut(path: Path) -> None:
    """Take the last 100 bytes off a file; a link or a read-only one is replaced."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-100])
