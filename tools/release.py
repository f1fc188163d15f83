"""Release the bundle of this checkout: an entry in the changelog, a tag, a zip.

    make release            # python -m tools.release

reads   Git, params.yaml bundle, dvc.yaml artifacts, dvc.lock, artifacts/bundle/, CHANGELOG.md
writes  dist/<name>-<version>.zip and dist/SHA256SUMS, a commit of CHANGELOG.md, and the tag
        <name>@v<version>, which GTO and `dvc artifacts get` look for, and which says the sha256
        of the bundle's manifest

All is checked before anything is written. The tag is made last: a run that ends halfway is no
release. The same command then continues from there, since the zip has the same bytes and a
changelog that has the version stays unchanged. Nothing is pushed.
"""

import hashlib
import re
import shlex
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import yaml

from ludus.bundle.reader import MANIFEST, SUMS, Bundle, pack, read_bundle
from ludus.config.params import BundleParams, load_params
from ludus.core.errors import ReleaseError, ToolError, nearest
from ludus.core.files import write_text
from ludus.core.program import run_stage
from ludus.process.tools import TIME_LIMIT

BUNDLE, CHANGELOG, DIST = Path("artifacts/bundle"), Path("CHANGELOG.md"), Path("dist")
UNRELEASED = "## [Unreleased]\n"


def release() -> None:
    """Release what this folder holds. Raises ReleaseError where it is not to be released, the
    BundleError of a bad bundle, and ToolError where Git, DVC or GTO fails."""
    check_is_own_checkout()
    params = load_params().bundle
    tag = f"{params.name}@v{params.version}"
    check_is_new(tag)
    check_is_committed()
    check_is_registered(params.name)
    bundle = checked_bundle(params)
    former = CHANGELOG.read_text(encoding="utf-8") if CHANGELOG.exists() else ""
    text = with_version(former, params.version, f"{datetime.now(UTC):%Y-%m-%d}")

    archive = pack(bundle, DIST)
    write_sums(DIST)
    if text != former:
        commit_changelog(former, text, f"{params.name} {params.version}")
    # The manifest has the sum of every file, so the tag says what the remote must hold.
    sums = f"{sha256(BUNDLE / MANIFEST)}  {MANIFEST}"
    said("gto", "register", params.name, "--version", f"v{params.version}",
         "--message", f"{params.name} {params.version}\n\n{sums}")  # fmt: skip

    print(f"{tag} is tagged here, and {archive} is packed; for others to get them:")
    print(f"  dvc push {BUNDLE}    # or .remotes/bin/dvc, to S3 or over SSH:")
    print("                         # docs/how-to/share-bundles.md")
    print(f"  git push origin HEAD {tag}")


# ---- checks


def check_is_own_checkout() -> None:
    """Another repository around this folder, such as a game's, must not get the tag."""
    try:
        top = Path(said("git", "rev-parse", "--show-toplevel"))
    except ToolError:
        top = None
    if top is None or top.resolve() != Path.cwd().resolve():
        found = "no Git repository" if top is None else f"a folder of Git's repository {top}"
        raise ReleaseError(
            f"{Path.cwd()} is {found}, and a release is a tag of the project's own; "
            "release from a clone of it"
        )


def check_is_new(tag: str) -> None:
    if said("git", "tag", "--list", tag):
        commit = said("git", "rev-parse", "--short", f"{tag}^{{commit}}")
        raise ReleaseError(
            f"{tag} is tagged already, at {commit}; raise bundle.version in params.yaml, run "
            "`dvc repro`, and commit params.yaml and dvc.lock"
        )


def check_is_committed() -> None:
    """A tag names a commit, which has to hold what the bundle was made from."""
    changed = said("git", "status", "--porcelain")
    if changed:
        raise ReleaseError(
            f"the checkout differs from its last commit; commit these, or put them away:\n{changed}"
        )


def check_is_registered(name: str) -> None:
    """`dvc artifacts get` finds the folder of a name in dvc.yaml's artifacts."""
    artifacts = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8")).get("artifacts", {})
    if name not in artifacts:
        raise ReleaseError(
            f"dvc.yaml: artifacts has no '{name}', which params.yaml bundle.name says"
            f"{nearest(name, set(artifacts))}"
        )
    if artifacts[name]["path"] != str(BUNDLE):
        raise ReleaseError(
            f"dvc.yaml: artifacts.{name}.path: expected {BUNDLE}, got {artifacts[name]['path']}"
        )


def checked_bundle(params: BundleParams) -> Bundle:
    """The bundle, if it agrees with params.yaml and dvc.lock and gives its golden answers here."""
    if not BUNDLE.is_dir():
        raise ReleaseError(f"{BUNDLE} is not there; run `make repro`, or `dvc pull`")
    bundle = read_bundle(BUNDLE)
    got = f"{bundle.manifest.name} {bundle.manifest.version}"
    if got != f"{params.name} {params.version}":
        raise ReleaseError(
            f"{BUNDLE} is {got}, and params.yaml bundle says {params.name} {params.version}; "
            "run `dvc repro`, and commit dvc.lock"
        )
    changed = said("dvc", "status", "bundle")
    if "changed" in changed:
        raise ReleaseError(
            f"{BUNDLE} is not what dvc.lock says; run `dvc repro`, or `dvc pull` where its parts "
            f"are not here, and commit dvc.lock:\n{changed}"
        )
    said("ludus", "verify", str(BUNDLE))
    return bundle


# ---- outputs


def with_version(text: str, version: str, date: str) -> str:
    """The changelog, in which what stood under Unreleased stands under a version and its date.

    The form is that of https://keepachangelog.com. One that has the version is returned unchanged.
    Raises ReleaseError where nothing stands under Unreleased.
    """
    if re.search(rf"^## \[{re.escape(version)}\]", text, re.MULTILINE):
        return text
    before, _, after = text.partition(UNRELEASED)
    notes = re.split(r"^## ", after, maxsplit=1, flags=re.MULTILINE)[0]
    if not re.search(r"^[^#\s]", notes, re.MULTILINE):
        raise ReleaseError(
            f"{CHANGELOG} says nothing under '{UNRELEASED.strip()}'; write there what {version} "
            "changes for who takes the bundle, and commit it"
        )
    return f"{before}{UNRELEASED}\n## [{version}] - {date}\n{after}"


def write_sums(folder: Path) -> None:
    """Write the sha256 of each zip in a folder, as `sha256sum --check` reads it."""
    sums = [f"{sha256(path)}  {path.name}\n" for path in sorted(folder.glob("*.zip"))]
    write_text(folder / SUMS, "".join(sums))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def commit_changelog(former: str, text: str, message: str) -> None:
    """Commit only the changelog; if the commit fails, the changelog stays as it was."""
    write_text(CHANGELOG, text)
    committed = False
    try:
        said("git", "commit", "--quiet", "--message", message, "--", str(CHANGELOG))
        committed = True
    finally:
        if not committed:
            write_text(CHANGELOG, former)


def said(*command: str) -> str:
    """What a command prints. Raises ToolError with its output and the command to paste."""
    try:
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=TIME_LIMIT,
        )
    except FileNotFoundError:
        raise ToolError(f"there is no '{command[0]}'; `make release` installs it") from None
    except subprocess.TimeoutExpired:
        raise ToolError(f"{shlex.join(command)} had not ended after {TIME_LIMIT:g} s") from None
    if ended.returncode != 0:
        message = f"{ended.stdout}{ended.stderr}".strip()
        raise ToolError(f"{shlex.join(command)} ended with {ended.returncode}:\n{message}")
    return ended.stdout.rstrip()


if __name__ == "__main__":
    run_stage(release)
