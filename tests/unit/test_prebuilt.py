"""Prebuilt dependencies are installed whole or not at all, and again when their scripts change."""

import json
from pathlib import Path

import pytest

from ludus.config.everywhere import load_everywhere
from ludus.config.params import load_params
from ludus.core.errors import InstallError, UsageError
from ludus.evaluation.executors.__main__ import all_prebuilt, install, main, needed
from ludus.process import prebuilt
from ludus.process.install import STAMP
from ludus.process.prebuilt import Prebuilt
from support.paths import ROOT

PREBUILT = Prebuilt(name="test", iree="3.13.0")


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The script of PREBUILT, which writes one file."""
    monkeypatch.setattr(prebuilt, "PREBUILT", tmp_path / ".prebuilt")
    monkeypatch.setattr(prebuilt, "ROOT", tmp_path)
    path = tmp_path / "setup/prebuilt/test.sh"
    path.parent.mkdir(parents=True)
    write(path, 'echo "$2" >"$1/file"; echo libc6 2.36-9+deb12u14; echo warning: two words')
    return path


def write(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_one_that_was_never_installed_says_what_installs_it(script: Path) -> None:
    assert PREBUILT.why_not() == "it is not installed yet; run `make prebuilt`"


def test_one_that_was_installed_is_there_with_its_packages(script: Path) -> None:
    PREBUILT.install()
    assert PREBUILT.why_not() is None
    assert PREBUILT.description() == "libc6 2.36-9+deb12u14"
    assert (PREBUILT.folder / "file").read_text() == "3.13.0\n"


def test_what_is_in_it_is_written_down_without_what_its_programs_change(script: Path) -> None:
    write(
        script, 'mkdir "$1/a"; echo ok >"$1/a/file"; ln -s file "$1/a/link"; echo 1 >"$1/a/x.reg"'
    )
    dependency = Prebuilt(name="test", unstable=["*.reg"])
    dependency.install()
    stamp = json.loads((dependency.folder / STAMP).read_text())
    assert stamp["files"] == {"a/file": 3, "a/link": None}
    (dependency.folder / "a/x.reg").unlink()
    assert dependency.why_not() is None


def damage(script: Path, how: str) -> None:
    """Install PREBUILT, of a file, a link to it and a link out of it, and damage it."""
    write(script, 'echo ok >"$1/file"; ln -s file "$1/link"; ln -s /no/such/file "$1/out"')
    PREBUILT.install()
    assert PREBUILT.why_not() is None
    file, link = PREBUILT.folder / "file", PREBUILT.folder / "link"
    match how:
        case "no file":
            file.unlink()
        case "no link":
            link.unlink()
        case "shorter":
            file.write_text("")
        case "a link":
            file.unlink()
            file.symlink_to("link")
        case "a file":
            link.unlink()
            link.write_text("ok\n")
        case "no list":
            (PREBUILT.folder / STAMP).write_text("{")
        case "an old list":
            (PREBUILT.folder / STAMP).write_text('{"libc6": "2.36", "made by": "0"}')


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("no file", "file of .prebuilt/test is missing"),
        ("no link", "link of .prebuilt/test is missing"),
        ("shorter", "file of .prebuilt/test is 0 bytes, expected 3 bytes"),
        ("a link", "file of .prebuilt/test is a link, expected 3 bytes"),
        ("a file", "link of .prebuilt/test is 3 bytes, expected a link"),
        ("no list", "installed.json of .prebuilt/test cannot be read"),
        ("an old list", "installed.json of .prebuilt/test cannot be read"),
    ],
)
def test_a_damaged_one_is_reported_and_installed_again(
    script: Path, capsys: pytest.CaptureFixture[str], how: str, reason: str
) -> None:
    damage(script, how)
    found = str(PREBUILT.why_not())
    assert reason in found
    assert found.endswith("; run `make prebuilt`")
    install(PREBUILT)
    assert capsys.readouterr().out.startswith("test: installed in ")
    assert PREBUILT.why_not() is None


@pytest.mark.parametrize("changed", ["the script", "a script that it names", "the version"])
def test_what_it_is_made_from_makes_it_old(script: Path, changed: str) -> None:
    helper = script.with_name("helper.sh")
    write(helper, "")
    write(script, f"echo {helper.name} 1")
    PREBUILT.install()
    dependency = PREBUILT
    if changed == "the script":
        write(script, f"echo {helper.name} 2")
    elif changed == "the version":
        dependency = Prebuilt(name="test", iree="3.14.0")
    else:
        write(helper, "exit 0")
    assert (
        dependency.why_not() == "it was installed from an older lock or script; run `make prebuilt`"
    )


def test_a_script_of_another_one_does_not_make_it_old(script: Path) -> None:
    PREBUILT.install()
    write(script.with_name("other.sh"), "")
    assert PREBUILT.why_not() is None


def test_one_that_cannot_be_installed_leaves_what_was_there(script: Path) -> None:
    PREBUILT.install()
    before = json.loads((PREBUILT.folder / STAMP).read_text())
    write(script, 'rm -f "$1/file"; echo no network >&2; exit 100')
    with pytest.raises(InstallError, match="ended with exit code 100 and said:\n  no network"):
        PREBUILT.install()
    assert json.loads((PREBUILT.folder / STAMP).read_text()) == before
    assert (PREBUILT.folder / "file").exists()
    assert [path.name for path in PREBUILT.folder.parent.iterdir()] == ["test"]


def test_without_a_checkout_there_is_no_way_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prebuilt, "ROOT", tmp_path)
    assert PREBUILT.why_not() == "only in a checkout of Ludus can it be installed"


def test_every_one_has_its_script() -> None:
    scripts = ROOT / "setup" / "prebuilt"
    assert set(all_prebuilt()) == {"qemu-aarch64", "qemu-riscv64", "wine", "swiftshader"}
    assert all((scripts / f"{name}.sh").exists() for name in all_prebuilt())


def test_only_what_the_evaluations_name_is_needed() -> None:
    params = load_params(ROOT / "params.yaml")
    rows = [
        row
        for row in params.evaluations.values()
        if row.executor in ("native", "godot", "qemu-riscv64") and row.target != "iree-vulkan"
    ]
    assert needed(rows) == []
    everywhere = load_everywhere(ROOT / "everywhere/params.yaml", ROOT / "params.yaml").evaluations
    names = ("iree-cpu-x86_64-windows", "iree-vulkan-swiftshader")
    found = needed([*rows, *(everywhere[name] for name in names)])
    assert [dependency.name for dependency in found] == ["swiftshader", "wine"]


def test_what_is_installed_is_said_once(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install(PREBUILT)
    assert capsys.readouterr().out == "test: installed in 0 s (libc6 2.36-9+deb12u14)\n"
    install(PREBUILT)
    assert capsys.readouterr() == ("", "")


def test_what_cannot_be_installed_is_said_and_is_no_failure(
    script: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(script, "echo no network >&2; exit 100")
    install(PREBUILT)
    said = capsys.readouterr().err
    cause = ".prebuilt/test cannot be installed: test.sh ended with "
    assert said.startswith(f"rows that need test will be not run: {cause}")
    assert "no network" in said
    assert PREBUILT.why_not() is not None


def test_an_unknown_one_is_told_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["ludus.evaluation.executors", "qemu-aarch46"])
    with pytest.raises(
        UsageError, match="no prebuilt dependency 'qemu-aarch46', did you mean 'qemu-aarch64'"
    ):
        main()
