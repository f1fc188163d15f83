"""Photos: the vectors that every program follows, Pillow's own resizing, and what is refused."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from ludus.bundle.preprocessing import load_image, preprocess
from ludus.core.errors import ImageError
from ludus.core.pictures import Photo
from support.paths import GOLDEN

PHOTOS = GOLDEN / "photos"
CASES: list[dict[str, Any]] = json.loads((PHOTOS / "cases.json").read_text())
PLAIN = {"kind": "photo", "fit": "stretch", "channels": "RGB", "layout": "NHWC", "scale": 1.0}
PLAIN |= {"mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0]}


def photo(height: int, width: int, **changes: Any) -> Photo:
    return Photo.model_validate({**PLAIN, "height": height, "width": width, **changes})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_photo_becomes_what_the_vectors_say(case: dict[str, Any]) -> None:
    how = Photo.model_validate(case["preprocess"])
    found = preprocess(load_image(PHOTOS / case["picture"]), how)
    expected = np.fromfile(PHOTOS / case["expected"], "<f4").reshape(case["shape"])
    assert list(found.shape) == how.shape == case["shape"]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_the_vectors_are_made_again_as_they_are(tmp_path: Path) -> None:
    subprocess.run([sys.executable, GOLDEN / "make_photos.py", tmp_path], check=True)
    assert (tmp_path / "cases.json").read_bytes() == (PHOTOS / "cases.json").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in PHOTOS.iterdir()}


@pytest.mark.parametrize("size", [(48, 192), (7, 90), (90, 7), (30, 40), (3, 3), (1, 1)])
def test_resizing_is_pillows_of_float_pictures(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (30, 40), dtype=np.uint8)
    found = preprocess(Image.fromarray(pixels).convert("RGB"), photo(*size))
    pillows = Image.fromarray(pixels.astype(np.float32)).resize(
        size[::-1], Image.Resampling.BILINEAR
    )
    for channel in range(3):
        np.testing.assert_allclose(found[..., channel], np.asarray(pillows), rtol=0, atol=1e-4)


def test_what_is_see_through_lies_on_white() -> None:
    clear = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    clear.putpixel((0, 0), (10, 20, 30, 255))
    assert preprocess(clear, photo(1, 2)).tolist() == [[[10, 20, 30], [255, 255, 255]]]


def test_a_grey_picture_of_16_bits_is_divided_by_257() -> None:
    deep = Image.fromarray(np.array([[0, 65535, 257 * 100]], dtype=np.uint16))
    assert preprocess(deep, photo(1, 3))[0, :, 1].tolist() == [0, 255, 100]


def test_a_picture_that_is_all_see_through_shows_nothing() -> None:
    with pytest.raises(ImageError, match="all of it is transparent"):
        preprocess(Image.new("RGBA", (3, 3)), photo(3, 3))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mean": [0.0]}, "mean should have 3 values"),
        ({"std": [1.0, 1.0]}, "std should have 3 values"),
        ({"channels": "grey"}, "mean should have 1 values"),
        ({"std": [1.0, 0.0, 1.0]}, "std"),
        ({"layout": "CHW"}, "layout"),
        ({"fit": "letterbox"}, "fit"),
        ({"width": 0}, "width"),
        ({"kind": "drawing"}, "kind"),
    ],
)
def test_a_photo_that_is_described_wrongly_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        photo(3, **{"width": 3, **changes})
