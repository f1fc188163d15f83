"""ludus.lowering.from_onnx: files that a command to paste needs are kept, and no others."""

from pathlib import Path

import pytest

from ludus.core.errors import DataError, LudusError, NetworkError, ToolError
from ludus.lowering.from_onnx import kept_where_named


def left_by(error_of: type[LudusError], *, commanded: bool) -> bool:
    """Whether a folder is left where an error ends the block; its message always names it."""
    folders: list[Path] = []

    def fail(folder: Path) -> None:
        folders.append(folder)
        told = f"{folder} is bad; to run it again:\n  tool {folder}/model.onnx"
        if issubclass(error_of, ToolError | NetworkError) and commanded:
            raise error_of(told, command=["tool", f"{folder}/model.onnx"])
        raise error_of(told)

    with pytest.raises(error_of), kept_where_named("test") as folder:
        fail(folder)
    kept = folders[0].exists()
    if kept:
        folders[0].rmdir()
    return kept


@pytest.mark.parametrize("error", [ToolError, NetworkError])
def test_what_the_command_of_an_error_needs_is_kept(error: type[LudusError]) -> None:
    assert left_by(error, commanded=True)


@pytest.mark.parametrize("error", [ToolError, NetworkError, DataError])
def test_what_only_a_message_names_is_removed(error: type[LudusError]) -> None:
    assert not left_by(error, commanded=False)


def test_what_went_well_leaves_nothing() -> None:
    with kept_where_named("test") as folder:
        (folder / "a").write_text("")
    assert not folder.exists()
