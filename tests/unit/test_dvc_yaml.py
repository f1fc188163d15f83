"""A stage depends on what it imports: both dvc.yaml files, held against the stages' imports."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ludus.benchmark.runners import NOT_MEASURED
from ludus.config.backends import BACKENDS
from ludus.runtimes.devices import DEVICES
from support.paths import ROOT

PIPELINES = {"first": ROOT / "dvc.yaml", "everywhere": ROOT / "everywhere" / "dvc.yaml"}
# They check what a user writes, read files and run programs. No output is made of them, so that a
# stage need not depend on them; one that uses them for more names them.
GROUND = ("ludus/__init__.py", "ludus/cli/", "ludus/config/", "ludus/core/", "ludus/process/")


def modules() -> dict[str, Path]:
    """Every module of ludus and of the stages, by its name."""
    paths = [*ROOT.glob("ludus/**/*.py"), *ROOT.glob("stages/*.py")]
    names = [path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in paths]
    return {name.removesuffix(".__init__"): path for name, path in zip(names, paths, strict=True)}


MODULES = modules()


def imported(module: str) -> Iterator[str]:
    """The modules that a module imports anywhere, or names in a string to import by its name."""
    tree = ast.parse(MODULES[module].read_text())
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr) and ast.unparse(node).startswith("f'{__name__}."):
            yield from (f"{module}.{backend}" for backend in BACKENDS)
    yield module.rpartition(".")[0]


def read_by(stage: str) -> set[str]:
    """The files of ludus that a stage imports, one from another."""
    seen: set[str] = set()
    waiting = [f"stages.{stage}"]
    while waiting:
        module = waiting.pop()
        if module in MODULES and module not in seen:
            seen.add(module)
            waiting += imported(module)
    paths = {MODULES[module].relative_to(ROOT).as_posix() for module in seen}
    return {path for path in paths if path.startswith("ludus/")}


def stages() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for pipeline, path in PIPELINES.items():
        for name, entry in yaml.safe_load(path.read_text())["stages"].items():
            stage = entry.get("do", entry)
            if not stage.get("always_changed"):
                yield pipeline, name, stage


CASES = [pytest.param(stage, id=f"{pipeline}-{name}") for pipeline, name, stage in stages()]


def module_of(stage: dict[str, Any]) -> str:
    return str(stage["cmd"]).split("stages.")[1].split()[0]


def named(stage: dict[str, Any]) -> set[str]:
    return {path for path in stage["deps"] if path.startswith(("ludus/", "stages/"))}


@pytest.mark.parametrize("stage", CASES)
def test_a_stage_depends_on_all_that_it_imports(stage: dict[str, Any]) -> None:
    covered = named(stage)
    missing = {
        path
        for path in read_by(module_of(stage))
        if not path.startswith(GROUND)
        and not path.endswith("/__init__.py")
        and not any(path == dep or path.startswith(f"{dep}/") for dep in covered)
    }
    assert missing == set()


@pytest.mark.parametrize("stage", CASES)
def test_a_stage_depends_on_nothing_that_it_does_not_import(stage: dict[str, Any]) -> None:
    read = {*read_by(module_of(stage)), f"stages/{module_of(stage)}.py"}
    unread = {
        dep
        for dep in named(stage)
        if not any(path == dep or path.startswith(f"{dep}/") for path in read)
    }
    assert unread == set()


@pytest.mark.parametrize("stage", CASES)
def test_what_a_stage_depends_on_is_there(stage: dict[str, Any]) -> None:
    gone = {dep for dep in named(stage) if not (ROOT / dep).exists()}
    assert gone == set()


@pytest.mark.parametrize("stage", CASES)
def test_who_makes_or_reads_entry_functions_depends_on_what_names_them(
    stage: dict[str, Any],
) -> None:
    makes = module_of(stage) in {"lower", "compile"}
    assert ("ludus/config/lowerings.py" in named(stage)) == makes


def test_the_same_stage_depends_on_the_same_code_in_both_pipelines() -> None:
    by_module: dict[str, set[frozenset[str]]] = {}
    for _, _, stage in stages():
        by_module.setdefault(module_of(stage), set()).add(frozenset(named(stage)))
    assert {module for module, different in by_module.items() if len(different) > 1} == set()


def test_the_benchmark_depends_on_each_device_that_it_measures() -> None:
    stages = yaml.safe_load(PIPELINES["first"].read_text(encoding="utf-8"))["stages"]
    paths = [Path(path) for path in stages["benchmark"]["deps"]]
    named = {path.stem for path in paths if path.parent == Path("artifacts/devices")}
    assert named == set(DEVICES) - set(NOT_MEASURED)
