"""The golden bundle is what the stages make today, and runs on every device that is here."""

import json
import runpy
import warnings
from pathlib import Path
from typing import Any

import pytest

from ludus import runtimes
from ludus.bundle.reader import read_bundle
from ludus.evaluation.golden import check_golden_answers
from support.needed import absent
from support.paths import GOLDEN

AGAIN = "make it again: python tests/golden/make_bundle.py"


def manifest(folder: Path) -> Any:
    """Without the versions that it was made with, which change more often than what was made."""
    values = json.loads((folder / "manifest.json").read_text())
    del values["provenance"]["versions"]
    return values


def test_the_committed_bundle_is_what_the_stages_make(tmp_path: Path) -> None:
    made = tmp_path / "bundle"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch and turbine warn of themselves
        runpy.run_path(str(GOLDEN / "make_bundle.py"))["make"](made)
    assert manifest(made) == manifest(GOLDEN / "bundle"), AGAIN
    for path in sorted(made.rglob("*")):
        if path.is_file() and path.name != "manifest.json":
            committed = GOLDEN / "bundle" / path.relative_to(made)
            assert path.read_bytes() == committed.read_bytes(), f"{path.name}: {AGAIN}"


@pytest.mark.parametrize("target", ["iree-vmvx", "iree-vulkan"])
def test_the_golden_bundle_gives_its_answers(target: str) -> None:
    bundle = read_bundle(GOLDEN / "bundle")
    variant = bundle.variant(target)
    reason = runtimes.why_not(variant, str(variant.driver))
    if reason is not None:
        absent(str(variant.driver), f"{target} cannot run here: {reason}")
    assert check_golden_answers(bundle, variant, str(variant.driver)) < 1e-5
