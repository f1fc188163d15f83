"""Put together what a game takes: every target that was built, described, checked and summed.

    python -m stages.bundle

reads   artifacts/targets/, artifacts/export/, artifacts/report/results.json, artifacts/gate.json,
        dvc.lock, params.yaml bundle, targets, gate
writes  artifacts/bundle/

The same artifacts give the same bytes: keys in order, no times, no paths of this machine.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

import numpy as np
import yaml

from ludus.bundle import MANIFEST, SUMS, read_bundle
from ludus.evaluation import TestSet, load_test_set
from ludus.files import replaced_folder
from ludus.manifest import (
    Figures,
    File,
    Golden,
    Manifest,
    Network,
    Provenance,
    Variant,
)
from ludus.model_card import model_card
from ludus.params import Params, load_params
from ludus.results import Result, read_results
from ludus.stage import run_stage

# The stages whose outputs are in the bundle; dvc.lock's other entries hold times and machines.
BUILT_BY = ("download", "prepare", "train", "export", "lower", "compile@")
PACKAGES = ("ludwig", "torch", "onnx", "ncnn", "pnnx", "iree-base-compiler", "iree-turbine")


def bundle(params: Params, artifacts: Path, tests: TestSet, lock: Path, out: Path) -> None:
    """Write the bundle and read it back, checking all of it."""
    network = Network.model_validate_json((artifacts / "export" / "network.json").read_bytes())
    results = read_results(artifacts / "report" / "results.json")
    with replaced_folder(out) as folder:
        manifest = Manifest(
            schema_version=1,
            name=params.bundle.name,
            version=params.bundle.version,
            **dict(network),
            floors=params.gate,
            golden=_golden(tests, params, folder),
            variants=[
                _variant(name, artifacts / "targets" / name, results, folder)
                for name in params.targets
            ],
            files=[],
            provenance=_provenance(lock),
        )
        (folder / "README.md").write_text(model_card(manifest), encoding="utf-8")
        manifest = manifest.model_copy(update={"files": [_file(folder, "README.md")]})
        _write_sums(folder)
        text = json.dumps(manifest.model_dump(mode="json"), indent=1, sort_keys=True)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
        read_bundle(folder)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{out}: {manifest.name} {manifest.version}, {len(manifest.variants)} variants, "
          f"{size / 1e6:.1f} MB")  # fmt: skip


def _variant(name: str, built: Path, results: list[Result], folder: Path) -> Variant:
    """Copy a target's files; its description, with the files' new places and the figures."""
    variant = Variant.model_validate_json((built / "variant.json").read_bytes())
    place = folder / "variants" / name
    place.mkdir(parents=True)
    for file in variant.files:
        shutil.copyfile(built / file.path, place / file.path)
    files = [
        file.model_copy(update={"path": f"variants/{name}/{file.path}"}) for file in variant.files
    ]
    figures = [_figures(result) for result in results if result.target == name]
    return variant.model_copy(update={"files": files, "evaluations": figures})


def _figures(result: Result) -> Figures:
    """What the manifest keeps of a result: nothing that differs from run to run."""
    return Figures.model_validate({key: getattr(result, key) for key in Figures.model_fields})


def _golden(tests: TestSet, params: Params, folder: Path) -> Golden:
    """The first test images of each class, as many of each, and the reference's answers."""
    classes = np.unique(tests.labels)
    each = -(-params.bundle.golden // len(classes))
    chosen = np.concatenate([np.flatnonzero(tests.labels == label)[:each] for label in classes])
    (folder / "golden").mkdir()
    tests.images[chosen].tofile(folder / "golden" / "images.bin")
    return Golden(
        images=_file(folder, "golden/images.bin"),
        labels=tests.labels[chosen].tolist(),
        probabilities=tests.reference[chosen].tolist(),
        max_abs_diff=params.gate.max_abs_diff,
    )


def _file(folder: Path, name: str) -> File:
    data = (folder / name).read_bytes()
    return File(path=name, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


def _write_sums(folder: Path) -> None:
    """SHA256SUMS as `sha256sum --check` reads it, of every file but itself and the manifest."""
    names = sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )
    lines = [f"{_file(folder, name).sha256}  {name}\n" for name in names]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def _provenance(lock: Path) -> Provenance:
    stages = yaml.safe_load(lock.read_text(encoding="utf-8"))["stages"] if lock.exists() else {}
    built = {name: stage for name, stage in stages.items() if name.startswith(BUILT_BY)}
    digest = hashlib.sha256(json.dumps(built, sort_keys=True).encode()).hexdigest()
    git = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return Provenance(
        revision=git.stdout.strip() or None,
        dvc_lock_sha256=digest,
        versions={package: version(package) for package in PACKAGES},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"))
    parser.add_argument("--lock", type=Path, default=Path("dvc.lock"))
    parser.add_argument("--out", type=Path, default=Path("artifacts/bundle"))
    arguments = parser.parse_args()
    tests = load_test_set(arguments.artifacts / "export" / "reference.npz")
    bundle(load_params(), arguments.artifacts, tests, arguments.lock, arguments.out)


if __name__ == "__main__":
    run_stage(main)
