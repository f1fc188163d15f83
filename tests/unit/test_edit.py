"""ludus.config.edit: entries of params.yaml get other values, and every other byte stays."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ludus.config import edit as editor
from ludus.config.edit import Edit, edit, edited
from ludus.config.params import Params, load_params
from ludus.core.errors import ConfigError
from ludus.core.strict_yaml import read_values

ROOT = Path(__file__).parents[2]
FILES = [
    ROOT / "params.yaml",
    ROOT / "everywhere/params.yaml",
    *sorted(ROOT.glob("examples/*/params.yaml")),
]
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_bytes().decode() for path in FILES}
SMALL = """\
train: # wins
  epochs: 3 # of all
  seed: 42      # a column
  rate: 1e-3

rows: # behind one another
  first: # a comment
    words: [one, two]
    parts:
      - {m: 1} # one
      # of the second
      - {m: 2} # two
    flags:
      - --a # here
      - --bb # there

  second: {words: []}
# the end
"""


def entries(values: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value of a file that no table holds, and the keys that lead to it."""
    if isinstance(values, dict):
        for key, value in values.items():
            yield from entries(value, (*at, key))
    else:
        yield at, values


def at(*keys: str, value: Any, after: str | None = None) -> Edit:
    return Edit(at=keys, value=value, after=after)


ENTRIES = [(path, *entry) for path in FILES for entry in entries(read_values(path))]


def test_every_example_has_params() -> None:
    assert len(FILES) == 4


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_no_byte_of_the_projects_files_changes_where_nothing_is_edited(text: str) -> None:
    assert edited(text, []) == text


@settings(deadline=None, max_examples=25)
@given(entry=st.sampled_from(ENTRIES), more=st.integers(1, 9))
def test_any_entry_of_any_file_is_edited_in_its_own_lines(
    entry: tuple[Path, tuple[str, ...], Any], more: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path, keys, known = entry
    changes = {
        list: lambda: [*known, "more"],
        str: lambda: f"{known}-more",
        bool: lambda: not known,
    }
    value = changes.get(type(known), lambda: known + more)()
    text = path.read_bytes().decode()
    after = edited(text, [Edit(at=keys, value=value)])
    changed = tmp_path_factory.mktemp("edit") / "params.yaml"
    changed.write_bytes(after.encode())
    assert dict(entries(read_values(changed))) == dict(entries(read_values(path))) | {keys: value}
    before, now = text.splitlines(), after.splitlines()
    fewer = [line for line in before if line not in now]
    assert len(fewer) <= 1
    assert all("#" not in line or line.partition("#")[2] in after for line in fewer)


@settings(deadline=None, max_examples=50)
@given(value=st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63 - 1))
def test_a_number_is_read_as_it_was_written(
    value: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("number") / "params.yaml"
    path.write_text(edited(SMALL, [at("train", "rate", value=value)]))
    assert read_values(path)["train"]["rate"] == value


@pytest.mark.parametrize(
    ("change", "old", "new"),
    [
        (at("train", "epochs", value=12), "3 # of", "12 # of"),
        (at("train", "epochs", value="x"), "3 # of", "x # of"),
        (at("train", "seed", value=1), "seed: 42      #", "seed: 1       #"),
        (at("train", "seed", value=12345678), "seed: 42      #", "seed: 12345678 #"),
        (at("rows", "first", "words", value=["two"]), "[one, two]", "[two]"),
        (at("rows", "second", value={"words": [], "n": 1}), "{words: []}", "{words: [], n: 1}"),
        (at("rows", "first", "flags", value=["--c", "--bb"]), "--a #", "--c #"),
        (
            at("rows", "new", value={"words": ["x"], "parts": [{"m": 3}]}, after="first"),
            "  second",
            "  new:\n    words: [x]\n    parts:\n      - {m: 3}\n  second",
        ),
    ],
)
def test_what_is_edited_is_written_in_its_place(change: Edit, old: str, new: str) -> None:
    assert SMALL.count(old) == 1
    assert edited(SMALL, [change]) == SMALL.replace(old, new)


@pytest.mark.parametrize(
    ("merged", "after", "before"),
    [
        ("a", "a", "b"),
        ("a", "c", "c"),  # before the last
        ("b", "a", "b"),
        ("b", "b", "c"),
        ("end", "a", "b"),
        ("end", "c", "c"),
    ],
)
def test_a_new_entry_stands_in_its_place_among_merged_ones(
    merged: str, after: str, before: str
) -> None:
    text = "base: &base {y: 0, z: 0}\nrows:\n  a: 1\n  b: 2\n  c: 3\nend: 1\n"
    line = f"{'' if merged == 'end' else '  '}{merged}: "
    text = text.replace(line, f"  <<: *base\n{line}")
    found = edited(text, [at("rows", "new", value=4, after=after)])
    assert found == text.replace(f"  {before}: ", f"  new: 4\n  {before}: ")


def test_a_table_with_merged_entries_gets_new_ones_in_their_places() -> None:
    value = {"a": 1, "new": 3, "newer": 4, "b": 5}
    assert edited(SHARED, [at("row", value=value)]) == SHARED.replace(
        "  b: 2\n", "  new: 3\n  newer: 4\n  b: 5\n"
    )


@pytest.mark.parametrize("text", ["q: 'a # b' # c\n", "q: |\n  # a\n  b\n"])
def test_what_looks_like_a_comment_within_a_word_is_none(text: str) -> None:
    assert "# b" not in (found := edited(text, [at("q", value="x")]))
    assert ("# c" in found) is ("# c" in text)


def test_several_entries_are_edited_one_after_the_other() -> None:
    changes = [at("train", "seed", value=43), at("train", "epochs", value=4)]
    assert edited(SMALL, changes) == SMALL.replace("42 ", "43 ").replace("3 # of", "4 # of")


def test_a_last_line_without_an_end_stays_without() -> None:
    text = "train: {epochs: 3}"
    assert edited(text, [at("train", "epochs", value=4)]) == "train: {epochs: 4}"


SHARED = "base: &base {a: 1}\nrow:\n  <<: *base\n  b: 2\nsame: *base\n"


@pytest.mark.parametrize(
    ("text", "change", "said"),
    [
        pytest.param(
            SMALL.replace("[one, two]", "[one,  two]"), at("train", "epochs", value=4),
            "line 8, '    words: [one,  two]', would become '    words: [one, two]'; write it so",
            id="spaces that are not kept",
        ),
        pytest.param(
            SMALL.replace("\n", "\r\n"), at("train", "epochs", value=4),
            r"line 4, '  rate: 1e-3\r', would become '  rate: 1e-3'",
            id="line ends that are not kept",
        ),
        pytest.param(
            SMALL.replace("      - ", "    - "), at("train", "epochs", value=4),
            "line 10, '    - {m: 1} # one', would become", id="another indentation",
        ),
        pytest.param(
            "a: 1\x85b: 2\n", at("a", value=2), "cannot be read with its comments: mapping values",
            id="what ruamel.yaml does not read",
        ),
        pytest.param(SMALL, at("train", "epoch", value=4), "it has no train.epoch", id="no entry"),
        pytest.param(SMALL, at("trian", "epochs", value=4), "it has no trian", id="no table"),
        pytest.param(
            SMALL, at("train", "epochs", "x", value=4), "it has no train.epochs.x", id="a number"
        ),
        pytest.param(
            SMALL, at("rows", "new", value={}, after="third"), "it has no rows.new",
            id="behind no entry",
        ),
        pytest.param("  - 1\n", at("train", value=4), "it has no train", id="no tables at all"),
        pytest.param(
            SHARED, at("row", "a", value=2), "it has no row.a, or not as an entry of its own",
            id="an entry merged from elsewhere",
        ),
        pytest.param(
            SHARED, at("same", value={"a": 2}), "lines beside those of same would change",
            id="an alias of another entry",
        ),
        pytest.param(
            SMALL, at("rows", "first", "flags", value=["--a"]),
            "lines beside those of rows.first.flags would change", id="a blank line behind",
        ),
        pytest.param(
            SMALL, at("rows", "first", "parts", value=[{"m": 2}]),
            "rows.first.parts would lose its comments: # one, # of the second",
            id="a line of comment",
        ),
        pytest.param(
            SMALL, at("rows", "first", "flags", value=["--bb"]),
            "rows.first.flags would lose its comments: # here",
            id="a comment behind an entry that goes",
        ),
        pytest.param(
            SMALL, at("rows", "first", "parts", value=[{"m": 2}, {"m": 1}]),
            "rows.first.parts would lose its comments: # two",
            id="a comment behind an entry that moves",
        ),
        pytest.param(
            SHARED, at("row", "c", value=3, after="a"),
            "it has no row.c, or not as an entry of its own", id="behind a merged entry",
        ),
    ],
)  # fmt: skip
def test_what_would_change_more_than_its_entry_is_refused(
    text: str, change: Edit, said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        edited(text, [change])
    assert said in str(caught.value)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project's own params.yaml."""
    path = tmp_path / "params.yaml"
    path.write_bytes((ROOT / "params.yaml").read_bytes())
    return path


GOLDEN = at("bundle", "golden", value=30)


def wanted(params: Params, **update: Any) -> Params:
    return params.model_copy(
        update={"bundle": params.bundle.model_copy(update={"golden": 30, **update})}
    )


def test_a_file_says_what_is_wanted_and_keeps_its_mode(project: Path) -> None:
    project.chmod(0o640)
    params, text = load_params(project), project.read_text()
    edit(project, [GOLDEN], wanted(params))
    assert load_params(project) == wanted(params)
    assert project.read_text() == text.replace("golden: 20 #", "golden: 30 #")
    assert stat.S_IMODE(project.stat().st_mode) == 0o640
    assert list(project.parent.iterdir()) == [project]


@pytest.mark.parametrize(
    ("old", "changes", "update", "said"),
    [
        pytest.param(
            ("features: []", "features: [ ]"), [GOLDEN], {},
            "all else would not stay byte for byte", id="a file that would not keep its bytes",
        ),
        pytest.param(
            ("", ""), [GOLDEN, at("train", "epochs", value=0)], {},
            "the edited file: train.epochs: expected greater than or equal to 1",
            id="a value that params.yaml does not take",
        ),
        pytest.param(
            ("", ""), [GOLDEN, at("gate", "accuracy", value=0.5)], {},
            "its gate would not say what is meant", id="an edit too many",
        ),
        pytest.param(
            ("", ""), [GOLDEN], {"version": "2.0.0"}, "its bundle would not say what is meant",
            id="an edit too few",
        ),
        pytest.param(
            ("name: digits", "name: &name digits\n  # *name"), [GOLDEN, at("model", "x", value=1)],
            {}, "it has no model.x", id="no such entry",
        ),
    ],
)  # fmt: skip
def test_a_refused_edit_leaves_the_file_and_says_what_to_write(
    project: Path, old: tuple[str, str], changes: list[Edit], update: dict[str, str], said: str
) -> None:
    project.write_text(project.read_text().replace(*old) if old[0] else project.read_text())
    before, params = project.read_bytes(), load_params(project)
    with pytest.raises(ConfigError) as caught:
        edit(project, changes, wanted(params, **update))
    assert project.read_bytes() == before
    assert list(project.parent.iterdir()) == [project]
    assert str(caught.value).startswith(f"{project} is left as it is: ")
    assert said in str(caught.value)
    assert "\nedit it by hand:\nbundle:\n  golden: 30\n" in str(caught.value)


def test_a_word_that_would_be_read_as_something_else_is_refused(project: Path) -> None:
    params = load_params(project)
    changes = [at("model", "about", value="yes"), at("model", "file", value="yes")]
    update = {"model": params.model.model_copy(update={"about": "yes", "file": "yes"})}
    with pytest.raises(ConfigError, match="put it in quotes: YAML reads yes"):
        edit(project, changes, params.model_copy(update=update))


def test_an_interrupted_edit_leaves_the_file_as_it_was(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, params = project.read_bytes(), load_params(project)

    def interrupted(_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(editor, "load_params", interrupted)
    with pytest.raises(KeyboardInterrupt):
        edit(project, [GOLDEN], wanted(params))
    assert project.read_bytes() == before
    assert list(project.parent.iterdir()) == [project]
