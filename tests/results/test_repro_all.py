"""What `make repro-all` made in this checkout: every row of both pipelines. `make test-results`.

The stages themselves are tested on a small project (tests/pipeline); these are the facts of the
whole matrix, at its full size. Which rows must be verified is what the gate's --require says.
"""

import json
from typing import Any

import pytest

from ludus.config.everywhere import load_everywhere
from ludus.config.params import load_params
from support.needed import absent
from support.paths import ROOT

ARTIFACTS = ROOT / "artifacts"
FIRST = load_params(ROOT / "params.yaml")
SECOND = load_everywhere(ROOT / "everywhere" / "params.yaml", ROOT / "params.yaml")
IMAGES = 10_000


def read(name: str) -> Any:
    path = ARTIFACTS / name
    if not path.exists():
        absent("results", f"there is no artifacts/{name}; `make repro-all` makes it")
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, Any]]:
    """The report's row of each evaluation of both pipelines."""
    return {row["evaluation"]: row for row in read("everywhere/report/results.json")}


def test_the_report_has_every_evaluation_of_both_pipelines(rows: dict[str, Any]) -> None:
    assert set(rows) == {*FIRST.evaluations, *SECOND.evaluations}


def test_every_evaluation_is_verified_or_says_why_not(rows: dict[str, Any]) -> None:
    for row in rows.values():
        if row["required"] or row["status"] == "verified":
            assert row["status"] == "verified", row
            assert row["images"] == IMAGES
        elif row["status"] == "attested":
            assert row["images"] == IMAGES
        else:
            assert row["status"] == "not run", row
            assert row["reason"]
            assert row["accuracy"] is None


def test_other_sources_and_other_runtimes_are_verified(rows: dict[str, Any]) -> None:
    for name in ("iree-cpu-x86_64-onnx", "iree-cpu-x86_64-stablehlo", "xla-cpu", "iree-gd-vmvx"):
        assert rows[name]["status"] == "verified", rows[name]
    assert rows["shark-cpu"]["status"] == "verified", rows["shark-cpu"]
    assert rows["shark-cpu"]["runtime_version"] == "shortfin 3.9.0"
    rocm = rows["shark-rocm"]
    assert rocm["status"] == "verified" or rocm["reason"].endswith("needs an AMD GPU and ROCm")


def test_the_benchmark_measures_what_runs_here_and_says_why_of_the_rest() -> None:
    status: dict[str, set[str]] = {}
    for row in read("benchmark.json")["rows"]:
        status.setdefault(row["target"], set()).add(row["status"])
        assert (row["median_ms"] is not None) == (row["status"] == "measured")
        assert row["reason"] or row["status"] == "measured"
    assert set(status) == set(FIRST.targets)
    assert [name for name, found in status.items() if "failed" in found] == []
    for name in ("iree-cpu-x86_64", "onnx", "torchscript"):
        assert "measured" in status[name]


def test_metrics_are_of_every_row_that_was_run(rows: dict[str, Any]) -> None:
    run = {name for name, row in rows.items() if row["status"] == "verified"}
    assert run <= set(read("everywhere/metrics.json"))


def test_the_bundle_holds_every_bundled_target_in_the_order_of_the_table() -> None:
    bundled = [name for name, row in FIRST.targets.items() if row.bundled]
    manifest = read("bundle/manifest.json")
    assert [variant["target"] for variant in manifest["variants"]] == bundled
    folders = (ARTIFACTS / "bundle" / "variants").iterdir()
    assert {folder.name for folder in folders} == set(bundled)


def test_no_target_of_the_second_pipeline_is_bundled() -> None:
    assert not any(row.bundled for row in SECOND.targets.values())


def test_no_built_file_holds_a_path_of_this_machine() -> None:
    read("bundle/manifest.json")
    for file in (ARTIFACTS / "bundle").rglob("*"):
        assert file.is_dir() or str(ROOT).encode() not in file.read_bytes(), file


def test_nothing_is_left_half_written() -> None:
    read("bundle/manifest.json")
    places = (ROOT / "data", ARTIFACTS)
    assert [path for place in places for path in place.rglob("*.partial")] == []
