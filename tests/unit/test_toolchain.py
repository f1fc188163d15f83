"""Compilers: which are known, how their environments come to be, and what a failure says."""

import shlex
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from ludus.core.errors import ConfigError, ToolError, UsageError
from ludus.core.files import write_json
from ludus.process import install, toolchains, tools

COMPILER = """\
#!/bin/sh
# Stands for iree-compile: copies its source to what follows -o, after saying what it is told to.
for last; do
    case "$last" in
        --say=*) echo "${last#--say=}" >&2 ;;
        --fail) echo "error: bad flag" >&2; exit 3 ;;
        --bytes) printf '\\377\\376' ; exit 4 ;;
        --silent) exit 5 ;;
        --half) half=1 ;;
    esac
done
source="$1"; while [ $# -gt 3 ]; do shift; source="$1"; done
if [ "$half" ]; then echo half > "$last"; exit 6; fi
cat "$source" > "$last"
"""


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def write_stamp(folder: Path) -> None:
    """Have the environment iree-9.9.9 say that it is installed as it is."""
    (folder / install.STAMP).unlink(missing_ok=True)
    wanted = install.environment("iree-9.9.9", folder)
    stamp = install.Stamp(made_from=wanted.digest, packages={}, files=wanted.sizes(folder))
    write_json(folder / install.STAMP, asdict(stamp))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the toolchain 9.9.9, installed, and a source to compile."""
    monkeypatch.setattr(toolchains, "ROOT", tmp_path)
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(toolchains, "TOOLCHAINS", tmp_path / ".toolchains")
    folder = tmp_path / ".toolchains" / "iree-9.9.9"
    script(folder / "bin" / "iree-compile", COMPILER)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "iree-9.9.9.txt").write_text("a==1\n")
    write_stamp(folder)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.mlir").write_text("source")
    return tmp_path


def compile_with(root: Path, *flags: str) -> None:
    toolchains.iree_compile("9.9.9", root / "in" / "a.mlir", list(flags), root / "a.vmfb")


def test_a_module_is_written_under_its_name(root: Path) -> None:
    compile_with(root, "--some-flag")
    assert (root / "a.vmfb").read_text() == "source"
    assert not list(root.glob("*.partial"))


def test_a_relative_source_and_module_are_found(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    toolchains.iree_compile("9.9.9", Path("in/a.mlir"), [], Path("a.vmfb"))
    assert (root / "a.vmfb").read_text() == "source"


def test_the_compiler_is_told_no_folder_of_the_source(root: Path) -> None:
    script(
        root / ".toolchains" / "iree-9.9.9" / "bin" / "iree-compile",
        '#!/bin/sh\necho $1 > "$3"\n',
    )
    write_stamp(root / ".toolchains" / "iree-9.9.9")
    compile_with(root)
    assert (root / "a.vmfb").read_text() == "a.mlir\n"


def test_a_failure_gives_the_compilers_message_and_the_command_to_paste(root: Path) -> None:
    with pytest.raises(ToolError) as caught:
        compile_with(root, "--say=thinking", "--fail")
    lines = str(caught.value).splitlines()
    assert lines[:4] == [
        "iree-compile ended with exit code 3 and said:",
        "  thinking",
        "  error: bad flag",
        "to run it again:",
    ]
    again = subprocess.run(lines[4], shell=True, capture_output=True, text=True, check=False)
    assert (again.returncode, again.stderr) == (3, "thinking\nerror: bad flag\n")


def test_the_command_to_paste_survives_a_shell(root: Path) -> None:
    with pytest.raises(ToolError) as caught:
        compile_with(root, "--say=a b; 'c' $d", "--fail")
    command = str(caught.value).splitlines()[-1]
    assert "--say=a b; 'c' $d" in shlex.split(command)


@pytest.mark.parametrize("flag", ["--fail", "--half"])
def test_a_failure_leaves_the_former_module_and_no_half(root: Path, flag: str) -> None:
    compile_with(root)
    with pytest.raises(ToolError):
        compile_with(root, flag)
    assert (root / "a.vmfb").read_text() == "source"
    assert not list(root.glob("*.partial"))


def test_output_that_is_no_text_is_shown_as_far_as_it_decodes(root: Path) -> None:
    with pytest.raises(ToolError, match="exit code 4 and said:\n  \ufffd\ufffd\n"):
        compile_with(root, "--bytes")


def test_a_tool_that_says_nothing_is_told_so(root: Path) -> None:
    with pytest.raises(ToolError, match=r"exit code 5 and said:\n  \(nothing\)\n"):
        compile_with(root, "--silent")


def test_long_output_is_cut() -> None:
    command = [sys.executable, "-c", "for i in range(99): print('x' * 999)\nraise SystemExit(1)"]
    with pytest.raises(ToolError) as caught:
        tools.run_tool(command)
    shown = [line for line in str(caught.value).splitlines() if line.startswith("  xx")]
    assert len(shown) == tools.LINES_SHOWN
    assert max(map(len, shown)) == 402


def test_a_tool_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="none cannot be started: No such file or directory"):
        tools.run_tool([str(tmp_path / "none")])


def test_a_source_that_is_not_there_is_told(root: Path) -> None:
    with pytest.raises(ToolError, match=r"none/a.mlir cannot be compiled: there is no such file"):
        toolchains.iree_compile("9.9.9", root / "none" / "a.mlir", [], root / "a.vmfb")


def test_a_version_without_requirements_is_told_with_the_nearest(root: Path) -> None:
    with pytest.raises(ConfigError, match=r"no toolchain '9.9.8', did you mean '9.9.9'\?.*needs"):
        toolchains.environment("9.9.8")
    assert not (root / ".toolchains" / "iree-9.9.8").exists()


def test_an_installed_environment_is_not_installed_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "run_tool", lambda *_: pytest.fail("must not install"))
    assert toolchains.environment("9.9.9") == root / ".toolchains" / "iree-9.9.9"


def test_changed_requirements_are_installed_with_hashes(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(install, "run_tool", commands.append)
    (root / "requirements" / "iree-9.9.9.txt").write_text("a==2\n")
    folder = toolchains.environment("9.9.9")
    assert [Path(command[0]).name for command in commands] == ["uv", "uv"]
    assert commands[0][1] == "venv"
    assert commands[1][1:3] == ["pip", "sync"]
    assert "--require-hashes" in commands[1]
    assert toolchains.is_installed("9.9.9")
    assert not (folder / "bin").exists(), "the former one is gone"


def test_an_installation_that_broke_off_is_begun_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "requirements" / "iree-9.9.9.txt").write_text("a==2\n")

    def interrupted(command: list[str]) -> None:
        if "sync" in command:
            raise KeyboardInterrupt

    monkeypatch.setattr(install, "run_tool", interrupted)
    with pytest.raises(KeyboardInterrupt):
        toolchains.environment("9.9.9")
    assert not toolchains.is_installed("9.9.9")


def test_the_versions_are_those_with_requirements(root: Path) -> None:
    (root / "requirements" / "pipeline.txt").write_text("")
    assert toolchains.versions() == ["9.9.9"]


def test_the_toolchains_are_the_versions_and_what_makes_stablehlo(root: Path) -> None:
    assert toolchains.names() == ["9.9.9"]
    (root / "requirements" / "stablehlo.txt").write_text("b==2\n")
    assert toolchains.names() == ["9.9.9", "stablehlo"]
    assert toolchains.versions() == ["9.9.9"]


def test_what_a_toolchain_pins_is_read_from_its_requirements(root: Path) -> None:
    path = root / "requirements" / "iree-9.9.9.txt"
    path.write_text("# a\na-b==1.2 \\\n    --hash=sha256:0\nc==2024.9 ; sys_platform == 'x'\n")
    assert toolchains.pinned("9.9.9") == {"a-b": "1.2", "c": "2024.9"}
    assert toolchains.pinned("9.9.8") == {}, "outside a checkout there is no such file"


def test_what_makes_stablehlo_has_requirements_of_that_name(root: Path) -> None:
    with pytest.raises(ConfigError, match=r"needs requirements/stablehlo\.txt"):
        toolchains.environment("stablehlo")


def test_a_toolchain_that_lacks_a_file_is_reported_and_installed_again(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install, "run_tool", lambda _: "")
    (root / ".toolchains" / "iree-9.9.9" / "bin" / "iree-compile").unlink()
    assert not toolchains.is_installed("9.9.9")
    toolchains.environment("9.9.9")
    assert "bin/iree-compile of .toolchains/iree-9.9.9 is missing" in capsys.readouterr().err
    assert toolchains.is_installed("9.9.9")


def test_a_wait_for_another_process_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install, "REPORTED", 0.1)
    wanted = install.Installation(folder=tmp_path / ".it", digest="0")
    command = ["flock", str(tmp_path), "sh", "-c", "echo; sleep 1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()  # it has the lock
        wanted.install(lambda _: {})
    report = f".it waits for another process, which installs in {tmp_path}\n"
    assert capfd.readouterr().err == report
    (tmp_path / ".it" / install.STAMP).unlink()
    wanted.install(lambda _: {})
    assert "waits" not in capfd.readouterr().err


def test_what_python_itself_writes_does_not_damage_an_environment(root: Path) -> None:
    cache = root / ".toolchains" / "iree-9.9.9" / "lib" / "__pycache__" / "a.pyc"
    script(cache, "")
    sizes = install.environment("iree-9.9.9", root).sizes(cache.parents[2])
    assert sorted(sizes) == ["bin/iree-compile", "installed.json"]


def test_an_environment_without_a_lock_is_refused_with_the_nearest(root: Path) -> None:
    with pytest.raises(UsageError, match=r"no requirements/iree-9.9.8.txt, did you mean 'iree-9"):
        install.environment("iree-9.9.8", root / "x")
