"""Split MNIST for good: the official test images stay test, some of the others become validation.

Reads:   data/raw/{train,t10k}-{images-idx3,labels-idx1}-ubyte, params.yaml `data`
Writes:  data/prepared/{train,validation,test}.npz  images uint8 [N, 28, 28], labels uint8 [N]
         artifacts/data/samples.png                 some images of each class and split
         artifacts/data/classes.csv                 images of each class in each split
Command: python -m stages.prepare

The same files and params give the same bytes. Each folder is written beside its place and renamed.
"""

import csv
import errno
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from ludus.config.elsewhere import made_elsewhere
from ludus.config.params import load_params
from ludus.core.errors import ConfigError, DataError
from ludus.core.files import replaced_folder
from ludus.core.program import arguments_of, run_stage
from ludus.data.idx import read_idx

SIZE = 28  # pixels, height and width
CLASSES = 10

Bytes = npt.NDArray[np.uint8]
Split = tuple[Bytes, Bytes]  # images [N, 28, 28], labels [N]


def prepare(raw: Path, prepared: Path, report: Path, validation: int, seed: int) -> None:
    """Write the three splits and what the report shows of them. Raises DataError, ConfigError."""
    images, labels = read_split(raw, "train")
    held_out = stratified(labels, validation, seed)
    splits = {
        "train": (images[~held_out], labels[~held_out]),
        "validation": (images[held_out], labels[held_out]),
        "test": read_split(raw, "t10k"),
    }
    try:
        with replaced_folder(prepared) as folder:
            for name, (split_images, split_labels) in splits.items():
                np.savez(folder / f"{name}.npz", images=split_images, labels=split_labels)
        with replaced_folder(report) as folder:
            _write_classes(folder / "classes.csv", splits)
            _draw_samples(splits).save(folder / "samples.png", optimize=True)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DataError(
            f"{prepared}: no space left on the disk; expected 60 MB free\n"
            "next step: free some and run this again"
        ) from None


def read_split(raw: Path, prefix: str) -> Split:
    """The images and labels of raw/{prefix}-*-ubyte, checked. Raises DataError."""
    images_path, labels_path = (
        raw / f"{prefix}-images-idx3-ubyte",
        raw / f"{prefix}-labels-idx1-ubyte",
    )
    images, labels = _read(images_path), _read(labels_path)
    if images.shape[1:] != (SIZE, SIZE):
        shape = " x ".join(map(str, images.shape))
        raise _bad(images_path, f"holds an array of {shape}, expected images of {SIZE} x {SIZE}")
    if labels.ndim != 1:
        raise _bad(labels_path, f"holds an array of {labels.ndim} dimensions, expected a list")
    if len(images) != len(labels):
        raise _bad(
            images_path, f"has {len(images):,} images, but {labels_path} {len(labels):,} labels"
        )
    if len(labels) == 0:
        raise _bad(labels_path, "is empty, expected at least one label")
    if labels.max() >= CLASSES:
        first = int(np.argmax(labels >= CLASSES))
        raise _bad(
            labels_path, f"has label {labels[first]} at {first}, expected 0 to {CLASSES - 1}"
        )
    return images, labels


def stratified(labels: Bytes, count: int, seed: int) -> npt.NDArray[np.bool_]:
    """A mask [N] of count images, each class in the share that it has in labels.

    Shares are rounded down; the largest remainders get what is left (Hamilton's method). Raises
    ConfigError where less than half of the images would be left to train on.
    """
    if 2 * count > len(labels):
        raise ConfigError(
            f"params.yaml: data.validation is {count:,} of {len(labels):,} images; "
            f"expected at most half, {len(labels) // 2:,}"
        )
    totals = np.bincount(labels, minlength=CLASSES)
    quotas, remainders = np.divmod(totals * count, len(labels))
    quotas[np.argsort(-remainders, kind="stable")[: count - quotas.sum()]] += 1
    chosen = np.zeros(len(labels), np.bool_)
    random = np.random.default_rng(seed)
    for digit, quota in enumerate(quotas):
        chosen[random.permutation(np.flatnonzero(labels == digit))[:quota]] = True
    return chosen


def _read(path: Path) -> Bytes:
    try:
        return read_idx(path)
    except DataError as error:
        raise DataError(f"{error}{_next_step(path)}") from None


def _bad(path: Path, what: str) -> DataError:
    return DataError(f"{path} {what}{_next_step(path)}")


def _next_step(path: Path) -> str:
    return f"\nnext step: rm -f {path} && dvc repro download"


def _write_classes(path: Path, splits: dict[str, Split]) -> None:
    """A row a class, a column a split."""
    counts = [np.bincount(labels, minlength=CLASSES) for _, labels in splits.values()]
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["class", *splits])
        table.writerows([digit, *row] for digit, row in enumerate(np.transpose(counts)))


def _draw_samples(splits: dict[str, Split], rows: int = 4, zoom: int = 2) -> Image.Image:
    """The first images of each class: a band a split, a column a class."""
    tile, gap, head = SIZE * zoom, 4, 34  # pixels
    band = head + rows * (tile + gap)
    canvas = Image.new("L", (CLASSES * (tile + gap) + gap, len(splits) * band + gap), 24)
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(18)
    for index, (name, (images, labels)) in enumerate(splits.items()):
        draw.text((gap + 2, index * band + 6), f"{name}: {len(labels):,} images", 235, font)
        for digit in range(CLASSES):
            for row, image in enumerate(images[labels == digit][:rows]):
                picture = Image.fromarray(image).resize((tile, tile), Image.Resampling.BICUBIC)
                place = (gap + digit * (tile + gap), index * band + head + row * (tile + gap))
                canvas.paste(picture, place)
    return canvas


def main() -> None:
    arguments = arguments_of(
        __doc__,
        raw="data/raw",
        prepared="data/prepared",
        report="artifacts/data",
        params="params.yaml",
    ).parse_args()
    params = load_params(arguments.params)
    splits = [arguments.prepared / f"{name}.npz" for name in ("train", "validation", "test")]
    if not made_elsewhere(params.model, arguments.report, *splits):
        given = params.data.validation, params.data.seed
        prepare(arguments.raw, arguments.prepared, arguments.report, *given)


if __name__ == "__main__":
    run_stage(main)
