"""The whole pipeline is run once, by DVC, in a small copy; scenarios start from copies of that."""

import json
from pathlib import Path

import pytest

from support.shared import once
from support.small_project import Ended, Finished, Project, small_copy


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    def make(folder: Path) -> None:
        project = small_copy(folder / "project")
        ran = project.repro()
        status = project.check("git", "status", "-s")
        (folder / "ran.json").write_text(json.dumps({"said": ran.said, "git_status": status}))

    folder = once(tmp_path_factory, "finished", make)
    told = json.loads((folder / "ran.json").read_text())
    return Finished(
        project=Project(folder=folder / "project"),
        run=Ended(exit_code=0, said=told["said"]),
        git_status=told["git_status"],
    )


@pytest.fixture(scope="class")
def project(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the finished project, one for a class of tests."""
    return finished.project.copy_to(tmp_path_factory.mktemp("copy") / "project")
