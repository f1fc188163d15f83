import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ludus.core.errors import ConfigError, DataError
from ludus.data.idx import write_idx
from stages import prepare as stage

TRAIN, TEST = 300, 100


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A small MNIST, classes in unequal shares; the first pixels of an image are its number."""
    folder = tmp_path / "raw"
    folder.mkdir()
    random = np.random.default_rng(7)
    for prefix, count in (("train", TRAIN), ("t10k", TEST)):
        images = random.integers(0, 256, (count, 28, 28), np.uint8)
        images[:, 0, 0], images[:, 0, 1] = np.divmod(np.arange(count), 256)
        labels = np.minimum(np.arange(count) % 13, 9).astype(np.uint8)
        write_idx(folder / f"{prefix}-images-idx3-ubyte", images)
        write_idx(folder / f"{prefix}-labels-idx1-ubyte", labels)
    return folder


def run(raw: Path, name: str = "one", validation: int = 50, seed: int = 42) -> Path:
    folder = raw.parent / name
    stage.prepare(raw, folder / "prepared", folder / "report", validation, seed)
    return folder


def load(folder: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    with np.load(folder / "prepared" / f"{split}.npz") as arrays:
        return arrays["images"], arrays["labels"]


def numbers(images: np.ndarray) -> set[int]:
    return {int(image[0, 0]) * 256 + int(image[0, 1]) for image in images}


def test_every_training_image_is_in_train_or_validation_and_in_one_of_them(raw: Path) -> None:
    folder = run(raw)
    train, validation = numbers(load(folder, "train")[0]), numbers(load(folder, "validation")[0])
    assert len(validation) == 50
    assert train | validation == set(range(TRAIN))
    assert not train & validation


def test_the_official_test_images_stay_as_they_are(raw: Path) -> None:
    images, labels = load(run(raw), "test")
    want_images, want_labels = stage.read_split(raw, "t10k")
    assert (images == want_images).all()
    assert (labels == want_labels).all()


def test_images_keep_their_labels(raw: Path) -> None:
    folder = run(raw)
    images, labels = stage.read_split(raw, "train")
    for split in ("train", "validation"):
        got_images, got_labels = load(folder, split)
        for image, label in zip(got_images, got_labels, strict=True):
            number = int(image[0, 0]) * 256 + int(image[0, 1])
            assert label == labels[number]
            assert (image == images[number]).all()


def test_arrays_are_uint8_of_28_by_28(raw: Path) -> None:
    images, labels = load(run(raw), "train")
    assert images.dtype == labels.dtype == np.uint8
    assert images.shape == (TRAIN - 50, 28, 28)


def test_each_class_has_its_share_of_validation_to_within_one_image() -> None:
    labels = np.repeat(np.arange(10, dtype=np.uint8), [1, 2, 3, 30, 31, 32, 33, 100, 200, 1000])
    for count in (10, 99, 700):
        mask = stage.stratified(labels, count, seed=0)
        assert mask.sum() == count
        share = np.bincount(labels, minlength=10) * count / len(labels)
        assert np.abs(np.bincount(labels[mask], minlength=10) - share).max() < 1


def test_the_seed_chooses_and_nothing_else(raw: Path) -> None:
    one, same, other = run(raw, "a"), run(raw, "b"), run(raw, "c", seed=43)
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert [str(path) for path in files] == [
        "prepared/test.npz",
        "prepared/train.npz",
        "prepared/validation.npz",
        "report/classes.csv",
        "report/samples.png",
    ]

    def digest(path: Path) -> str:
        return hashlib.sha256(path.read_bytes()).hexdigest()

    assert [digest(one / path) for path in files] == [digest(same / path) for path in files]
    validation = "prepared/validation.npz"
    assert digest(one / validation) != digest(other / validation)


def test_the_table_of_classes_counts_each_split(raw: Path) -> None:
    folder = run(raw)
    rows = (folder / "report" / "classes.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "class,train,validation,test"
    table = np.array([[int(cell) for cell in row.split(",")] for row in rows[1:]])
    assert table[:, 0].tolist() == list(range(10))
    assert table[:, 1:].sum(axis=0).tolist() == [TRAIN - 50, 50, TEST]
    assert (table[:, 3] == np.bincount(load(folder, "test")[1])).all()


def test_the_overview_is_a_picture_with_a_column_a_class(raw: Path) -> None:
    with Image.open(run(raw) / "report" / "samples.png") as picture:
        pixels = np.asarray(picture)
    assert pixels.shape[1] == 10 * 60 + 4
    assert all(pixels[40:90, 4 + 60 * digit : 60 + 60 * digit].std() > 10 for digit in range(10))


def test_what_stood_there_before_is_replaced(raw: Path) -> None:
    folder = run(raw)
    (folder / "prepared" / "old.npz").touch()
    run(raw)
    assert not (folder / "prepared" / "old.npz").exists()


def test_no_more_than_half_of_the_images_can_be_validation(raw: Path) -> None:
    run(raw, validation=150)
    with pytest.raises(ConfigError, match=r"data\.validation is 151 of 300 images; .* half, 150"):
        run(raw, validation=151)


def spoil(raw: Path, name: str, array: np.ndarray) -> Path:
    write_idx(raw / name, array)
    return raw


IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        (IMAGES, np.zeros((300, 28, 27), np.uint8), "an array of 300 x 28 x 27, expected"),
        (IMAGES, np.zeros(300, np.uint8), "an array of 300, expected images of 28 x 28"),
        (IMAGES, np.zeros((299, 28, 28), np.uint8), "299 images, but .* 300 labels"),
        (LABELS, np.zeros((300, 1), np.uint8), "an array of 2 dimensions, expected a list"),
        (LABELS, np.full(300, 10, np.uint8), "label 10 at 0, expected 0 to 9"),
    ],
)
def test_arrays_that_are_not_mnist_are_refused_with_the_next_step(
    raw: Path, name: str, array: np.ndarray, message: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        run(spoil(raw, name, array))
    assert f"next step: rm -f {raw / name} && dvc repro download" in str(caught.value)
    assert not (raw.parent / "one").exists()


def test_files_without_images_are_refused(raw: Path) -> None:
    write_idx(raw / IMAGES, np.zeros((0, 28, 28), np.uint8))
    with pytest.raises(DataError, match="labels-idx1-ubyte is empty"):
        run(spoil(raw, LABELS, np.zeros(0, np.uint8)))


@pytest.mark.parametrize("name", [IMAGES, LABELS, "t10k-images-idx3-ubyte"])
def test_a_truncated_file_is_refused_with_the_next_step(raw: Path, name: str) -> None:
    path = raw / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=rf"{name} has .* bytes; expected .*\nnext step: rm -f"):
        run(raw)


def test_a_full_disk_leaves_what_was_there_and_nothing_half_written(
    raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run(raw)
    before = (folder / "prepared" / "train.npz").read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stage.np, "savez", full)
    with pytest.raises(DataError, match="no space left on the disk; expected 60 MB free"):
        run(raw, seed=43)
    assert (folder / "prepared" / "train.npz").read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ["prepared", "report"]
