"""The whole pipeline is run once, by DVC, in a small copy; scenarios start from copies of that."""

import pytest

from ludus.config.backends.iree import IreeTarget
from ludus.config.params import load_params
from ludus.process.toolchains import STABLEHLO, environment
from ludus.process.tools import ROOT
from support.small_project import Finished, Project, small_copy


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    targets = load_params(ROOT / "params.yaml").targets.values()
    versions = {target.toolchain for target in targets if isinstance(target, IreeTarget)}
    for name in (*versions, STABLEHLO):
        environment(name)  # once, here; copies reach it by a link
    project = small_copy(tmp_path_factory.mktemp("finished") / "project")
    ran = project.repro()
    return Finished(project=project, run=ran, git_status=project.check("git", "status", "-s"))


@pytest.fixture(scope="class")
def project(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the finished project, one for a class of tests."""
    return finished.project.copy_to(tmp_path_factory.mktemp("copy") / "project")
