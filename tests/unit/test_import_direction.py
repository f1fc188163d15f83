"""Imports run one way: from the commands down to the core, and never back."""

import ast
from collections.abc import Collection, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from support.paths import ROOT

# From the lowest to the highest; a folder may import those of its own row and of the rows above it
# here. serving is below evaluation because an executor starts Triton; it needs the bundle alone.
ORDER = (
    {"ludus.core"},
    {"ludus.process"},
    {"ludus.config", "ludus.data", "ludus.bundle"},
    {"ludus.lowering", "ludus.compile", "ludus.runtimes", "ludus.serving"},
    {"ludus.training", "ludus.export", "ludus.evaluation"},
    {"ludus.benchmark", "ludus.tuning", "ludus.report"},
    {"ludus.cli", "benchmarks"},
    {"stages", "tools"},
)
LEVELS = {folder: level for level, row in enumerate(ORDER) for folder in row}

Graph = dict[str, set[str]]  # what each module or folder imports


def graph_of(root: Path) -> Graph:
    """What each module of the project imports of the project, in functions and for types too."""
    tops = {folder.partition(".")[0] for folder in LEVELS}
    files = [file for top in sorted(tops) for file in sorted((root / top).rglob("*.py"))]
    modules = {module_of(file.relative_to(root)): file for file in files}
    return {
        name: {found for found in imported(file, modules.keys()) if found not in (name, "ludus")}
        for name, file in modules.items()
    }


def module_of(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def imported(file: Path, modules: Collection[str]) -> Iterator[str]:
    """The modules of the project that a file imports; of `from package import module`, the module.

    What is imported from a package's __init__ is an import of the package.
    """
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in modules else str(node.module) for name in names]
        else:
            continue
        yield from (name for name in names if name in modules)


def folder_of(module: str) -> str:
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "ludus" else parts[0]


def upward(graph: Graph) -> list[str]:
    """The imports that go up."""
    return [
        f"{module} imports {other}"
        for module, others in graph.items()
        for other in sorted(others)
        if module != "ludus" and LEVELS[folder_of(other)] > LEVELS[folder_of(module)]
    ]


def circle(graph: Graph) -> list[str]:
    """A circle of imports, or nothing."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_of(ROOT)


def test_no_module_imports_a_folder_above_its_own(graph: Graph) -> None:
    assert upward(graph) == []


def test_no_module_imports_itself_by_way_of_others(graph: Graph) -> None:
    assert circle(graph) == []


def test_no_folder_imports_itself_by_way_of_others(graph: Graph) -> None:
    folders: Graph = {folder: set() for folder in LEVELS}
    for module, others in graph.items():
        if module != "ludus":
            mine = folder_of(module)
            folders[mine] |= {folder_of(other) for other in others} - {mine}
    assert circle(folders) == []


def test_every_module_of_ludus_is_in_a_folder_of_the_order(graph: Graph) -> None:
    assert {folder_of(module) for module in graph} - {"ludus"} == LEVELS.keys()


def test_an_import_within_a_function_or_for_types_alone_counts(tmp_path: Path) -> None:
    (tmp_path / "ludus" / "core").mkdir(parents=True)
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages" / "train.py").write_text("import ludus.core.low\n")
    (tmp_path / "ludus" / "core" / "low.py").write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from stages import train\n"
        "def late():\n    from stages.train import main\n"
    )
    found = graph_of(tmp_path)
    assert upward(found) == ["ludus.core.low imports stages.train"]
    assert set(circle(found)) == {"ludus.core.low", "stages.train"}
