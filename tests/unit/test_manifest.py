"""The manifest: the committed JSON Schema, and what it says of the good bundle."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ludus.bundle.reader import read_manifest
from ludus.bundle.schema import SCHEMA_VERSION, Manifest, Variant
from ludus.core.errors import ManifestError
from support.paths import ROOT

SCHEMA = ROOT / "docs" / "manifest.schema.json"
GOOD = ROOT / "tests" / "golden" / "bundle" / "manifest.json"


def objects(schema: Any) -> list[dict[str, Any]]:
    """All parts of a schema that describe an object with known keys."""
    found = [schema] if isinstance(schema, dict) and "properties" in schema else []
    inner = schema.values() if isinstance(schema, dict) else schema
    return found + [
        part for value in inner if isinstance(value, dict | list) for part in objects(value)
    ]


def test_the_committed_schema_is_current() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "ludus.bundle.schema"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert SCHEMA.read_text() == printed.stdout, (
        "write it again: python -m ludus.bundle.schema > docs/manifest.schema.json"
    )


def test_the_schema_names_its_version() -> None:
    schema = json.loads(SCHEMA.read_text())
    assert schema["properties"]["schema_version"]["const"] == SCHEMA_VERSION


def test_the_schema_refuses_unknown_keys_everywhere() -> None:
    parts = objects(json.loads(SCHEMA.read_text()))
    assert len(parts) > 10
    assert [part["title"] for part in parts if part.get("additionalProperties") is not False] == []


def test_the_good_manifest_survives_being_written_and_read(tmp_path: Path) -> None:
    manifest = read_manifest(GOOD)
    (tmp_path / "manifest.json").write_text(manifest.model_dump_json())
    assert read_manifest(tmp_path / "manifest.json") == manifest


def test_a_value_cannot_be_reassigned() -> None:
    manifest = read_manifest(GOOD)
    with pytest.raises(ValidationError, match="frozen"):
        manifest.name = "other"


def test_a_fault_is_told_with_its_place(tmp_path: Path) -> None:
    values = json.loads(GOOD.read_text())
    values["variants"][1]["files"][0]["bytes"] = "many"
    (tmp_path / "manifest.json").write_text(json.dumps(values))
    with pytest.raises(ManifestError) as caught:
        read_manifest(tmp_path / "manifest.json")
    said = "manifest.json: variants.1.files.0.bytes: input should be a valid integer"
    assert said in str(caught.value)


def test_a_variant_of_another_runtime_needs_no_iree_version() -> None:
    values = read_manifest(GOOD).variants[0].model_dump()
    other = {**values, "backend": "onnx", "driver": None, "iree_version": None}
    assert Variant.model_validate(other).iree_version is None


@pytest.mark.parametrize("path", ["a", "a/b.c", "variants/iree-cpu-x86_64-v3/model.vmfb", "a..b"])
def test_a_path_inside_the_bundle_is_taken(path: str) -> None:
    values = json.loads(GOOD.read_text())
    values["files"][0]["path"] = path
    assert Manifest.model_validate(values).files[0].path == path


@pytest.mark.parametrize(
    "path",
    ["", "/a", "../a", "a/../b", "./a", "a//b", "a/", "a\\b", "C:a", ".a", "a/.b", "a\n", "a\0"],
)
def test_a_path_that_is_not_plainly_inside_is_refused(path: str) -> None:
    values = json.loads(GOOD.read_text())
    values["files"][0]["path"] = path
    with pytest.raises(ValidationError, match="files"):
        Manifest.model_validate(values)
