"""A backend is registered by its description alone, and one that is not known breaks no bundle."""

import inspect
import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ludus import compile as compilers
from ludus import runtimes
from ludus.benchmark import runners
from ludus.bundle.reader import Bundle, read_bundle
from ludus.bundle.schema import Variant
from ludus.cli.app import app
from ludus.config.backends import BACKENDS
from ludus.config.params import load_params
from ludus.core.errors import DeviceError, ManifestError, UsageError
from ludus.evaluation.golden import verify_bundle
from ludus.runtimes.choosing import choose
from support.paths import ROOT

GOLDEN = ROOT / "tests" / "golden" / "bundle"
REASON = "its backend 'nova' is not known to this Ludus (iree, ncnn, onnx, torch, xla); a newer one"


def offered(protocol: Any) -> dict[str, inspect.Signature]:
    """The functions of a protocol, without self."""
    made = {
        name: inspect.signature(function)
        for name, function in vars(protocol).items()
        if inspect.isfunction(function) and not name.startswith("_")
    }
    return {
        name: signature.replace(parameters=list(signature.parameters.values())[1:])
        for name, signature in made.items()
    }


def shape(signature: inspect.Signature) -> list[tuple[str, Any, Any]]:
    return [(each.name, each.kind, each.default) for each in signature.parameters.values()]


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize(
    ("package", "protocol"),
    [("ludus.compile", compilers.Compiler), ("ludus.runtimes", runtimes.Runtime)],
)
def test_a_backend_offers_the_functions_of_the_protocol(
    name: str, package: str, protocol: Any
) -> None:
    module = import_module(f"{package}.{name}")
    wanted = offered(protocol)
    assert wanted
    for function, signature in wanted.items():
        assert shape(inspect.signature(getattr(module, function))) == shape(signature), function


@pytest.mark.parametrize("name", BACKENDS)
def test_a_backend_is_described_under_its_own_name(name: str) -> None:
    backend = BACKENDS[name]
    assert backend.name == name
    assert backend.target.model_fields["backend"].annotation.__args__ == (name,)
    assert backend.devices or backend.target.hal_driver.fget is not None
    assert set(backend.needs) <= set(Variant.model_fields)


def test_the_files_of_params_name_registered_backends_only() -> None:
    params = load_params(ROOT / "params.yaml")
    assert {target.backend for target in params.targets.values()} <= set(BACKENDS)


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A bundle whose first variant is of a backend that is yet to come."""
    folder = tmp_path / "bundle"
    for path in GOLDEN.rglob("*"):
        if path.is_file() and path.name != "SHA256SUMS":
            copy = folder / path.relative_to(GOLDEN)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    change(folder, "nova")
    return folder


def change(folder: Path, backend: str) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["variants"][0]["backend"] = backend
    path.write_text(json.dumps(manifest))


def only_newer(bundle: Bundle) -> Bundle:
    manifest = bundle.manifest.model_copy(update={"variants": bundle.manifest.variants[:1]})
    return Bundle(folder=bundle.folder, manifest=manifest)


def test_a_variant_of_an_unknown_backend_cannot_be_run_here(newer: Path) -> None:
    variant = read_bundle(newer).manifest.variants[0]
    assert (runtimes.why_not(variant, "cpu") or "").startswith(REASON)
    with pytest.raises(DeviceError, match="its backend 'nova' is not known to this Ludus"):
        runtimes.load(variant, newer, "cpu")
    with pytest.raises(UsageError, match="its backend 'nova' is not known"):
        runtimes.runtime("nova")


def test_another_variant_is_chosen(newer: Path) -> None:
    bundle = read_bundle(newer)
    if len(bundle.manifest.variants) > 1:
        assert choose(bundle, None)[0].backend != "nova"
    with pytest.raises(DeviceError, match="its backend 'nova' is not known to this Ludus"):
        choose(only_newer(bundle), None)


def test_it_is_verified_as_not_run(newer: Path) -> None:
    row = verify_bundle(only_newer(read_bundle(newer)))[0]
    assert row["status"] == "not run"
    assert row["detail"].startswith(REASON)


def test_it_is_inspected(newer: Path) -> None:
    ended = CliRunner().invoke(app, ["inspect", str(newer), "--json"])
    assert ended.exit_code == 0, ended.output
    assert json.loads(ended.stdout)["variants"][0]["backend"] == "nova"


def test_it_is_not_measured(newer: Path) -> None:
    variant = read_bundle(newer).manifest.variants[0]
    assert runners.of_variants([(variant, newer)]) == []


@pytest.mark.parametrize("name", ["", "No Va", "../nova", "Nova", "-nova"])
def test_a_backend_that_is_no_name_is_refused(newer: Path, name: str) -> None:
    change(newer, name)
    with pytest.raises(ManifestError, match=r"variants\.0\.backend: string should match pattern"):
        read_bundle(newer)
