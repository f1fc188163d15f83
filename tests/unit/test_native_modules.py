"""The modules of each native crate import each other in one direction: no import leads back."""

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

NATIVE = Path(__file__).parents[2] / "native"
# A path, with a group of paths at its end where it is of a `use`.
PATH = re.compile(r"\b(?:crate|super)::(?:\w+::)*(?:\w+|\{[^;]*\})")
CHILD = re.compile(r"^ *(?:pub(?:\([^)]*\))? )?mod (\w+);", re.MULTILINE)
# Tests use what their module has, and comments name what they please.
PASSED_OVER = re.compile(r"#\[cfg\(test\)\]\s*mod tests\b.*|//[^\n]*", re.DOTALL)


def files(source: Path) -> dict[str, Path]:
    """The files of a crate by the path of their module: "" is the crate's root."""
    found = {}
    for path in sorted(source.rglob("*.rs")):
        *folders, name = path.relative_to(source).with_suffix("").parts
        if name != "tests":
            found["" if name == "lib" else "::".join([*folders, name])] = path
    return found


def ungrouped(path: str) -> list[str]:
    """a::{b, c::{d}} is a::b and a::c::d."""
    head, brace, group = "".join(path.split()).partition("{")
    if not brace:
        return [head]
    found, depth, part = [], 0, ""
    for letter in group.removesuffix("}") + ",":
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            found += [head + leaf for leaf in ungrouped(part)] if part else []
            part = ""
        else:
            part += letter
    return found


def imported(module: str, text: str, known: set[str]) -> set[str]:
    """The modules that a module names, and those that it is made of."""
    text = PASSED_OVER.sub("", text)
    inside = [*module.split("::")] if module else []
    found = {"::".join([*inside, child]) for child in CHILD.findall(text)} & known
    for path in PATH.findall(text):
        for leaf in ungrouped(path):
            parts = leaf.split("::")
            above = parts.count("super")
            parts = (inside[:-above] if above else []) + parts[above or 1 :]
            while "::".join(parts) not in known:
                parts.pop()  # the item in the module
            found.add("::".join(parts))
    return found - {module}


def graph(source: Path) -> dict[str, set[str]]:
    """What each module of a crate imports."""
    paths = files(source)
    return {
        module: imported(module, path.read_text("utf-8"), set(paths))
        for module, path in paths.items()
    }


def circle(edges: dict[str, set[str]]) -> str:
    """Modules of which each imports the next, and the last the first; "" where there are none."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return " -> ".join(module or "lib" for module in reversed(error.args[1]))
    return ""


@pytest.mark.parametrize("crate", ["runtime", "godot", "triton"])
def test_no_import_leads_back(crate: str) -> None:
    edges = graph(NATIVE / crate / "src")
    assert len(edges) >= 8
    assert sum(len(imports) for imports in edges.values()) > len(edges)
    assert circle(edges) == ""


def test_an_import_that_leads_back_is_found(tmp_path: Path) -> None:
    for name, text in {
        "lib": "mod one;\nmod two;\n",
        "one": "mod inner;\nuse crate::two::{self, Two};\n",
        "one/inner": "/// Not of crate::one.\nuse super::super::two;\n",
        "two": "fn two() {}\n#[cfg(test)]\nmod tests {\n    use crate::one::One;\n}\n",
    }.items():
        path = tmp_path / f"{name}.rs"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    edges = graph(tmp_path)
    assert edges["one"] == {"two", "one::inner"}
    assert circle(edges) == ""
    leading_back = {"two": "use crate::one::One;", "one/inner": "use super::{\n    One,\n};"}
    for name, text in leading_back.items():
        path = tmp_path / f"{name}.rs"
        good = path.read_text()
        path.write_text(text)
        assert "one" in circle(graph(tmp_path))
        path.write_text(good)
