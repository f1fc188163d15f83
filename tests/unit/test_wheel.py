"""The wheel holds what runs outside a checkout, and nothing that only a checkout can use."""

import re
import subprocess
import sys
import zipfile

import pytest

from support.paths import ROOT

IMPORT = re.compile(r"^\s*(?:from|import) (ludus[\w.]*|stages|tools|benchmarks)\b", re.MULTILINE)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The Python of the wheel by its path."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (file,) = folder.glob("*.whl")
    with zipfile.ZipFile(file) as packed:
        names = [name for name in packed.namelist() if name.endswith(".py")]
        return {name: packed.read(name).decode() for name in names}


def test_ray_and_the_search_are_not_in_it(wheel: dict[str, str]) -> None:
    assert "ludus/training/ludwig.py" in wheel
    for folder in ("ludus/training/ray/", "ludus/training/search/"):
        assert (ROOT / folder).is_dir(), "the folder has moved"
        assert not [name for name in wheel if name.startswith(folder)]


def test_it_is_ludus_alone(wheel: dict[str, str]) -> None:
    assert {name.split("/")[0] for name in wheel} == {"ludus"}


def test_nothing_in_it_imports_what_is_not(wheel: dict[str, str]) -> None:
    missing = [
        f"{name} imports {module}"
        for name, text in wheel.items()
        for module in IMPORT.findall(text)
        if f"{module.replace('.', '/')}.py" not in wheel
        and f"{module.replace('.', '/')}/__init__.py" not in wheel
    ]
    assert missing == []
