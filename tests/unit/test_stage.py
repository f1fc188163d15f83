"""How a stage ends: one message and an exit code, or a traceback where it is a bug."""

import errno
from pathlib import Path

import pytest

from ludus.config.elsewhere import made_elsewhere
from ludus.config.params import Model
from ludus.core.errors import ConfigError, DataError, LudusError, nearest
from ludus.core.program import run_stage


def ending(error: BaseException, capsys: pytest.CaptureFixture[str]) -> tuple[object, str]:
    """Exit code and message of a stage that raises an error."""

    def main() -> None:
        raise error

    with pytest.raises(SystemExit) as caught:
        run_stage(main)
    return caught.value.code, capsys.readouterr().err


def test_a_stage_that_does_its_work_ends_well() -> None:
    done: list[int] = []
    run_stage(lambda: done.append(1))
    assert done == [1]


@pytest.mark.parametrize(("error", "code"), [(DataError("x is bad"), 1), (ConfigError("x"), 2)])
def test_an_error_for_a_person_is_one_message_and_its_exit_code(
    error: LudusError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ending(error, capsys) == (code, f"error: {error}\n")


def test_an_interrupt_is_told_and_ends_as_shells_expect(capsys: pytest.CaptureFixture[str]) -> None:
    said = "error: interrupted; nothing half-written was left behind\n"
    assert ending(KeyboardInterrupt(), capsys) == (130, said)


def test_a_full_disk_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    assert ending(full, capsys) == (1, "error: writing: No space left on device\n")


def test_a_file_that_cannot_be_opened_is_told_by_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = FileNotFoundError(errno.ENOENT, "No such file or directory", str(tmp_path / "a"))
    assert ending(error, capsys) == (1, f"error: {tmp_path}/a: No such file or directory\n")


def test_where_the_network_is_ludwigs_a_stage_has_its_work(tmp_path: Path) -> None:
    model = Model(source="ludwig", file="config.yaml", about="config.yaml")
    assert not made_elsewhere(model, tmp_path / "folder")
    assert list(tmp_path.iterdir()) == []


def test_where_it_was_made_elsewhere_a_stage_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "former").write_text("")
    model = Model(source="onnx", file="n.onnx", about="model.yaml")
    assert made_elsewhere(model, tmp_path / "folder", tmp_path / "data" / "file.npz")
    assert "the network is n.onnx" in capsys.readouterr().out
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["elsewhere.txt"]
    assert (tmp_path / "data" / "file.npz").is_file()


@pytest.mark.parametrize("bug", [ValueError("bug"), OSError("no number, no name"), KeyError("k")])
def test_a_bug_keeps_its_traceback(bug: Exception) -> None:
    def main() -> None:
        raise bug

    with pytest.raises(type(bug)):
        run_stage(main)


def test_exit_codes_of_arguments_stay(capsys: pytest.CaptureFixture[str]) -> None:
    assert ending(SystemExit(2), capsys) == (2, "")


def test_the_nearest_name_is_proposed_and_all_are_listed_where_none_is_near() -> None:
    assert nearest("epoch", {"epochs", "seed"}) == ", did you mean 'epochs'?"
    assert nearest("zzz", {"epochs", "seed"}) == "; known: epochs, seed"
