"""A bundle goes to S3 or over SSH, and a game's build elsewhere takes it from there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.needed import absent
from support.remote_servers import DVC, SERVERS, Remote, why_not
from support.small_project import Finished, Project, tree


@pytest.fixture(scope="module", params=SERVERS)
def remote(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Remote]:
    reason = why_not(request.param)
    if reason is not None:
        absent(request.param, reason)
    with SERVERS[request.param](tmp_path_factory.mktemp(request.param)) as remote:
        yield remote


class TestTheRunIsPushed:
    @pytest.fixture(scope="class")
    @classmethod
    def clone(
        cls, remote: Remote, finished: Finished, tmp_path_factory: pytest.TempPathFactory
    ) -> Project:
        """A clone by Git, which has no data of its own: they are in the remote alone."""
        folder = tmp_path_factory.mktemp("pushed")
        project = finished.project.copy_to(folder / "project")
        project.check("dvc", "remote", "add", "--default", "store", remote.url)
        for name, value in {**remote.options, "verify": "true"}.items():
            project.check("dvc", "remote", "modify", "store", name, value)
        project.check("git", "add", "dvc.lock", ".dvc/config")
        project.check("git", "commit", "--quiet", "-m", "the first run")
        project.check("gto", "register", "digits", "--version", "v1.0.0")
        project.check("gto", "assign", "digits", "--version", "v1.0.0", "--stage", "prod")
        project.check(*remote.developer, str(DVC), "push")
        project.check("git", "clone", "--quiet", ".", str(folder / "clone"))
        return Project(folder=folder / "clone")

    def test_dvc_artifacts_get_takes_a_version(
        self, remote: Remote, finished: Finished, clone: Project
    ) -> None:
        self.taken(remote, finished, clone, "--rev", "v1.0.0")

    def test_dvc_artifacts_get_takes_what_is_in_production(
        self, remote: Remote, finished: Finished, clone: Project
    ) -> None:
        self.taken(remote, finished, clone, "--stage", "prod")

    def taken(self, remote: Remote, finished: Finished, clone: Project, *which: str) -> None:
        out = clone.folder.with_name(which[1])
        get = ("artifacts", "get", str(clone.folder), "digits", *which, "--out", str(out))
        Project(folder=clone.folder.parent).check(*remote.build, str(DVC), *get)
        assert tree(out) == tree(finished.project.artifacts / "bundle")

    def test_who_has_another_key_gets_nothing(self, remote: Remote, clone: Project) -> None:
        ended = clone.run(*remote.stranger, str(DVC), "pull", "artifacts/bundle")
        assert ended.exit_code != 0
        assert remote.refusal in ended.said
        assert not clone.artifacts.exists()

    def test_who_may_read_cannot_write(self, remote: Remote, clone: Project) -> None:
        project = Project(folder=clone.folder.with_name("project"))
        # Elsewhere, since there everything is written already.
        project.check("dvc", "remote", "modify", "store", "url", f"{remote.url}-of-a-build")
        ended = project.run(*remote.build, str(DVC), "push", "artifacts/bundle")
        assert ended.exit_code != 0
        assert "denied" in ended.said.lower()

    # The files of SeaweedFS lie in a database of its own; DVC treats them by the same code.
    @pytest.mark.parametrize("remote", ["ssh"], indirect=True)
    def test_files_that_were_changed_there_are_not_pulled(
        self, remote: Remote, clone: Project, tmp_path: Path
    ) -> None:
        other = Project(folder=tmp_path / "clone")
        clone.check("git", "clone", "--quiet", ".", str(other.folder))
        with changed_files(remote):
            ended = other.run(*remote.build, str(DVC), "pull", "artifacts/bundle")
        assert ended.exit_code != 0
        assert not (other.artifacts / "bundle").exists()

    # DVC 3.67's `get` checks nothing, whatever its configuration says.
    @pytest.mark.parametrize("remote", ["ssh"], indirect=True)
    def test_ludus_verify_refuses_what_dvc_artifacts_get_took_of_them(
        self, remote: Remote, clone: Project, tmp_path: Path
    ) -> None:
        game = Project(folder=tmp_path)
        with changed_files(remote):
            get = ("artifacts", "get", str(clone.folder), "digits", "--rev", "v1.0.0")
            game.check(*remote.build, str(DVC), *get, "--out", "got")
        assert game.run("ludus", "verify", "got").exit_code == 1

    def test_a_fresh_clone_of_the_tag_pulls_it_and_it_verifies(
        self, remote: Remote, finished: Finished, clone: Project, tmp_path: Path
    ) -> None:
        elsewhere = Project(folder=tmp_path / "digits")
        source = f"file://{clone.folder}"
        clone.check("git", "clone", "--quiet", "--depth=1", "--branch=digits@v1.0.0", source,
                    str(elsewhere.folder))  # fmt: skip
        elsewhere.check(*remote.build, str(DVC), "pull", "artifacts/bundle")
        bundle = elsewhere.artifacts / "bundle"
        assert tree(bundle) == tree(finished.project.artifacts / "bundle")
        assert [path.name for path in elsewhere.artifacts.iterdir()] == ["bundle"]
        elsewhere.check("ludus", "verify", str(bundle))


@contextmanager
def changed_files(remote: Remote) -> Iterator[None]:
    """The last bit of every file is another one; the lists of folders are as they were."""
    assert remote.folder is not None
    files = [path for path in remote.folder.rglob("*") if path.is_file() and path.suffix != ".dir"]
    kept = {path: path.read_bytes() for path in files}
    for path, data in kept.items():
        path.chmod(0o644)
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    try:
        yield
    finally:
        for path, data in kept.items():
            path.write_bytes(data)
