"""Kits are brought whole or not at all, and again when what makes them changes."""

import json
from pathlib import Path

import pytest

from ludus.config.params import load_params
from ludus.core.errors import ToolError, UsageError
from ludus.evaluation.executors.__main__ import all_kits, bring, main, needed
from ludus.process import prebuilt
from ludus.process.prebuilt import Kit

ROOT = Path(__file__).parents[2]
KIT = Kit(name="test", iree="3.13.0")


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The script of KIT, which writes one file."""
    monkeypatch.setattr(prebuilt, "MACHINES", tmp_path / ".machines")
    monkeypatch.setattr(prebuilt, "ROOT", tmp_path)
    path = tmp_path / "setup/machines/test.sh"
    path.parent.mkdir(parents=True)
    write(path, 'echo "$2" >"$1/file"; echo libc6 2.36-9+deb12u14; echo warning: two words')
    return path


def write(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_one_that_was_never_brought_says_what_brings_it(script: Path) -> None:
    assert KIT.why_not() == "it is not brought yet; run `make machines`"


def test_one_that_was_brought_is_there_with_its_packages(script: Path) -> None:
    KIT.bring()
    assert KIT.why_not() is None
    assert KIT.words() == "libc6 2.36-9+deb12u14"
    assert (KIT.folder / "file").read_text() == "3.13.0\n"


def test_what_is_in_it_is_written_down_without_what_its_programs_change(script: Path) -> None:
    write(
        script, 'mkdir "$1/a"; echo ok >"$1/a/file"; ln -s file "$1/a/link"; echo 1 >"$1/a/x.reg"'
    )
    kit = Kit(name="test", unstable=["*.reg"])
    kit.bring()
    brought = json.loads((kit.folder / prebuilt.BROUGHT).read_text())
    assert brought["files"] == {"a/file": 3, "a/link": None}
    (kit.folder / "a/x.reg").unlink()
    assert kit.why_not() is None


def damage(script: Path, how: str) -> None:
    """Bring KIT, of a file, a link to it and a link out of it, and damage it."""
    write(script, 'echo ok >"$1/file"; ln -s file "$1/link"; ln -s /no/such/file "$1/out"')
    KIT.bring()
    assert KIT.why_not() is None
    file, link = KIT.folder / "file", KIT.folder / "link"
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
            (KIT.folder / prebuilt.BROUGHT).write_text("{")
        case "an old list":
            (KIT.folder / prebuilt.BROUGHT).write_text('{"libc6": "2.36", "made by": "0"}')


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("no file", "file of its kit is missing"),
        ("no link", "link of its kit is missing"),
        ("shorter", "file of its kit is 0 bytes, expected 3 bytes"),
        ("a link", "file of its kit is a link, expected 3 bytes"),
        ("a file", "link of its kit is 3 bytes, expected a link"),
        ("no list", "brought.json is no list of what was brought"),
        ("an old list", "brought.json is no list of what was brought: made_by: field required"),
    ],
)
def test_a_damaged_one_is_told_and_brought_anew(
    script: Path, capsys: pytest.CaptureFixture[str], how: str, reason: str
) -> None:
    damage(script, how)
    found = str(KIT.why_not())
    assert reason in found
    assert found.endswith("; run `make machines`")
    bring(KIT)
    assert capsys.readouterr().out.startswith("test: brought in ")
    assert KIT.why_not() is None


@pytest.mark.parametrize("changed", ["the script", "a script that it names", "the version"])
def test_what_it_is_made_from_makes_it_old(script: Path, changed: str) -> None:
    helper = script.with_name("helper.sh")
    write(helper, "")
    write(script, f"echo {helper.name} 1")
    KIT.bring()
    kit = KIT
    if changed == "the script":
        write(script, f"echo {helper.name} 2")
    elif changed == "the version":
        kit = Kit(name="test", iree="3.14.0")
    else:
        write(helper, "exit 0")
    assert kit.why_not() == "it was brought by older scripts than these; run `make machines`"


def test_a_script_of_another_kit_does_not_make_it_old(script: Path) -> None:
    KIT.bring()
    write(script.with_name("other.sh"), "")
    assert KIT.why_not() is None


def test_one_that_cannot_be_brought_leaves_what_was_there(script: Path) -> None:
    KIT.bring()
    before = json.loads((KIT.folder / prebuilt.BROUGHT).read_text())
    write(script, 'rm -f "$1/file"; echo no network >&2; exit 100')
    with pytest.raises(ToolError, match="ended with exit code 100 and said:\n  no network"):
        KIT.bring()
    assert json.loads((KIT.folder / prebuilt.BROUGHT).read_text()) == before
    assert (KIT.folder / "file").exists()
    assert [path.name for path in KIT.folder.parent.iterdir()] == ["test"]


def test_without_a_checkout_there_is_no_way_to_bring_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prebuilt, "ROOT", tmp_path)
    assert KIT.why_not() == "only in a checkout of Ludus can it be brought"


def test_every_kit_has_its_script() -> None:
    scripts = ROOT / "setup" / "machines"
    assert set(all_kits()) == {"qemu-aarch64", "qemu-riscv64", "wine", "swiftshader"}
    assert all((scripts / f"{name}.sh").exists() for name in all_kits())


def test_only_what_the_evaluations_name_is_needed() -> None:
    params = load_params(ROOT / "params.yaml")
    rows = {
        name: row
        for name, row in params.evaluations.items()
        if row.executor in ("native", "godot", "qemu-riscv64") and row.target != "iree-vulkan"
    }
    assert needed(params.model_copy(update={"evaluations": rows})) == []
    rows["windows"] = params.evaluations["iree-cpu-x86_64-windows"]
    rows["shaders"] = params.evaluations["iree-vulkan-swiftshader"]
    found = needed(params.model_copy(update={"evaluations": rows}))
    assert [kit.name for kit in found] == ["swiftshader", "wine"]


def test_what_is_brought_is_said_once(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bring(KIT)
    assert capsys.readouterr().out == "test: brought in 0 s (libc6 2.36-9+deb12u14)\n"
    bring(KIT)
    assert capsys.readouterr() == ("", "")


def test_what_cannot_be_brought_is_said_and_is_no_failure(
    script: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(script, "echo no network >&2; exit 100")
    bring(KIT)
    said = capsys.readouterr().err
    assert said.startswith("test cannot be brought, and its rows will say so: test.sh ended with ")
    assert "no network" in said
    assert KIT.why_not() is not None


def test_an_unknown_kit_is_told_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["ludus.evaluation.executors", "qemu-aarch46"])
    with pytest.raises(UsageError, match="no kit 'qemu-aarch46', did you mean 'qemu-aarch64'"):
        main()
