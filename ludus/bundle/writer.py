"""Writes a bundle: copies and describes its files, sums them, and reads all of it back.

The same parts give the same bytes: sorted keys, no times, no paths of this machine.
"""

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ludus.bundle.model_card import model_card
from ludus.bundle.reader import MANIFEST, SUMS, read_bundle
from ludus.bundle.schema import File, Golden, GoldenTensors, Manifest, Network, Provenance, Variant
from ludus.core.files import replaced_folder, write_json
from ludus.core.types import Gate
from ludus.data.reference_set import ReferenceSet


def write_bundle(
    out: Path,
    *,
    name: str,
    version: str,
    network: Network,
    tests: ReferenceSet,
    golden: int,
    floors: Gate,
    variants: Iterable[tuple[Variant, Path]],
    provenance: Provenance,
) -> Manifest:
    """Write a bundle to the folder out; it replaces an earlier one once it is complete and checked.

    golden: the number of golden inputs, equally many of each class if there are classes.
    variants: best first, each with the folder of its files. Raises a BundleError for parts that
    make no valid bundle.
    """
    with replaced_folder(out) as folder:
        manifest = Manifest(
            schema_version=1,
            name=name,
            version=version,
            **{key: getattr(network, key) for key in Network.model_fields},
            floors=floors,
            golden=_golden(tests, golden, floors.max_abs_diff, folder),
            variants=[_variant(variant, built, folder) for variant, built in variants],
            files=[],
            provenance=provenance,
        )
        (folder / "README.md").write_text(model_card(manifest), encoding="utf-8")
        manifest = manifest.model_copy(update={"files": [_file(folder, "README.md")]})
        _write_sums(folder)
        write_json(folder / MANIFEST, manifest.model_dump(mode="json"))
        read_bundle(folder)
    return manifest


def _variant(variant: Variant, built: Path, folder: Path) -> Variant:
    """Copy a variant's files; returns its description with their new paths."""
    files = []
    for file in variant.files:
        place = f"variants/{variant.target}/{Path(file.path).name}"
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(built / file.path, folder / place)
        files.append(file.model_copy(update={"path": place}))
    return variant.model_copy(update={"files": files})


def _golden(
    tests: ReferenceSet, count: int, max_abs_diff: float, folder: Path
) -> Golden | GoldenTensors:
    """Write the first test inputs, equally many of each class if any, and their answers."""
    chosen = _chosen(tests, count)
    (folder / "golden").mkdir()
    if not tests.are_drawings or tests.labels is None:
        tests.inputs[chosen].astype("<f4").tofile(folder / "golden" / "inputs.f32")
        tests.reference[chosen].astype("<f4").tofile(folder / "golden" / "outputs.f32")
        return GoldenTensors(
            inputs=_file(folder, "golden/inputs.f32"),
            outputs=_file(folder, "golden/outputs.f32"),
            max_abs_diff=max_abs_diff,
        )
    tests.inputs[chosen].tofile(folder / "golden" / "images.bin")
    return Golden(
        images=_file(folder, "golden/images.bin"),
        labels=tests.labels[chosen].tolist(),
        probabilities=tests.reference[chosen].tolist(),
        max_abs_diff=max_abs_diff,
    )


def _chosen(tests: ReferenceSet, count: int) -> npt.NDArray[np.intp]:
    labels = tests.labels
    if labels is None or labels.ndim > 1:
        return np.arange(min(count, len(tests.inputs)))
    classes = np.unique(labels)
    each = -(-count // len(classes))
    return np.concatenate([np.flatnonzero(labels == label)[:each] for label in classes])


def _file(folder: Path, name: str) -> File:
    data = (folder / name).read_bytes()
    return File(path=name, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


def _write_sums(folder: Path) -> None:
    """Write SHA256SUMS, for `sha256sum --check`, of every file but itself and the manifest."""
    names = sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )
    lines = [f"{_file(folder, name).sha256}  {name}\n" for name in names]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")
