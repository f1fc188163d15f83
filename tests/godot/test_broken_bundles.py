"""Bundles that are wrong in any way are refused by name, and the engine lives on."""

import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ludus.bundle.reader import read_bundle
from ludus.core.errors import LudusError
from ludus.evaluation.golden import check_golden_answers
from ludus.process import godot
from ludus.runtimes.choosing import choose
from ludus.runtimes.devices import cpu
from support import broken, bundles
from support.paths import BUNDLE, DIGITS, TENSORS

CASES = broken.cases()
BY_NAME = {case["name"]: case for case in CASES}
PLACES = [
    (place, case["name"])
    for case in CASES
    for place in ("folder", "pack")
    if place == "folder" or not any("link" in step for step in case["do"])  # a pack has none
]
# What the engine calls the errors of ludus.errors.
ERRORS = {
    "MissingFileError": "File not found",
    "ExtraFileError": "File corrupt",
    "FileSizeError": "File corrupt",
    "ChecksumError": "File corrupt",
    "ManifestError": "Invalid data",
    "SchemaVersionError": "Invalid data",
    "RuntimeVersionError": "Invalid data",
    "GoldenError": "Invalid data",
    "DeviceError": "Unavailable",
}
WITHOUT_MANIFEST = ["no manifest", "a folder where the manifest must be"]
MUTATIONS = {"golden": 220, "tensors": 200, "digits": 80}


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What the engine said of a bundle."""

    error: str  # in the engine's words; OK where its golden answers were computed
    message: str
    inspected: str
    place: str


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """A bundle that was broken by chance."""

    bundle: Path
    target: str
    done: str


def try_bundles(
    project: Path, scratch: Path, asked: list[dict[str, Any]], timeout: float
) -> list[Tried]:
    """Open and run bundles in one process of the engine. Fails the test where that does not live
    to the end of the list."""
    listed = scratch / "list.jsonl"
    listed.write_text("".join(json.dumps(one) + "\n" for one in asked), "utf-8")
    script = "res://tests/try_bundles.gd"
    ended = godot.start(project, "--script", script, "--", str(listed), timeout=timeout)
    assert ended.faults == [], godot.explain(ended)
    lines = ended.said.splitlines()
    found = [line.removeprefix("TRIED ") for line in lines if line.startswith("TRIED ")]
    assert len(found) == len(asked), godot.explain(ended)
    return [Tried(**json.loads(line)) for line in found]


def files_of(bundle: Path) -> list[str]:
    return [
        path.relative_to(bundle).as_posix() for path in sorted(bundle.rglob("*")) if path.is_file()
    ]


# Each case of tests/golden/bad_bundles.json


@pytest.fixture(scope="module")
def tried(project: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Tried]:
    """Every case, in a folder and in a pack; by place and name."""
    asked = []
    for place, name in PLACES:
        case = BY_NAME[name]
        bundle = broken.broken_bundle(case, tmp_path_factory.mktemp("case"))
        one = {"path": str(bundle), "device": case.get("target") or case.get("device", "iree-vmvx")}
        asked.append(one | ({"files": files_of(bundle)} if place == "pack" else {}))
    found = try_bundles(project, tmp_path_factory.mktemp("list"), asked, timeout=120)
    return dict(zip(PLACES, found, strict=True))


@pytest.mark.parametrize(("place", "name"), PLACES)
def test_a_bad_bundle_is_refused_with_its_own_error(
    tried: dict[tuple[str, str], Tried], place: str, name: str
) -> None:
    case = BY_NAME[name]
    if case.get("only", cpu.architecture()) != cpu.architecture():
        pytest.skip(f"the case is one of {case['only']} CPUs, and this is {cpu.architecture()}")
    found = tried[place, name]
    expected = "File not found" if name in WITHOUT_MANIFEST else ERRORS[case["error"]]
    assert found.error == expected, found.message
    assert case["says"].casefold() in found.message.casefold()
    assert found.place in found.message
    assert (found.inspected == "") == (case["when"] != "read"), found.inspected


# Bundles that are broken by chance


def copy(source: Path, bundle: Path) -> None:
    """A copy that shares its files with source: `mutate` writes none in place."""
    shutil.copytree(source, bundle, copy_function=lambda a, b: Path(b).hardlink_to(a))


def is_good(mutation: Mutation) -> bool:
    """What ludus says of it, after it has run."""
    try:
        bundle = read_bundle(mutation.bundle)
        check_golden_answers(bundle, bundle.variant(mutation.target), "cpu")
    except LudusError:
        return False
    return True


@pytest.fixture(scope="module")
def mutations(tmp_path_factory: pytest.TempPathFactory) -> list[Mutation]:
    """500 of them, most of the golden bundles, the same each time."""
    chance = random.Random(7)
    folder = tmp_path_factory.mktemp("mutations")
    sources = {"golden": BUNDLE, "tensors": TENSORS}
    counts = dict(MUTATIONS)
    if DIGITS.exists():
        sources["digits"] = DIGITS
    else:
        counts["golden"] += counts.pop("digits")
    made = []
    for name, source in sources.items():
        good = shutil.copytree(source, folder / name)
        target = choose(read_bundle(good), "cpu")[0].target
        for number in range(counts[name]):
            bundle = folder / f"{name}-{number}"
            copy(good, bundle)
            done = bundles.mutate(bundle, chance)
            made.append(Mutation(bundle=bundle, target=target, done=done))
    return made


def test_500_broken_bundles_are_refused_by_name_and_the_engine_lives(
    project: Path, mutations: list[Mutation], tmp_path: Path
) -> None:
    asked = [{"path": str(one.bundle), "device": one.target} for one in mutations]
    found = try_bundles(project, tmp_path, asked, timeout=240)
    refused = 0
    for mutation, tried in zip(mutations, found, strict=True):
        good = is_good(mutation)
        what = f"{mutation.bundle.name}: {mutation.done}: {tried.message}"
        assert (tried.error == "OK") == good, f"ludus says {'good' if good else 'bad'}; {what}"
        if good:
            # A value of the manifest that nothing else depends on, such as a figure.
            assert bundles.MANIFEST in mutation.done, what
            continue
        refused += 1
        names = [bundles.MANIFEST, "SHA256SUMS", mutation.target, *files_of(mutation.bundle)]
        assert str(mutation.bundle) in tried.message, what
        assert any(name in tried.message for name in names), what
    assert len(mutations) == 500
    assert refused >= 480
