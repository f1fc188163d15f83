from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from ludus.bundle.preprocessing import load_image, normalise, preprocess
from ludus.core.errors import ImageError
from ludus.core.pictures import Preprocess

DRAWINGS = Path(__file__).parents[1] / "golden" / "drawings"
HOW = Preprocess(
    size=28, box=20, layout="NCHW", scale=1 / 255, mean=0, invert="auto", centre="mass"
)


def how(**changes: object) -> Preprocess:
    return HOW.model_copy(update=changes)


@pytest.fixture(params=range(10))
def digit(request: pytest.FixtureRequest) -> np.ndarray:
    """A test image of MNIST, uint8 [28, 28], light on dark."""
    return np.asarray(Image.open(DRAWINGS / f"{request.param}.png"))


def four() -> np.ndarray:
    return np.asarray(Image.open(DRAWINGS / "4.png"))


def levels(image: Image.Image, **changes: object) -> np.ndarray:
    """What comes of image, as grey levels [28, 28]."""
    return preprocess(image, how(**changes))[0] * 255


def coloured(digit: np.ndarray, ink: tuple[int, ...], paper: tuple[int, ...]) -> Image.Image:
    share = digit[..., None] / 255
    return Image.fromarray((share * ink + (1 - share) * paper).round().astype(np.uint8))


def difference(image: Image.Image, digit: np.ndarray) -> float:
    """The mean difference from an MNIST image that is as bright as can be, grey levels."""
    return float(np.abs(levels(image) - digit * (255 / digit.max())).mean())


# An MNIST image stays what it is, whatever it is drawn on


def test_an_mnist_image_stays_what_it_is(digit: np.ndarray) -> None:
    assert difference(Image.fromarray(digit), digit) < 1e-4


def test_dark_on_light_becomes_light_on_dark(digit: np.ndarray) -> None:
    assert difference(Image.fromarray(255 - digit), digit) < 1e-4


def test_a_margin_changes_nothing(digit: np.ndarray) -> None:
    canvas = np.zeros((90, 60), np.uint8)
    canvas[50:78, 3:31] = digit
    assert difference(Image.fromarray(canvas), digit) < 1e-4


def test_a_picture_cut_to_the_drawing_changes_nothing(digit: np.ndarray) -> None:
    rows, columns = np.flatnonzero(digit.any(1)), np.flatnonzero(digit.any(0))
    cut = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert difference(Image.fromarray(255 - cut), digit) < 1e-4


def test_enlarging_by_whole_pixels_changes_nothing(digit: np.ndarray) -> None:
    canvas = np.zeros((280, 280), np.uint8)
    canvas[20:216, 60:256] = digit.repeat(7, 0).repeat(7, 1)
    assert difference(Image.fromarray(canvas), digit) < 1e-4


def test_a_large_picture_is_the_mean_of_its_blocks(digit: np.ndarray) -> None:
    canvas = digit.repeat(40, 0).repeat(40, 1)  # 1120 pixels: blocks of 3
    assert difference(Image.fromarray(canvas), digit) < 3


def test_a_smooth_enlargement_stays_near(digit: np.ndarray) -> None:
    canvas = Image.new("L", (280, 280), 255)
    canvas.paste(Image.fromarray(255 - digit).resize((160, 160), Image.Resampling.BICUBIC), (9, 90))
    assert difference(canvas, digit) < 16


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I"])
def test_pictures_of_every_mode_are_read(mode: str) -> None:
    digit = np.where(four() > 127, 255, 0).astype(np.uint8)
    image = Image.fromarray(digit).convert(mode)
    if mode == "I":
        image = image.point(lambda level: level * 257)
    assert difference(image, digit) < 1


def test_sixteen_bits_are_scaled_to_eight() -> None:
    assert difference(Image.fromarray(four().astype(np.uint16) * 257), four()) < 1e-4


def test_floating_point_levels_are_taken_as_they_are() -> None:
    assert difference(Image.fromarray(four().astype(np.float32)), four()) < 1e-4


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ((20, 30, 160), (255, 240, 120)),
        ((255, 240, 120), (20, 30, 160)),
        ((200, 200, 200), (255, 255, 255)),  # pale
        ((255, 0, 0), (255, 255, 255)),
        ((255, 255, 0), (0, 0, 0)),
    ],
)
def test_colours_do_not_matter(ink: tuple[int, ...], paper: tuple[int, ...]) -> None:
    assert difference(coloured(four(), ink, paper), four()) < 1


@pytest.mark.parametrize("ink", [0, 255])
def test_ink_on_nothing_is_laid_on_what_makes_it_visible(ink: int) -> None:
    plain = Image.new("L", (28, 28), ink)
    image = Image.merge("RGBA", [plain, plain, plain, Image.fromarray(four())])
    assert difference(image, four()) < 1e-4


def test_a_transparent_palette_colour_counts_as_transparent() -> None:
    image = Image.fromarray(np.where(four() > 127, 1, 0).astype(np.uint8), "L")
    image.putpalette([0, 0, 0, 10, 10, 10])  # black and nearly black
    image.info["transparency"] = 0
    assert difference(image, np.where(four() > 127, 255, 0)) < 1e-4


def test_grey_is_the_luma_of_bt_601() -> None:
    """Two strokes, red and white on black: their ratio is red's share of the luma."""
    image = Image.new("RGB", (40, 40))
    ImageDraw.Draw(image).rectangle((10, 10, 14, 29), fill=(255, 0, 0))
    ImageDraw.Draw(image).rectangle((25, 10, 29, 29), fill=(255, 255, 255))
    values = np.unique(levels(image).round())
    assert values.tolist() == [0, 76, 255]


# Paper, noise, specks


def test_the_shade_and_grain_of_paper_vanish() -> None:
    random = np.random.default_rng(0)
    paper = 240 - np.add.outer(np.linspace(0, 25, 280), np.linspace(0, 25, 280))
    ink = np.zeros((280, 280))
    ink[60:228, 50:218] = four().repeat(6, 0).repeat(6, 1)
    photo = (paper - 0.7 * ink + random.normal(0, 6, ink.shape)).clip(0, 255).astype(np.uint8)
    assert difference(Image.fromarray(photo), four()) < 16
    assert levels(Image.fromarray(photo))[:3].max() < 1


def test_a_speck_does_not_widen_the_drawings_box() -> None:
    canvas = np.zeros((280, 280), np.uint8)
    canvas[60:228, 50:218] = four().repeat(6, 0).repeat(6, 1)
    canvas[4, 270] = 120
    assert difference(Image.fromarray(canvas), four()) < 0.1


# Size and place


@settings(max_examples=60)
@given(st.tuples(*[st.integers(2, 200)] * 4), st.integers(20, 255))
def test_any_rectangle_fills_the_box_and_stays_in_the_image(
    sizes: tuple[int, int, int, int], ink: int
) -> None:
    height, width, above, left = sizes
    canvas = np.zeros((height + above + 5, width + left + 5), np.uint8)
    canvas[above : above + height, left : left + width] = ink
    got = preprocess(Image.fromarray(canvas), HOW)
    assert got.shape == (1, 28, 28)
    assert got.dtype == np.float32
    assert got.min() >= 0
    assert got.max() == pytest.approx(1)
    zoom = 20 / max(height, width)
    if min(height, width) * zoom >= 2:  # then some pixel is inside, and none was made brighter
        assert got.sum() == pytest.approx(height * width * zoom**2, rel=0.01)
    inked = got[0] > 1e-6  # less is the rounding of a box that fits exactly
    assert max(np.ptp(np.flatnonzero(inked.any(axis))) + 1 for axis in (0, 1)) == 20


def test_the_centre_of_mass_comes_to_the_middle() -> None:
    canvas = np.zeros((60, 60), np.uint8)
    canvas[10:50, 10:20] = 255
    canvas[40:50, 10:40] = 255  # an L: its mass is low and to the left
    got = levels(Image.fromarray(canvas))
    index = np.arange(28)
    assert (got.sum(1) @ index / got.sum()).round() == 14
    assert (got.sum(0) @ index / got.sum()).round() == 14
    boxed = levels(Image.fromarray(canvas), centre="box")
    assert np.flatnonzero(boxed.any(1)).tolist() == list(range(4, 24))


@pytest.mark.parametrize("turned", [False, True])
def test_a_drawing_heavy_at_one_end_is_not_cut_off(turned: bool) -> None:
    canvas = np.zeros((120, 60), np.uint8)
    canvas[10:20, 10:50] = 255
    canvas[20:110, 10:13] = 60  # a pale tail: the mass is at the top
    got = levels(Image.fromarray(np.flipud(canvas) if turned else canvas), box=26)
    first = 0 if turned else 2
    assert np.flatnonzero(got.any(1)).tolist() == list(range(first, first + 26))


@pytest.mark.parametrize("alpha", [160, 255])
def test_a_drawing_between_two_places_comes_to_the_same_one_at_every_size(alpha: int) -> None:
    """Sums of float64 fall short of the half pixel at 147, 281 and 294, and where alpha is."""
    for side in range(2, 300):
        canvas = np.zeros((side + 2, side + 2, 4), np.uint8)
        canvas[1:-1, 1:-1, :3] = 255
        canvas[..., 3] = alpha
        inked = preprocess(Image.fromarray(canvas), HOW)[0].max(1) > 1e-6
        assert np.flatnonzero(inked).tolist() == list(range(5, 25)), f"{side} pixels"


def test_an_image_of_another_size_and_box_is_made() -> None:
    got = preprocess(Image.fromarray(four()), how(size=64, box=50))
    assert got.shape == (1, 64, 64)
    assert np.flatnonzero(got[0].any(1)).size == 50


def test_scale_and_mean_come_last() -> None:
    want = preprocess(Image.fromarray(four()), HOW)
    got = preprocess(Image.fromarray(four()), how(scale=2 / 255, mean=1))
    assert got == pytest.approx(2 * want - 1, abs=1e-6)


def test_without_inversion_dark_on_light_shows_nothing() -> None:
    with pytest.raises(ImageError, match="shows nothing"):
        preprocess(Image.fromarray(255 - four()), how(invert="never"))
    assert levels(Image.fromarray(four()), invert="never").max() == pytest.approx(255)


def test_normalising_keeps_the_pixels_of_a_batch() -> None:
    got = normalise(np.stack([four(), four()]), how(scale=0.5, mean=3))
    assert got.shape == (2, 1, 28, 28)
    assert got.dtype == np.float32
    assert (got[1, 0] == four() * 0.5 - 3).all()


# Pictures that show nothing, files that are no pictures


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (28, 28), (1000, 3)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_uniform_picture_shows_nothing(size: tuple[int, int], level: int) -> None:
    with pytest.raises(ImageError, match="shows nothing: its levels differ by 0 of 255"):
        preprocess(Image.new("L", size, level), HOW)


def test_paper_without_a_drawing_shows_nothing() -> None:
    paper = np.random.default_rng(0).integers(235, 245, (50, 50)).astype(np.uint8)
    with pytest.raises(ImageError, match="expected at least 16"):
        preprocess(Image.fromarray(paper), HOW)


def test_a_transparent_picture_shows_nothing() -> None:
    with pytest.raises(ImageError, match="all of it is transparent"):
        preprocess(Image.new("RGBA", (28, 28)), HOW)


def test_a_single_speck_shows_nothing() -> None:
    canvas = np.zeros((512, 512), np.uint8)
    canvas[100, 100] = 255
    with pytest.raises(
        ImageError, match=r"a speck: any line of 512 pixels .* 1.00 of ink, .* 1.02"
    ):
        preprocess(Image.fromarray(canvas), HOW)


def test_a_picture_is_loaded() -> None:
    assert (np.asarray(load_image(DRAWINGS / "4.png")) == four()).all()


def test_a_photograph_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by 90 degrees clockwise
    Image.fromarray(four()).save(tmp_path / "photo.png", exif=exif)
    got = np.asarray(load_image(tmp_path / "photo.png"))
    assert (got == np.rot90(four(), -1)).all()


def test_a_file_that_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "letter.png").write_text("no picture")
    with pytest.raises(ImageError, match=r"letter.png is no picture; expected PNG"):
        load_image(tmp_path / "letter.png")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"gone.png is missing"):
        load_image(tmp_path / "gone.png")


def test_a_folder_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="is a folder; expected a file"):
        load_image(tmp_path)


@pytest.mark.parametrize("kind", ["png", "jpg", "bmp", "gif", "webp", "tif"])
def test_a_truncated_picture_is_named(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"half.{kind}"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ImageError, match=rf"half\.{kind} (cannot be read as a|is no) picture"):
        load_image(path)


@pytest.mark.parametrize("limit", [500, 300])  # Pillow warns up to twice its limit, then refuses
def test_a_picture_too_large_for_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    Image.fromarray(four()).save(tmp_path / "huge.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(ImageError, match=r"huge\.png is too large; expected at most"):
        load_image(tmp_path / "huge.png")
