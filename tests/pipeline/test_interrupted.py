"""A run that is broken off leaves nothing behind that the next one trips over."""

import os
import signal

import pytest

from support.small_project import Project, command_lines, half_written, tree, wait_for

TARGET = "iree-cpu-x86_64"
FOLLOWS = ["probe", "sweep", "benchmark", "report", "gate", "bundle"]


class TestACompilationIsBrokenOff:
    """Twice, and then the run is left to end."""

    @pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
    def test_nothing_of_it_is_kept(self, project: Project, how: signal.Signals) -> None:
        with project.edited_params() as params:
            flags = params["targets"][TARGET]["flags"]
            flags[flags.index(next(f for f in flags if "opt-level" in f))] = "--iree-opt-level=O1"
        lock = (project.folder / "dvc.lock").read_bytes()
        said = break_off(project, "bin/iree-compile", how)
        assert said.count("Running stage") == 1
        assert not (project.artifacts / "targets" / TARGET).exists()
        assert (project.folder / "dvc.lock").read_bytes() == lock
        if how == signal.SIGINT:
            assert "error: interrupted; nothing half-written was left behind" in said
            assert half_written(project) == []

    def test_the_next_run_goes_on_as_if_it_had_not_begun(self, project: Project) -> None:
        ended = project.repro()
        built = [f"compile@{TARGET}", *project.evaluations_of(TARGET)]
        assert sorted(ended.ran) == sorted([*built, *FOLLOWS])
        assert half_written(project) == []
        assert project.results()[TARGET]["status"] == "verified"


class TestThePreparationIsBrokenOff:
    @pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
    def test_with_the_old_params_everything_is_as_before(
        self, project: Project, how: signal.Signals
    ) -> None:
        data, built = tree(project.folder / "data"), tree(project.artifacts)
        with project.edited_params() as params:
            params["data"]["seed"] += 1
        break_off(project, "stages.prepare", how)
        project.check("git", "checkout", "--quiet", "params.yaml")
        ended = project.repro()
        assert ended.ran == ["probe"]
        assert ended.restored == ["prepare"]
        assert half_written(project) == []
        assert (tree(project.folder / "data"), tree(project.artifacts)) == (data, built)


def break_off(project: Project, word: str, how: signal.Signals) -> str:
    """Start `dvc repro`, and send a signal to all of it once word is on a command line of its.

    What it said until then. All its processes are gone afterwards.
    """
    with project.start("dvc", "repro") as process:
        wait_for(process, word)
        os.killpg(process.pid, how)
        said, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert command_lines(process.pid) == []
    return said
