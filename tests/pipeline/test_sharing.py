"""A bundle is taken from a commit and a remote, as a game's build takes it."""

from pathlib import Path

import pytest

from support.small_project import Project, tree


class TestTheRunIsCommittedAndPushed:
    @pytest.fixture(scope="class")
    @classmethod
    def clone(cls, project: Project) -> Project:
        """A clone by Git, which has no data of its own: they are in the remote alone."""
        folder = project.folder.parent
        project.check("dvc", "remote", "add", "--default", "store", str(folder / "store"))
        project.check("git", "add", "dvc.lock", ".dvc/config")
        project.check("git", "commit", "--quiet", "-m", "the first run")
        project.check("git", "tag", "-a", "digits@v1.0.0", "-m", "digits 1.0.0")
        project.check("dvc", "push")
        project.check("git", "clone", "--quiet", ".", str(folder / "clone"))
        return Project(folder=folder / "clone")

    def test_dvc_artifacts_get_takes_it_by_its_name(self, project: Project, clone: Project) -> None:
        out = self.taken(project, clone, "artifacts", "get", str(clone.folder), "digits")
        project.check("ludus", "verify", str(out))

    def test_dvc_get_takes_it_from_any_commit(self, project: Project, clone: Project) -> None:
        self.taken(project, clone, "get", str(clone.folder), "artifacts/bundle", "--rev", "HEAD")

    def test_dvc_pull_fetches_it_into_a_clone(self, project: Project, clone: Project) -> None:
        assert not clone.artifacts.exists()
        clone.check("dvc", "pull", "artifacts/bundle")
        assert tree(clone.artifacts / "bundle") == tree(project.artifacts / "bundle")
        assert [path.name for path in clone.artifacts.iterdir()] == ["bundle"]

    def taken(self, project: Project, clone: Project, *command: str) -> Path:
        out = project.folder.parent / command[0]
        project.check("dvc", *command, "--out", str(out))
        assert tree(out) == tree(project.artifacts / "bundle")
        return out
