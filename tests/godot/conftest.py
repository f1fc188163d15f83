"""A project of the engine with the addon, the bundles and the tests of godot/tests."""

from pathlib import Path

import pytest

from ludus.process import godot
from ludus.process.tools import ROOT
from support import bundles
from support.needed import absent
from support.paths import BUNDLE, DIGITS, GOLDEN, TENSORS

TESTS = ROOT / "godot" / "tests"


@pytest.fixture(scope="session")
def engine() -> godot.Engine:
    """The engine; a skip with the reason where it, or the addon, is not there."""
    reason = godot.why_not()
    if reason is not None:
        absent("godot", reason)
    return godot.find_engine()


@pytest.fixture(scope="session")
def project(engine: godot.Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project as godot/tests needs it; not to be changed."""
    made = tmp_path_factory.mktemp("bundles")
    files = {
        "tests": TESTS,
        "drawings": GOLDEN / "drawings",
        "photos": GOLDEN / "photos",
        "models/golden": BUNDLE,
        "models/tensors": TENSORS,
        "models/first-computes-wrongly": bundles.first_computes_wrongly(made / "wrong"),
    }
    for change in (
        bundles.first_cannot_run,
        bundles.nothing_runs,
        bundles.another_first_golden_answer,
        bundles.another_golden_answer,
    ):
        name = change.__name__.replace("_", "-")
        files[f"models/{name}"] = bundles.changed(made / name, change)
    for change in (bundles.takes_no_pictures, bundles.has_labels):
        name = change.__name__.replace("_", "-")
        files[f"models/{name}"] = bundles.changed(made / name, change, TENSORS)
    if DIGITS.exists():
        files["models/digits"] = DIGITS
    return godot.make_project(tmp_path_factory.mktemp("godot") / "project", files)
