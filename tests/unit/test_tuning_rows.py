"""How `ludus tune` writes params.yaml: one row, and no other byte."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from ludus.config.backends.iree import IreeTarget, Tile
from ludus.config.edit import edited
from ludus.config.lowerings import Lowering
from ludus.config.params import Params, load_params
from ludus.core.errors import ConfigError
from ludus.tuning.candidates import Candidate, present
from ludus.tuning.rows import edits, to_paste, write_row
from support.paths import ROOT

BEFORE = """\
# Knobs.
lowerings:
  direct: # as exported
    rewrites: []
    batches: dynamic

  quick: # fast
    rewrites: [winograd, patches] # both
    batches: [1, 16]

# What is built.
targets:
  first: # a CPU
    backend: iree
    toolchain: 3.13.0
    lowering: quick # the best so far
    driver: cpu
    cpu: {architecture: x86_64, features: [avx2]} # AVX2
    tiles: # sizes
      - {m: 1, n: 64, k: 4} # one row
      - {batched: true, m: 5, n: 16, k: 4}
    flags:
      - --iree-hal-target-device=local # here
      - --iree-opt-level=O3 # as high as it goes

  second:
    backend: iree
    toolchain: 3.13.0
    lowering: 'direct'
    driver: cpu
    flags:
      - --iree-hal-target-device=local # the last row

# Numbers stay as they are written.
numbers: [0.10, 1e-3, 0x10, "3"]
"""


def change(text: str, name: str, *, batches: list[int] | None = None, **update: object) -> str:
    """The text with a row edited: other batches, and the target's keys as `update` says."""
    values = yaml.safe_load(text)
    params = Params.model_construct(
        lowerings={key: Lowering.model_validate(row) for key, row in values["lowerings"].items()},
        targets={key: IreeTarget.model_validate(row) for key, row in values["targets"].items()},
    )
    now = present(name, params)
    lowering = now.lowering.model_copy(update={"batches": batches} if batches else {})
    target = now.target.model_copy(update=update)
    chosen = Candidate(change="", target=target, lowering=lowering)
    return edited(text, edits(name, chosen, params))


FLAGS = ["--iree-hal-target-device=local", "--iree-opt-level=O3"]
CHANGES: list[tuple[str, str, dict[str, object], str, str]] = [
    (
        "another lowering",
        "first",
        {"lowering": "direct"},
        "lowering: quick #",
        "lowering: direct #",
    ),
    (
        "a flag more",
        "first",
        {"flags": [FLAGS[0], "--more", FLAGS[1]]},
        "      - --iree-opt-level",
        "      - --more\n      - --iree-opt-level",
    ),
    (
        "a flag's other value",
        "first",
        {"flags": [FLAGS[0], "--iree-opt-level=O2"]},
        "--iree-opt-level=O3",
        "--iree-opt-level=O2",
    ),
    (
        "a flag more before the last of a table",
        "second",
        {"flags": ["--more", FLAGS[0]]},
        "      - --iree-hal-target-device=local # the",
        "      - --more\n      - --iree-hal-target-device=local # the",
    ),
    (
        "a tile less",
        "first",
        {"tiles": [Tile(m=1, n=64, k=4)]},
        "      - {batched: true, m: 5, n: 16, k: 4}\n",
        "",
    ),
    (
        "another tile",
        "first",
        {"tiles": [Tile(m=1, n=64, k=4), Tile(batched=True, m=8, n=8, k=4)]},
        "m: 5, n: 16",
        "m: 8, n: 8",
    ),
    (
        "a tile more",
        "first",
        {"tiles": [Tile(m=1, n=64, k=4), Tile(batched=True, m=5, n=16, k=4), Tile(m=6, n=16, k=4)]},
        "m: 5, n: 16, k: 4}\n",
        "m: 5, n: 16, k: 4}\n      - {m: 6, n: 16, k: 4}\n",
    ),
    (
        "the first tile of a row",
        "second",
        {"tiles": [Tile(m=6, n=16, k=4)]},
        "    flags:\n      - --iree-hal-target-device=local # the",
        "    tiles:\n      - {m: 6, n: 16, k: 4}\n    flags:\n"
        "      - --iree-hal-target-device=local # the",
    ),
]


@pytest.mark.parametrize(
    ("name", "update", "old", "new"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES]
)
def test_a_row_is_edited_and_every_other_byte_stays(
    name: str, update: dict[str, object], old: str, new: str
) -> None:
    assert BEFORE.count(old) == 1
    assert change(BEFORE, name, **update) == BEFORE.replace(old, new)


def test_without_a_tile_there_is_no_key_of_tiles() -> None:
    text = BEFORE.replace(" # sizes", "").replace(" # one row", "")
    tiles = text[text.index("    tiles:") : text.index("    flags:")]
    assert change(text, "first", tiles=[]) == text.replace(tiles, "")


@pytest.mark.parametrize(
    ("tiles", "comment"), [([], "# sizes"), ([Tile(batched=True, m=5, n=16, k=4)], "# one row")]
)
def test_a_tile_with_a_comment_is_not_taken_away(tiles: list[Tile], comment: str) -> None:
    with pytest.raises(ConfigError, match=f"targets.first would lose its comments: {comment}"):
        change(BEFORE, "first", tiles=tiles)


def test_a_new_lowering_stands_behind_the_one_that_it_came_from() -> None:
    new = "  direct-1-8:\n    rewrites: []\n    batches: [1, 8]\n"
    written = change(BEFORE, "second", batches=[1, 8], lowering="direct-1-8")
    expected = BEFORE.replace("  quick: # fast", f"{new}  quick: # fast")
    assert written == expected.replace("lowering: 'direct'", "lowering: 'direct-1-8'")


def test_a_new_lowering_stands_before_the_last_of_the_table() -> None:
    new = "  quick-1-8:\n    rewrites: [winograd, patches]\n    batches: [1, 8]\n"
    written = change(BEFORE, "first", batches=[1, 8], lowering="quick-1-8")
    expected = BEFORE.replace("  quick: # fast", f"{new}  quick: # fast")
    assert written == expected.replace("lowering: quick #", "lowering: quick-1-8 #")


def test_a_comment_behind_a_tile_that_goes_stays() -> None:
    tile = "      - {batched: true, m: 5, n: 16, k: 4}\n"
    text = BEFORE.replace(tile, f"{tile}  # of the first\n")
    assert change(text, "first", tiles=[Tile(m=1, n=64, k=4)]) == text.replace(tile, "")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project's own params.yaml."""
    path = tmp_path / "params.yaml"
    path.write_bytes((ROOT / "params.yaml").read_bytes())
    return path


NAME = "iree-cpu-x86_64-v3"


def other(path: Path, **update: object) -> tuple[Candidate, Candidate]:
    """The row as it is, and one with other batches and a flag more."""
    start = present(NAME, load_params(path))
    lowering = start.lowering.model_copy(update={"batches": [1, 9]})
    flags = ["--iree-opt-data-tiling", *start.target.flags]
    target = start.target.model_copy(update={"lowering": "new-1-9", "flags": flags, **update})
    return start, Candidate(change="", target=target, lowering=lowering)


def test_the_projects_own_file_takes_a_row_and_says_what_was_chosen(project: Path) -> None:
    before = project.read_text().splitlines()
    start, chosen = other(project)
    write_row(project, NAME, start, chosen)
    assert present(NAME, load_params(project)).key == chosen.key
    after = project.read_text().splitlines()
    gone = [line for line in before if line not in after]
    assert gone == []
    assert [path.name for path in project.parent.iterdir()] == ["params.yaml"]


def test_the_rows_to_paste_say_what_was_chosen(project: Path) -> None:
    _, chosen = other(project)
    values = yaml.safe_load(to_paste(NAME, chosen))
    assert IreeTarget.model_validate(values["targets"][NAME]) == chosen.target
    assert Lowering.model_validate(values["lowerings"]["new-1-9"]) == chosen.lowering


@pytest.mark.parametrize("edit", ["target", "lowering"])
def test_a_row_that_was_edited_meanwhile_is_left_and_what_was_found_is_shown(
    project: Path, edit: str
) -> None:
    start, chosen = other(project)
    if edit == "target":
        start = replace(start, target=start.target.model_copy(update={"flags": ["--as-it-was"]}))
    else:
        start = replace(start, lowering=start.lowering.model_copy(update={"batches": [77]}))
    refused(project, start, chosen, "was edited since the search began")


def test_a_file_that_would_not_keep_its_bytes_is_untouched_and_the_row_is_shown(
    project: Path,
) -> None:
    start, chosen = other(project)
    text = project.read_text()
    assert "features: []" in text
    project.write_text(text.replace("features: []", "features: [  ]"))
    refused(project, start, chosen, "byte for byte")


def refused(path: Path, start: Candidate, chosen: Candidate, said: str) -> None:
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=said) as caught:
        write_row(path, NAME, start, chosen)
    assert path.read_bytes() == before
    assert "new-1-9:" in str(caught.value)
    assert "--iree-opt-data-tiling" in str(caught.value)


def test_a_row_that_params_would_not_accept_is_not_written(project: Path) -> None:
    start, chosen = other(project, driver="cuda")
    before = project.read_bytes()
    with pytest.raises(ConfigError):
        write_row(project, NAME, start, chosen)
    assert project.read_bytes() == before
    assert [path.name for path in project.parent.iterdir()] == ["params.yaml"]
