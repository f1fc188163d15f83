"""ludus.core.strict_yaml: what no file may hold is refused at once, in one line, with its place."""

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ludus.config.model import read_model_description
from ludus.config.network import read_config
from ludus.config.params import load_params
from ludus.core.errors import ConfigError
from ludus.core.strict_yaml import LARGEST, read_values

GOLDEN = Path(__file__).parents[1] / "golden" / "yaml"
READERS = {"params": load_params, "config": read_config, "about": read_model_description}
# What each of the files ends in: those of which PyYAML or pydantic made a traceback or no end.
SAID = {
    "bad-0-params": '  targets.shark-cpu.cpu: expected keys with values, got "2024-99-99"',
    "bad-265-params": "it holds more than 20,000 values (line 5, column 4)",
    "bad-267-params": "it holds more than 20,000 values (line 5, column 4)",
    "bad-268-params": "it holds more than 20,000 values (line 6, column 14)",
    "bad-272-config": '.pool_kernel_size\' is "2024-99-99", expected a list of 2 or a whole',
    "bad-275-config": "the tag !!timestamp is not known here (line 17, column 20)",
    "bad-276-config": "'x' is no whole number (line 2, column 3)",
    "bad-277-config": "'x' is no number (line 2, column 9)",
    "bad-28-params": "it is more than 50 tables and lists deep (line 582, column 67)",
    "bad-280-config": "is too large; expected one of 64 bits (line 10, column 20)",
    "bad-281-config": "is too large; expected one of 64 bits (line 16, column 16)",
    "bad-3-params": "the tag !!timestamp is not known here (line 50, column 7)",
    "bad-300-config": "it is more than 50 tables and lists deep (line 16, column 62)",
    "bad-331-config": "'5' is neither true nor false (line 2, column 3)",
    "bad-4-params": "'x' is no whole number (line 75, column 14)",
    "bad-5-params": "'x' is no number (line 539, column 10)",
    "bad-540-config": "it holds more than 20,000 values (line 6, column 14)",
    "bad-544-about": "preprocess.layout: unknown value '2024-99-99'; known: NCHW, NHWC",
    "bad-547-about": "the tag !!timestamp is not known here (line 3, column 10)",
    "bad-548-about": "'x' is no whole number (line 4, column 5)",
    "bad-549-about": "'x' is no number (line 6, column 5)",
    "bad-552-about": "is too large; expected one of 64 bits (line 31, column 11)",
    "bad-553-about": "is too large; expected one of 64 bits (line 12, column 3)",
    "bad-554-about": "is too large; expected one of 64 bits (line 2, column 9)",
    "bad-572-about": "it is more than 50 tables and lists deep (line 25, column 56)",
    "bad-575-about": "it holds itself (line 18, column 13)",
    "bad-59-params": "'5' is neither true nor false (line 470, column 26)",
    "bad-603-about": "'5' is neither true nor false (line 31, column 11)",
    "bad-8-params": "is too large; expected one of 64 bits (line 579, column 13)",
    "bad-809-about": "it holds more than 20,000 values (line 5, column 4)",
    "bad-811-about": "it holds more than 20,000 values (line 5, column 4)",
    "bad-812-about": "it holds more than 20,000 values (line 6, column 14)",
    "bad-9-params": "is too large; expected one of 64 bits (line 60, column 7)",
}


def read(folder: Path, text: str | bytes) -> Any:
    path = folder / "a.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_values(path)


def refusal(folder: Path, text: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    return str(caught.value).replace(f"{folder}/", "")


def test_every_file_of_the_corpus_is_named() -> None:
    assert {path.stem for path in GOLDEN.glob("*.yaml")} == set(SAID)


@pytest.mark.parametrize("name", SAID)
def test_a_file_that_broke_a_reader_is_refused_by_place_and_soon(name: str) -> None:
    path = GOLDEN / f"{name}.yaml"
    began = time.process_time()
    with pytest.raises(ConfigError) as caught:
        READERS[name.rpartition("-")[2]](path)
    assert time.process_time() - began < 3.0  # seconds; a hang was more than 10
    lines = str(caught.value).splitlines()
    assert lines[0].startswith(str(path))
    assert any(SAID[name] in line for line in lines)
    assert all(len(line) < len(str(path)) + 250 for line in lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3", "the key 'a' comes twice (line 3, column 1)"),
        ("a: {b: 1, b: 2}", "the key 'b' comes twice (line 1, column 11)"),
        ("1: x", "the key '1' is no word; put it in quotes (line 1, column 1)"),
        ("yes: x", "the key 'yes' is no word; put it in quotes"),
        ("[a]: x", "the key is no word; put it in quotes"),
        ("a: !!set {x}", "the tag !!set is not known here"),
        ("a: !!binary eA==", "the tag !!binary is not known here"),
        ("a: !!python/name:os.system x", "the tag !!python/name:os.system is not known here"),
        ("a: !mine x", "the tag !mine is not known here"),
        ('a: "\\ud800"', "half a character (a lone surrogate)"),
        ("a: &x [*x]", "it holds itself (line 1, column 4)"),
        ("a: &x {b: *x}", "it holds itself (line 1, column 4)"),
        ("a: *nothing", "found undefined alias 'nothing' (line 1, column 4)"),
        ("a: !!int ''", "'' is no whole number"),
        ("a: !!int 1.5", "'1.5' is no whole number"),
        ("a: !!map x", "'x' is no list or table"),
        ("a: 9223372036854775808", "the number 9223372036854775808 is too large"),
        ("a: 0x8000000000000000", "is too large; expected one of 64 bits"),
        ("a: [\n", "expected the node content"),
        ("a: 1\n---\nb: 2", "but found another document (line 2, column 1)"),
        ("\x00", "special characters are not allowed"),
        (b"a: \xe9", "byte 3 is 0xe9; expected text in UTF-8"),
        ("a: 1".encode("utf-16"), "byte 0 is 0xff; expected text in UTF-8"),
        ("[" * 100_000, "more than 50 tables and lists deep (line 1, column"),
        ("".join(" " * level + "a:\n" for level in range(300)), "more than 50 tables and lists"),
    ],
)
def test_what_no_file_may_hold_is_told_in_one_line(
    tmp_path: Path, text: str | bytes, said: str
) -> None:
    told = refusal(tmp_path, text)
    assert told.startswith("a.yaml is no YAML: ")
    assert said in told
    assert "\n" not in told


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    told = refusal(tmp_path, "#" * (LARGEST + 1))
    assert told == "a.yaml has 131,073 bytes; expected at most 131,072"


def test_the_largest_file_is_read_in_seconds(tmp_path: Path) -> None:
    lines = [f"k{number}: 1\n" for number in range(9_000)]
    began = time.process_time()
    assert len(read(tmp_path, "".join(lines))) == 9_000
    assert time.process_time() - began < 20.0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-05", 1e-5),
        ("2.5E-4", 2.5e-4),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("2024-01-01", "2024-01-01"),
        ("2024-99-99", "2024-99-99"),
        ("=", "="),
        ("3.13.0", "3.13.0"),
        ("~", None),
        (".inf", float("inf")),
        ("true", True),
        ("'\\ud800'", "\\ud800"),
    ],
)
def test_a_value_is_read(tmp_path: Path, text: str, value: Any) -> None:
    assert read(tmp_path, f"a: {text}")["a"] == value


def test_aliases_and_merged_tables_are_read(tmp_path: Path) -> None:
    text = "base: &b {k: 1, l: 2}\nx: {y: &a {<<: *b, k: 3}}\nc: {<<: *a}\nd: *a\n"
    assert read(tmp_path, text) == {
        "base": {"k": 1, "l": 2},
        "x": {"y": {"k": 3, "l": 2}},
        "c": {"k": 3, "l": 2},
        "d": {"k": 3, "l": 2},
    }


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
    | st.text("ab é:#-'\"\n", max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner),
    max_leaves=9,
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(value=VALUES)
def test_what_was_written_is_read(value: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("yaml")
    assert read(folder, yaml.safe_dump(value, allow_unicode=True)) == value


@settings(deadline=None, max_examples=150)
@given(content=st.binary(max_size=60) | st.text("{}[]&*!<|>-:, \n'\"a1?#%@", max_size=40))
def test_any_bytes_are_read_or_refused(
    content: bytes | str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with suppress(ConfigError):
        read(tmp_path_factory.mktemp("yaml"), content)
