"""`make release` tags, packs and notes what was proved, refuses all else, and can be run again."""

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from ludus.bundle.reader import read_bundle
from ludus.core.errors import ReleaseError
from support.paths import BUNDLE, ROOT
from support.small_project import Project, tree
from tools.release import with_version

TAG = "golden@v1.0.0"
CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A network.\n"
DVC_YAML = {
    "stages": {
        "bundle": {
            "cmd": "rm -rf artifacts/bundle && mkdir -p artifacts && cp -R made artifacts/bundle",
            "params": ["bundle"],
            "deps": ["made"],
            "outs": ["artifacts/bundle"],
        }
    },
    "artifacts": {"golden": {"path": "artifacts/bundle", "type": "model"}},
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose pipeline is one stage, which copies the golden bundle; run and committed."""
    project = Project(folder=tmp_path_factory.mktemp("built") / "project")
    shutil.copytree(BUNDLE, project.folder / "made")
    shutil.copy2(ROOT / "params.yaml", project.folder)
    with project.edited_params() as params:
        params["bundle"] |= {"name": "golden", "version": "1.0.0"}
    for name, text in {
        "dvc.yaml": yaml.safe_dump(DVC_YAML),
        "CHANGELOG.md": CHANGELOG,
        ".gitignore": "/artifacts/\n/dist/\n",
    }.items():
        (project.folder / name).write_text(text, encoding="utf-8")
    project.check("git", "init", "--quiet")
    project.check("dvc", "init", "--quiet")
    project.repro()
    commit(project, "the first run")
    return project


@pytest.fixture
def project(built: Project, tmp_path: Path) -> Project:
    return built.copy_to(tmp_path / "project")


def commit(project: Project, message: str) -> None:
    project.check("git", "add", ".")
    project.check("git", "commit", "--quiet", "-m", message)


def release(project: Project) -> str:
    return project.check("python", "-m", "tools.release")


class TestItIsReleased:
    @pytest.fixture(scope="class")
    @classmethod
    def released(cls, built: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
        project = built.copy_to(tmp_path_factory.mktemp("released") / "project")
        release(project)
        return project

    def test_the_tag_is_of_the_last_commit_and_annotated(self, released: Project) -> None:
        assert released.check("git", "cat-file", "-t", TAG) == "tag\n"
        commits = released.check("git", "rev-parse", f"{TAG}^{{commit}}", "HEAD").split()
        assert commits[0] == commits[1]

    def test_the_tag_says_the_sum_of_the_manifest(self, released: Project) -> None:
        body = released.check("git", "tag", "--list", "--format=%(contents:body)", TAG)
        said = subprocess.run(
            ["sha256sum", "--check"],
            cwd=released.folder / "artifacts" / "bundle",
            input=body, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        assert said == "manifest.json: OK\n"

    def test_the_last_commit_changes_the_changelog_alone(self, released: Project) -> None:
        assert released.check("git", "diff", "--name-only", "HEAD~", "HEAD") == "CHANGELOG.md\n"
        assert released.check("git", "status", "--short") == ""

    def test_the_changelog_has_the_version_below_an_empty_unreleased(
        self, released: Project
    ) -> None:
        text = (released.folder / "CHANGELOG.md").read_text(encoding="utf-8")
        head, _, rest = text.partition("## [1.0.0] - ")
        assert head == "# Changelog\n\n## [Unreleased]\n\n"
        assert rest.endswith("\n\n### Added\n\n- A network.\n")

    def test_the_zip_is_the_bundle(self, released: Project, tmp_path: Path) -> None:
        with zipfile.ZipFile(released.folder / "dist" / "golden-1.0.0.zip") as archive:
            archive.extractall(tmp_path)
        read_bundle(tmp_path / "golden")
        assert tree(tmp_path / "golden") == tree(BUNDLE)

    def test_its_sums_are_right(self, released: Project) -> None:
        said = subprocess.run(
            ["sha256sum", "--check", "SHA256SUMS"],
            cwd=released.folder / "dist", capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        assert said == "golden-1.0.0.zip: OK\n"

    def test_another_release_of_the_same_has_the_same_bytes(
        self, released: Project, project: Project
    ) -> None:
        release(project)
        one, other = (
            hashlib.sha256((each.folder / "dist" / "golden-1.0.0.zip").read_bytes()).hexdigest()
            for each in (released, project)
        )
        assert one == other

    def test_dvc_artifacts_get_takes_the_version(self, released: Project, tmp_path: Path) -> None:
        self.get(released, tmp_path, "--rev", "v1.0.0")

    def test_dvc_artifacts_get_takes_a_stage_that_gto_assigned(
        self, released: Project, tmp_path: Path
    ) -> None:
        released.check("gto", "assign", "golden", "--version", "v1.0.0", "--stage", "prod")
        self.get(released, tmp_path, "--stage", "prod")

    def get(self, released: Project, folder: Path, *which: str) -> None:
        out = folder / "got"
        source = str(released.folder)
        released.check("dvc", "artifacts", "get", source, "golden", *which, "--out", str(out))
        assert tree(out) == tree(BUNDLE)

    def test_the_next_version_stands_above_it(self, released: Project, tmp_path: Path) -> None:
        project = released.copy_to(tmp_path / "project")
        made_anew(project, '"version": "1.0.0"', '"version": "1.1.0"')
        with project.edited_params() as params:
            params["bundle"]["version"] = "1.1.0"
        changelog = project.folder / "CHANGELOG.md"
        text = changelog.read_text(encoding="utf-8")
        changelog.write_text(text.replace("[Unreleased]\n", "[Unreleased]\n\n- More.\n"), "utf-8")
        project.repro()
        commit(project, "1.1.0")
        release(project)
        assert [line[:10] for line in changelog.read_text().splitlines() if line[:3] == "## "] == [
            "## [Unrele",
            "## [1.1.0]",
            "## [1.0.0]",
        ]
        assert project.check("git", "tag", "--list", "golden@*").split() == [TAG, "golden@v1.1.0"]


def made_anew(project: Project, got: str, wanted: str) -> None:
    """Change the manifest of what the project's stage copies."""
    manifest = project.folder / "made" / "manifest.json"
    text = manifest.read_text(encoding="utf-8")
    assert got in text
    manifest.write_text(text.replace(got, wanted, 1), encoding="utf-8")


# ---- each way to be no release: what is done to the checkout, and what is said of it


def uncommitted(project: Project) -> None:
    (project.folder / "CHANGELOG.md").write_text(CHANGELOG + "- More.\n", encoding="utf-8")


def unknown_to_git(project: Project) -> None:
    (project.folder / "stages.py").write_text("", encoding="utf-8")


def tagged(project: Project) -> None:
    project.check("git", "tag", "-a", TAG, "-m", "golden 1.0.0")


def of_another_version(project: Project) -> None:
    with project.edited_params() as params:
        params["bundle"]["version"] = "1.1.0"
    commit(project, "1.1.0, and nothing is run")


def not_built(project: Project) -> None:
    shutil.rmtree(project.folder / "artifacts")


def damaged(project: Project) -> None:
    path = project.folder / "artifacts" / "bundle" / "golden" / "images.bin"
    data = path.read_bytes()
    path.unlink()  # which may be a link into DVC's cache
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])


def not_run_again(project: Project) -> None:
    made_anew(project, '"accuracy_loss": 0.0', '"accuracy_loss": 0.1')
    commit(project, "another floor, and nothing is run")


def answering_otherwise(project: Project) -> None:
    path = project.folder / "made" / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    answers = manifest["golden"]["probabilities"]
    answers[0], answers[1] = answers[1], answers[0]
    path.write_text(json.dumps(manifest), encoding="utf-8")
    project.repro()
    commit(project, "other golden answers")


def not_in_dvc_yaml(project: Project) -> None:
    in_dvc_yaml(project, {"digit": {"path": "artifacts/bundle"}})


def another_folder_in_dvc_yaml(project: Project) -> None:
    in_dvc_yaml(project, {"golden": {"path": "made"}})


def in_dvc_yaml(project: Project, artifacts: dict[str, dict[str, str]]) -> None:
    text = yaml.safe_dump(DVC_YAML | {"artifacts": artifacts})
    (project.folder / "dvc.yaml").write_text(text, encoding="utf-8")
    commit(project, "other artifacts")


def nothing_to_say(project: Project) -> None:
    text = CHANGELOG.replace("- A network.\n", "")
    (project.folder / "CHANGELOG.md").write_text(text, encoding="utf-8")
    commit(project, "a changelog of headings")


def no_changelog(project: Project) -> None:
    project.check("git", "rm", "--quiet", "CHANGELOG.md")
    commit(project, "no changelog")


REFUSALS: dict[Callable[[Project], None], str] = {
    uncommitted: " M CHANGELOG.md",
    unknown_to_git: "?? stages.py",
    tagged: "golden@v1.0.0 is tagged already",
    of_another_version: "artifacts/bundle is golden 1.0.0, and params.yaml bundle says golden 1.1",
    not_built: "artifacts/bundle is not there; run `make repro`, or `dvc pull`",
    damaged: "artifacts/bundle/golden/images.bin has the sha256",
    not_run_again: "artifacts/bundle is not what dvc.lock says; run `dvc repro`",
    answering_otherwise: "differs from the golden answers by",
    not_in_dvc_yaml: "dvc.yaml: artifacts has no 'golden'",
    another_folder_in_dvc_yaml: "artifacts.golden.path: expected artifacts/bundle, got made",
    nothing_to_say: "CHANGELOG.md says nothing under '## [Unreleased]'",
    no_changelog: "CHANGELOG.md says nothing under '## [Unreleased]'",
}


@pytest.mark.parametrize("way", REFUSALS, ids=lambda way: way.__name__)
def test_it_is_refused_and_nothing_is_written(
    project: Project, way: Callable[[Project], None]
) -> None:
    way(project)
    before = state(project)
    ended = project.run("python", "-m", "tools.release")
    assert ended.exit_code == 1, ended.said
    assert ended.said.startswith("error: ")
    assert REFUSALS[way] in ended.said
    assert state(project) == before


def state(project: Project) -> tuple[str, ...]:
    """Commits, tags, changes, and the zips that there are."""
    told = [
        project.check("git", *question)
        for question in (("log", "--format=%H"), ("tag",), ("status", "--short"), ("diff",))
    ]
    dist = project.folder / "dist"
    return (*told, *sorted(tree(dist) if dist.exists() else ()))


def test_a_folder_outside_git_is_refused(project: Project) -> None:
    shutil.rmtree(project.folder / ".git")
    ended = project.run("env", f"GIT_CEILING_DIRECTORIES={project.folder.parent}",
                        "python", "-m", "tools.release")  # fmt: skip
    assert ended.exit_code == 1
    assert f"{project.folder} is no Git repository, and a release is a tag" in ended.said


def test_a_folder_of_anothers_repository_is_refused(project: Project) -> None:
    game = Project(folder=project.folder.parent)
    shutil.rmtree(project.folder / ".git")
    game.check("git", "init", "--quiet")
    ended = project.run("python", "-m", "tools.release")
    assert ended.exit_code == 1
    assert f"is a folder of Git's repository {game.folder}" in ended.said


def test_without_dvc_the_message_names_the_command_that_installs_it(project: Project) -> None:
    ended = project.run("env", "PATH=/usr/bin:/bin", sys.executable, "-m", "tools.release")
    assert ended.exit_code == 1
    assert "there is no 'dvc'; `make release` installs it" in ended.said


class TestItEndsHalfway:
    def test_a_commit_that_is_refused_leaves_the_changelog_as_it_was(
        self, project: Project
    ) -> None:
        hook = project.folder / ".git" / "hooks" / "pre-commit"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\necho the hook says no >&2\nexit 1\n")
        hook.chmod(0o755)
        ended = project.run("python", "-m", "tools.release")
        assert ended.exit_code == 1
        assert "the hook says no" in ended.said
        assert project.check("git", "status", "--short") == ""
        assert project.check("git", "tag") == ""

        hook.unlink()
        release(project)
        assert project.check("git", "tag") == f"{TAG}\n"

    def test_a_tag_that_cannot_be_made_is_made_by_the_next_run(self, project: Project) -> None:
        project.check("git", "tag", f"{TAG}/in-the-way")  # a folder where the tag's file would be
        ended = project.run("python", "-m", "tools.release")
        assert ended.exit_code == 1
        assert "gto register" in ended.said

        project.check("git", "tag", "--delete", f"{TAG}/in-the-way")
        release(project)
        assert project.check("git", "tag") == f"{TAG}\n"
        assert project.check("git", "log", "--format=%s").split("\n")[:2] == [
            "golden 1.0.0",
            "the first run",
        ]


class TestTheChangelog:
    def test_a_version_that_is_there_is_left_as_it_is(self) -> None:
        text = with_version(CHANGELOG, "1.0.0", "2026-01-31")
        assert with_version(text, "1.0.0", "2026-02-01") == text

    def test_a_version_is_not_taken_for_another_that_begins_so(self) -> None:
        text = CHANGELOG + "\n## [1.0.01] - 2026-01-01\n"
        assert "## [1.0.0] - 2026-01-31" in with_version(text, "1.0.0", "2026-01-31")

    def test_notes_of_an_older_version_are_not_taken_for_new_ones(self) -> None:
        text = with_version(CHANGELOG, "1.0.0", "2026-01-31")
        with pytest.raises(ReleaseError, match=r"1\.1\.0"):
            with_version(text, "1.1.0", "2026-02-01")
