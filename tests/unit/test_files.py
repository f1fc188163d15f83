"""Files and folders appear whole or not at all, and one that cannot be read says why."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from ludus.bundle.reader import read_manifest
from ludus.config.model import read_model_description
from ludus.config.network import read_config
from ludus.config.params import load_params
from ludus.config.search import Plan
from ludus.core.arrays import read_arrays
from ludus.core.errors import LudusError
from ludus.core.files import file_fault, read_json, replaced_folder, write_text
from ludus.core.strict_yaml import read_yaml
from ludus.data.idx import read_idx

FULL = OSError(errno.ENOSPC, "No space left on device")


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that was made before."""
    made = tmp_path / "made"
    made.mkdir()
    (made / "old").write_text("old")
    return made


def test_a_new_folder_takes_the_place_of_the_former(folder: Path) -> None:
    with replaced_folder(folder) as partial:
        (partial / "new").write_text("new")
        assert names(folder) == ["old"], "until the block ends"
    assert names(folder.parent) == ["made", "made/new"]


def test_a_folder_is_made_where_there_was_none(tmp_path: Path) -> None:
    with replaced_folder(tmp_path / "deep" / "made") as partial:
        (partial / "new").write_text("new")
    assert names(tmp_path) == ["deep", "deep/made", "deep/made/new"]


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt(), FULL])
def test_an_error_leaves_the_former_folder_and_nothing_else(
    folder: Path, error: BaseException
) -> None:
    def make() -> None:
        with replaced_folder(folder) as partial:
            (partial / "new").write_text("half")
            raise error

    with pytest.raises(type(error)):
        make()
    assert names(folder.parent) == ["made", "made/old"]


def test_what_a_kill_left_is_removed_by_the_next_call(folder: Path) -> None:
    for left in (".made.partial", ".made.former"):
        (folder.parent / left).mkdir()
        (folder.parent / left / "half").write_text("half")
    with replaced_folder(folder) as partial:
        assert names(partial) == []
    assert names(folder.parent) == ["made"]


def test_an_interrupt_between_the_two_renames_puts_the_former_folder_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def interrupted(self: Path, target: Path) -> Path:
        if self.name == ".made.partial":
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt), replaced_folder(folder):
        pass
    assert names(folder.parent) == ["made", "made/old"]


def test_a_text_is_written_and_its_folder_made(tmp_path: Path) -> None:
    write_text(tmp_path / "deep" / "a.txt", "ä\n")
    assert (tmp_path / "deep" / "a.txt").read_bytes() == "ä\n".encode()
    assert names(tmp_path) == ["deep", "deep/a.txt"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), FULL])
def test_a_text_that_cannot_be_written_leaves_the_former(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def half(self: Path, text: str, **_: object) -> int:
        with self.open("w") as file:
            file.write(text[:1])
        raise error

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(type(error)):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "is missing"),
        (lambda path: path.mkdir(), "is a folder; expected a file"),
        (lambda path: path.touch(), "is empty"),
        (lambda path: os.mkfifo(path), "is no regular file"),
        (
            lambda path: path.write_text(POINTER),
            "is a Git LFS pointer, not the file itself; run `git lfs pull`",
        ),
        (lambda path: path.write_text("a"), None),
    ],
)
def test_what_no_format_can_be_read_from_is_told(
    tmp_path: Path, make: Callable[[Path], object], said: str | None
) -> None:
    make(tmp_path / "a")
    assert file_fault(tmp_path / "a") == said


def test_a_path_that_no_file_can_have_is_told(tmp_path: Path) -> None:
    assert file_fault(Path("a\0b")) == "cannot be read: embedded null byte"
    (tmp_path / "a").write_text("a")
    assert file_fault(tmp_path / "a" / "b") == "cannot be read: Not a directory"


READERS: dict[str, Callable[[Path], object]] = {
    "params.yaml": load_params,
    "config.yaml": read_config,
    "model.yaml": read_model_description,
    "search.yaml": lambda path: read_yaml(Plan, path),
    "a.npz": lambda path: read_arrays(path, ["a"], "make it"),
    "images-idx3-ubyte": read_idx,
    "manifest.json": read_manifest,
    "a.json": lambda path: read_json(TypeAdapter(int), path, "number"),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "is missing"),
        (lambda path: path.mkdir(), "is a folder; expected a file"),
        (lambda path: path.touch(), "is empty"),
        (lambda path: path.write_text(POINTER), "run `git lfs pull`"),
    ],
)
def test_every_reader_says_the_same_of_it(
    tmp_path: Path, name: str, make: Callable[[Path], object], said: str
) -> None:
    path = tmp_path / name
    make(path)
    with pytest.raises(LudusError) as caught:
        READERS[name](path)
    assert str(caught.value).startswith(f"{path} ")
    assert said in str(caught.value)
