"""Write the bundle for games: every target that was built, with manifest, checks and checksums.

    python -m stages.bundle

reads   artifacts/targets/, artifacts/export/, artifacts/report/results.json, artifacts/gate.json,
        dvc.lock, params.yaml bundle, targets, gate
writes  artifacts/bundle/
"""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import yaml

from ludus.bundle.schema import Figures, Provenance, Variant, read_network, read_variant
from ludus.bundle.writer import write_bundle
from ludus.config.params import Params, load_params
from ludus.core.errors import ToolError
from ludus.core.program import arguments_of, run_stage
from ludus.data.reference_set import ReferenceSet, load_reference_set
from ludus.evaluation.results import Result, read_results
from ludus.process.tools import run_tool

# The stages whose outputs are in the bundle, with compile@TARGET for each target; dvc.lock's other
# entries hold times and machines, and it keeps those of rows that are gone.
BUILT_BY = ("download", "prepare", "train", "export", "lower")
PACKAGES = ("ludwig", "torch", "onnx", "ncnn", "pnnx", "iree-base-compiler", "iree-turbine")


def bundle(params: Params, artifacts: Path, tests: ReferenceSet, lock: Path, out: Path) -> None:
    """Write the bundle of the targets of params, each with what its evaluations found."""
    results = read_results(artifacts / "report" / "results.json")
    names = [name for name, target in params.targets.items() if target.bundled]
    folders = [artifacts / "targets" / name for name in names]
    manifest = write_bundle(
        out,
        name=params.bundle.name,
        version=params.bundle.version,
        network=read_network(artifacts / "export"),
        tests=tests,
        golden=params.bundle.golden,
        floors=params.gate,
        variants=[(_with_figures(read_variant(folder), results), folder) for folder in folders],
        provenance=_provenance(lock, names),
    )
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{out}: {manifest.name} {manifest.version}, {len(manifest.variants)} variants, "
          f"{size / 1e6:.1f} MB")  # fmt: skip


def _with_figures(variant: Variant, results: list[Result]) -> Variant:
    """A variant with what the manifest keeps of its results: nothing that differs by run."""
    figures = [
        Figures.model_validate({key: getattr(result, key) for key in Figures.model_fields})
        for result in results
        if result.target == variant.target
    ]
    return variant.model_copy(update={"evaluations": figures})


def _provenance(lock: Path, targets: list[str]) -> Provenance:
    stages = yaml.safe_load(lock.read_text(encoding="utf-8"))["stages"] if lock.exists() else {}
    names = [*BUILT_BY, *(f"compile@{target}" for target in targets)]
    built = {name: stages[name] for name in names if name in stages}
    digest = hashlib.sha256(json.dumps(built, sort_keys=True).encode()).hexdigest()
    return Provenance(
        revision=_revision(),
        dvc_lock_sha256=digest,
        versions={package: version(package) for package in PACKAGES},
    )


def _revision() -> str | None:
    """The commit of the checkout; None outside of Git, or before the first."""
    try:
        return run_tool(["git", "rev-parse", "--verify", "--quiet", "HEAD"], seconds=60).strip()
    except ToolError:
        return None


def main() -> None:
    arguments = arguments_of(
        __doc__, artifacts="artifacts", lock="dvc.lock", out="artifacts/bundle"
    ).parse_args()
    tests = load_reference_set(arguments.artifacts / "export" / "reference.npz")
    bundle(load_params(), arguments.artifacts, tests, arguments.lock, arguments.out)


if __name__ == "__main__":
    run_stage(main)
