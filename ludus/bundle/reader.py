"""Reads a bundle, and checks all of it before any byte is returned.

A bundle MUST
- hold manifest.json, which is valid by the schema of its schema_version;
- name no target, label or file twice;
- have one input and one output, of the shapes of preprocessing and labels; only the first dimension
  may be -1;
- have golden inputs and answers of those shapes, and golden labels that exist;
- hold every file that the manifest names, of that length and sha256, inside its folder;
- hold nothing else, except manifest.json and SHA256SUMS, which lists the same sums.

Each violation has its own error in `ludus.core.errors`, a subclass of BundleError.
"""

import hashlib
import json
import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from ludus.bundle.schema import (
    SCHEMA_VERSION,
    UNIONS,
    File,
    Golden,
    GoldenTensors,
    Manifest,
    Network,
    Variant,
)
from ludus.core.errors import (
    ChecksumError,
    ExtraFileError,
    FileSizeError,
    ManifestError,
    MissingFileError,
    SchemaVersionError,
    UsageError,
    nearest,
)
from ludus.core.files import file_fault, write_text
from ludus.core.pictures import Preprocess
from ludus.data.reference_set import ReferenceSet

MANIFEST, SUMS = "manifest.json", "SHA256SUMS"
AGAIN = "copy the bundle again"  # the next step where a file is not as the manifest says
LINE_ENDS = (
    "if Git changed its line ends, say `models/** -text`, of the folder that it is in, in "
    ".gitattributes; copy the bundle again"
)
TEXTS = (".md", ".txt", ".json", ".param")  # files that Git treats as text


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

    def golden(self) -> ReferenceSet:
        """The golden inputs, the answers expected of them, and the labels of drawings."""
        golden, manifest = self.manifest.golden, self.manifest
        if isinstance(golden, GoldenTensors):
            inputs, outputs = (
                np.fromfile(self.folder / file.path, "<f4").reshape(-1, *tensor.shape[1:])
                for file, tensor in (
                    (golden.inputs, manifest.inputs[0]),
                    (golden.outputs, manifest.outputs[0]),
                )
            )
            return ReferenceSet(inputs=inputs, labels=None, reference=outputs)
        images = np.fromfile(self.folder / golden.images.path, dtype=np.uint8)
        return ReferenceSet(
            inputs=images.reshape(len(golden.labels), *manifest.inputs[0].shape[2:]),
            labels=np.array(golden.labels),
            reference=np.array(golden.probabilities, dtype=np.float32),
        )


def read_bundle(folder: Path) -> Bundle:
    """Read and check a bundle. Raises a BundleError that says which file and what is wrong."""
    manifest = read_manifest(folder / MANIFEST)
    _check_shapes(folder / MANIFEST, manifest)
    _check_golden(folder / MANIFEST, manifest)
    listed = list(_files(manifest))
    for file in listed:
        _check_file(folder, file)
    for variant in manifest.variants:
        _check_variant(folder, variant)
    _check_sums(folder / SUMS, listed)
    known = {MANIFEST, SUMS} | {file.path for file in listed}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name not in known and (path.is_symlink() or not path.is_dir()):
            raise ExtraFileError(f"{path} is not named by {MANIFEST}; remove it")
    return Bundle(folder=folder, manifest=manifest)


def read_manifest(path: Path) -> Manifest:
    """Read and check only manifest.json. Raises ManifestError or SchemaVersionError."""
    if fault := file_fault(path):
        what = "is no JSON" if path.is_file() else "cannot be read"
        raise ManifestError(f"{path} {what}: it {fault}; is this a bundle?")
    try:
        text = path.read_text(encoding="utf-8")
        values = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {error.strerror}; is this a bundle?") from None
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{path} is no JSON: {error}; {AGAIN}") from None
    found = values.get("schema_version") if isinstance(values, dict) else None
    if type(found) is not int or found != SCHEMA_VERSION:
        raise SchemaVersionError(
            f"{path} has schema_version {found!r}, and this ludus reads {SCHEMA_VERSION}; "
            "take a ludus as new as the bundle"
        )
    try:
        return Manifest.model_validate(values, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        place = list(first["loc"])
        if place[0] in UNIONS:
            del place[1:2]  # pydantic's name of the union's arm, which is not in the file
        where = ".".join(map(str, place)) or "the file"
        raise ManifestError(f"{path}: {where}: {first['msg'].lower()}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, whose keys must differ."""
    keys = [key for key, _ in pairs]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            raise ValueError(f"the key '{key}' comes twice")
    return dict(pairs)


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number")


def pack(bundle: Bundle, out: Path) -> Path:
    """Zip a bundle into out/<name>-<version>.zip, with its sha256 beside it; the same bytes each
    time. Returns the zip's path. Raises UsageError where out is in the bundle."""
    if out.resolve().is_relative_to(bundle.folder.resolve()):
        raise UsageError(f"{out} is in the bundle, where a zip would be an extra file")
    out.mkdir(parents=True, exist_ok=True)
    manifest = bundle.manifest
    path = out / f"{manifest.name}-{manifest.version}.zip"
    partial = path.with_suffix(".partial")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(bundle.folder.rglob("*")):
                if file.is_file():
                    name = f"{manifest.name}/{file.relative_to(bundle.folder).as_posix()}"
                    entry = zipfile.ZipInfo(name)  # dated 1980, so that the zip holds no times
                    entry.compress_type = zipfile.ZIP_DEFLATED
                    archive.writestr(entry, file.read_bytes())
        digest = hashlib.sha256(partial.read_bytes()).hexdigest()
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    write_text(path.with_suffix(".zip.sha256"), f"{digest}  {path.name}\n")
    return path


def _files(manifest: Manifest) -> Iterator[File]:
    yield from manifest.files
    if isinstance(manifest.golden, Golden):
        yield manifest.golden.images
    else:
        yield from (manifest.golden.inputs, manifest.golden.outputs)
    for variant in manifest.variants:
        yield from variant.files


def _check_file(folder: Path, file: File) -> None:
    path = folder / file.path
    if not path.is_file():
        raise MissingFileError(f"{path} is missing, and {MANIFEST} names it; {AGAIN}")
    if not path.resolve().is_relative_to(folder.resolve()):
        raise MissingFileError(f"{path} is a link that leads out of the bundle")
    size = path.stat().st_size
    if size != file.bytes:
        next_step = LINE_ENDS if size > file.bytes and file.path.endswith(TEXTS) else AGAIN
        if fault := file_fault(path):
            next_step = f"it {fault}"
        raise FileSizeError(
            f"{path} has {size} bytes, and {MANIFEST} says {file.bytes}; {next_step}"
        )
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    if sha256 != file.sha256:
        raise ChecksumError(
            f"{path} has the sha256 {sha256}, and {MANIFEST} says {file.sha256}; {AGAIN}"
        )


def _check_variant(folder: Path, variant: Variant) -> None:
    """Check the variant's own sha256, by which attestations are matched, against its files."""
    together = hashlib.sha256()
    for file in variant.files:
        together.update((folder / file.path).read_bytes())
    if together.hexdigest() != variant.sha256:
        raise ChecksumError(
            f"{folder / MANIFEST}: the files of {variant.target} have the sha256 "
            f"{together.hexdigest()} one after the other, and its own says {variant.sha256}; "
            f"{AGAIN}"
        )


def _check_sums(path: Path, listed: list[File]) -> None:
    """Check SHA256SUMS, which `sha256sum` reads, against the manifest, if it is there."""
    if not path.exists():
        return
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    if sorted(lines) != sorted(f"{file.sha256}  {file.path}" for file in listed):
        raise ChecksumError(f"{path} does not list the sums that {MANIFEST} has; make it again")


def _check_shapes(path: Path, manifest: Manifest) -> None:
    """Check that names differ, and that input and output fit preprocessing and labels."""
    targets = [variant.target for variant in manifest.variants]
    files = [file.path for file in _files(manifest)]
    for kind, names in (("target", targets), ("label", manifest.labels), ("file", files)):
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ManifestError(f"{path}: the {kind} '{twice}' comes twice")
    check_network(path, manifest)


def check_network(path: Path, network: Network) -> None:
    """Raises ManifestError unless input, output, preprocessing and labels of path fit together."""
    for kind, tensors in (("inputs", network.inputs), ("outputs", network.outputs)):
        if len(tensors) != 1:
            raise ManifestError(f"{path}: {kind}: expected one, got {len(tensors)}")
        if -1 in tensors[0].shape[1:]:
            raise ManifestError(
                f"{path}: {kind}.0.shape: expected -1 only in the first place, "
                f"got {tensors[0].shape}"
            )
    how, batch = network.preprocess, network.inputs[0].shape[0]
    if isinstance(how, Preprocess) and how.box > how.size:
        raise ManifestError(
            f"{path}: preprocess.box: expected at most the size, {how.size}, got {how.box}"
        )
    shapes = {"inputs": network.inputs[0].shape, "outputs": network.outputs[0].shape}
    expected = {
        "inputs": [batch, *how.shape] if how else shapes["inputs"],
        "outputs": [batch, *_labelled(shapes["outputs"], len(network.labels))],
    }
    for what, shape in shapes.items():
        if shape != expected[what]:
            raise ManifestError(
                f"{path}: {what}.0.shape: expected {expected[what]}, as preprocess, labels and "
                f"batch say, got {shape}"
            )


def _labelled(shape: list[int], labels: int) -> list[int]:
    """An output's shape without its batch; its last dimension has the number of labels, if any."""
    if labels == 0:
        return shape[1:]
    return [*shape[1:-1], labels]


def _check_golden(path: Path, manifest: Manifest) -> None:
    """Check the number and shapes of golden inputs and answers, and the labels of drawings."""
    golden = manifest.golden
    if isinstance(golden, Golden):
        _check_golden_images(path, manifest, golden)
        return
    sizes = [
        4 * math.prod(tensor.shape[1:]) for tensor in (manifest.inputs[0], manifest.outputs[0])
    ]
    counts = [
        divmod(file.bytes, size)
        for file, size in zip((golden.inputs, golden.outputs), sizes, strict=True)
    ]
    if counts[0] != counts[1] or counts[0][0] == 0 or counts[0][1] != 0:
        raise ManifestError(
            f"{path}: golden: expected as many inputs of {sizes[0]} bytes as outputs of "
            f"{sizes[1]}, at least one; got {golden.inputs.bytes} and {golden.outputs.bytes} bytes"
        )


def _check_golden_images(path: Path, manifest: Manifest, golden: Golden) -> None:
    how = manifest.preprocess
    if not isinstance(how, Preprocess) or len(manifest.outputs[0].shape) != 2:
        raise ManifestError(
            f"{path}: golden: images are of drawings and their labels; expected inputs and outputs"
        )
    if not manifest.labels:
        raise ManifestError(f"{path}: labels: expected some, since golden has labels")
    count, size, width = len(golden.labels), how.size, len(manifest.labels)
    fits = golden.images.bytes == count * size * size and len(golden.probabilities) == count
    if not fits or any(len(row) != width for row in golden.probabilities):
        raise ManifestError(
            f"{path}: golden: expected {count} images of {size}x{size} bytes and "
            f"{count} rows of {width} probabilities"
        )
    if max(golden.labels) >= width:
        raise ManifestError(f"{path}: golden.labels: {max(golden.labels)} is no label of {width}")
