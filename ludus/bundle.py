"""Reading a bundle: all of it is checked before a byte is handed on.

A bundle MUST
- hold manifest.json, which is valid by the schema of its schema_version;
- hold every file that the manifest names, of that length and sha256;
- hold nothing else, but for manifest.json and SHA256SUMS;
- have golden images and answers of the shapes that its network has.

Every way not to do so has its own error in `ludus.errors`, below BundleError.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from ludus import backends
from ludus.errors import (
    ChecksumError,
    DeviceError,
    ExtraFileError,
    FileSizeError,
    GoldenError,
    ManifestError,
    MissingFileError,
    SchemaVersionError,
    UsageError,
    nearest,
)
from ludus.images import normalise
from ludus.manifest import SCHEMA_VERSION, File, Manifest, Variant

MANIFEST, SUMS = "manifest.json", "SHA256SUMS"


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A bundle that was checked."""

    folder: Path
    manifest: Manifest

    def variant(self, target: str) -> Variant:
        """The variant of a target. Raises UsageError with the nearest name."""
        variants = {variant.target: variant for variant in self.manifest.variants}
        if target not in variants:
            hint = nearest(target, set(variants))
            raise UsageError(f"{self.folder}: no variant '{target}'{hint}")
        return variants[target]

    def golden_images(self) -> npt.NDArray[np.uint8]:
        """The golden images, uint8 [count, size, size]."""
        size = self.manifest.preprocess.size
        data = np.fromfile(self.folder / self.manifest.golden.images.path, dtype=np.uint8)
        return data.reshape(-1, size, size)


def read_bundle(folder: Path) -> Bundle:
    """Read and check a bundle. Raises a BundleError that says which file and what is wrong."""
    manifest = read_manifest(folder / MANIFEST)
    listed = list(_files(manifest))
    for file in listed:
        _check_file(folder, file)
    known = {MANIFEST, SUMS} | {file.path for file in listed}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name not in known and not path.is_dir():
            raise ExtraFileError(f"{path} is not named by {MANIFEST}; remove it")
    _check_golden(folder, manifest)
    return Bundle(folder=folder, manifest=manifest)


def read_manifest(path: Path) -> Manifest:
    """Read and check manifest.json alone. Raises ManifestError or SchemaVersionError."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {error.strerror}; is this a bundle?") from None
    except ValueError as error:
        raise ManifestError(f"{path} is no JSON: {error}") from None
    found = values.get("schema_version") if isinstance(values, dict) else None
    if found != SCHEMA_VERSION:
        raise SchemaVersionError(
            f"{path} has schema_version {found!r}, and this ludus reads {SCHEMA_VERSION}; "
            "take a ludus as new as the bundle"
        )
    try:
        return Manifest.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ManifestError(f"{path}: {where}: {first['msg'].lower()}") from None


def choose(bundle: Bundle, device: str | None) -> tuple[Variant, str]:
    """The variant to run and the device to run it on.

    device: a device word, or None for the first variant, in the bundle's order, that this machine
    runs. A named device never falls back. Raises UsageError, or DeviceError with all reasons.
    """
    reasons = []
    for variant in bundle.manifest.variants:
        word = device or variant.driver or "cpu"
        reason = backends.why_not(variant, word)
        if reason is None:
            return variant, word
        reasons.append(f"  {variant.target}: {reason}")
    lines = "\n".join(reasons)
    raise DeviceError(f"no variant of {bundle.folder} runs on '{device or 'auto'}':\n{lines}")


def check_golden_answers(bundle: Bundle, variant: Variant, device: str) -> float:
    """Run the golden images. Returns the largest difference; raises GoldenError if too large."""
    golden = bundle.manifest.golden
    run = backends.load(variant, bundle.folder, device)
    answers = run(normalise(bundle.golden_images(), bundle.manifest.preprocess))
    difference = float(np.abs(answers - np.array(golden.probabilities, dtype=np.float32)).max())
    if not difference <= golden.max_abs_diff:
        raise GoldenError(
            f"{variant.target} on '{device}' differs from the golden answers by {difference:.3g}, "
            f"more than {golden.max_abs_diff:g}"
        )
    return difference


def pack(bundle: Bundle, out: Path) -> Path:
    """Zip a bundle into out/<name>-<version>.zip, with its sha256 beside it; the same bytes each
    time. Returns the zip's path."""
    out.mkdir(parents=True, exist_ok=True)
    manifest = bundle.manifest
    path = out / f"{manifest.name}-{manifest.version}.zip"
    partial = path.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(bundle.folder.rglob("*")):
            if file.is_file():
                name = f"{manifest.name}/{file.relative_to(bundle.folder).as_posix()}"
                entry = zipfile.ZipInfo(name)  # of 1980, so that no time gets in
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, file.read_bytes())
    digest = hashlib.sha256(partial.read_bytes()).hexdigest()
    partial.rename(path)
    path.with_suffix(".zip.sha256").write_text(f"{digest}  {path.name}\n", encoding="utf-8")
    return path


def _files(manifest: Manifest) -> Iterator[File]:
    yield from manifest.files
    yield manifest.golden.images
    for variant in manifest.variants:
        yield from variant.files


def _check_file(folder: Path, file: File) -> None:
    path = folder / file.path
    if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
        raise MissingFileError(f"{path} is missing; {MANIFEST} names it")
    size = path.stat().st_size
    if size != file.bytes:
        raise FileSizeError(f"{path} has {size} bytes, and {MANIFEST} says {file.bytes}")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    if sha256 != file.sha256:
        raise ChecksumError(f"{path} has the sha256 {sha256}, and {MANIFEST} says {file.sha256}")


def _check_golden(folder: Path, manifest: Manifest) -> None:
    """Images, labels and answers must be as many, and answers as wide as there are labels."""
    golden, size = manifest.golden, manifest.preprocess.size
    count, width = len(golden.labels), len(manifest.labels)
    fits = golden.images.bytes == count * size * size and len(golden.probabilities) == count
    if not fits or any(len(row) != width for row in golden.probabilities):
        raise ManifestError(
            f"{folder / MANIFEST}: golden: expected {count} images of {size}x{size} bytes and "
            f"{count} rows of {width} probabilities"
        )
