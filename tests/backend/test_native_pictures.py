"""The native runtime makes of any picture what ludus/bundle/preprocessing.py makes of it."""

import math
import shutil
import struct
import subprocess
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from ludus.bundle.preprocessing import preprocess
from ludus.core.errors import ImageError
from ludus.core.pictures import Photo, Picture, Preprocess
from support.needed import absent
from support.paths import ROOT

RUNTIME = ROOT / "native" / "runtime"
DRAWINGS = sorted((ROOT / "tests" / "golden" / "drawings").glob("*.png"))
HOW = Preprocess(
    size=28, box=20, layout="NCHW", scale=1 / 255, mean=0.0, invert="auto", centre="mass"
)
PHOTO = Photo(
    kind="photo",
    height=48,
    width=64,
    fit="stretch",
    channels="RGB",
    layout="NCHW",
    scale=1 / 255,
    mean=[0.485, 0.456, 0.406],
    std=[0.229, 0.224, 0.225],
)
GREY = {"channels": "grey", "mean": [0.5], "std": [0.25]}
HOWS: dict[str, Picture] = {
    "as for MNIST": HOW,
    "without inversion": HOW.model_copy(update={"invert": "never"}),
    "by the box's middle": HOW.model_copy(update={"centre": "box"}),
    "to another size": HOW.model_copy(update={"size": 65, "box": 65}),
    "to a single pixel": HOW.model_copy(update={"size": 1, "box": 1}),
    "to another range": HOW.model_copy(update={"scale": 2 / 255, "mean": 1.0}),
    "as a photo": PHOTO,
    "as a photo, cropped": PHOTO.model_copy(update={"fit": "crop"}),
    "as a grey photo": PHOTO.model_copy(update={"fit": "crop", "height": 200, **GREY}),
    "as a photo, blue first": PHOTO.model_copy(update={"channels": "BGR", "layout": "NHWC"}),
    "as a photo of a pixel": PHOTO.model_copy(update={"height": 1, "width": 1}),
}
LARGEST_DIFFERENCE = 1e-5  # a float32 has 24 bits

Pixels = npt.NDArray[np.uint8]
Answer = npt.NDArray[np.float32] | str


@pytest.fixture(scope="module")
def program() -> list[str]:
    """The command that runs native/runtime/examples/preprocess.rs, which is built."""
    if shutil.which("cargo") is None:
        absent("cargo", "cargo is not installed, and builds the runtime")
    # Without IREE, which takes minutes to build.
    example = ["--locked", "--release", "--quiet", "--no-default-features", "--example=preprocess"]
    subprocess.run(["cargo", "build", *example], cwd=RUNTIME, check=True)
    return ["cargo", "run", *example, "--"]


@pytest.mark.parametrize("how", HOWS.values(), ids=HOWS)
def test_the_runtime_makes_the_same_input_of_every_picture(
    how: Picture, program: list[str]
) -> None:
    pictures = dict(_pictures())
    here = [_answer(pixels, how) for pixels in pictures.values()]
    there = _answers(program, list(pictures.values()), how)
    found = dict(zip(pictures, map(_difference, here, there), strict=True))
    worst = max(found, key=lambda name: found[name])
    inputs = sum(isinstance(answer, np.ndarray) for answer in here)
    print(f"{inputs} of {len(here)} show something; most different is {worst}: {found[worst]}")
    assert {name: of for name, of in found.items() if of > LARGEST_DIFFERENCE} == {}
    assert 0 < inputs < len(here)


def _answer(pixels: Pixels, how: Picture) -> Answer:
    try:
        return preprocess(Image.fromarray(pixels), how).ravel()
    except ImageError as error:
        return str(error)


def _answers(program: list[str], pictures: list[Pixels], how: Picture) -> list[Answer]:
    command = [*program, how.model_dump_json()]
    sent = b"".join(_sizes(pixels) + pixels.tobytes() for pixels in pictures)
    ran = subprocess.run(command, cwd=RUNTIME, input=sent, stdout=subprocess.PIPE, check=True)
    answers: list[Answer] = []
    start = 0
    while start < len(ran.stdout):
        good, length = struct.unpack_from("<?I", ran.stdout, start)
        start += 5 + length
        answer = ran.stdout[start - length : start]
        answers.append(np.frombuffer(answer, "<f4") if good else answer.decode())
    return answers


def _sizes(pixels: Pixels) -> bytes:
    height, width, _ = pixels.shape
    return struct.pack("<II", width, height)


def _difference(here: Answer, there: Answer) -> float:
    if isinstance(here, str) or isinstance(there, str):
        return 0.0 if str(here) == str(there) else math.inf
    return float(np.abs(here - there).max()) if here.shape == there.shape else math.inf


# Pictures, by what is hard about them


def _pictures() -> Iterator[tuple[str, Pixels]]:
    random = np.random.default_rng(0)
    for path in DRAWINGS:
        with Image.open(path) as image:
            digit = np.asarray(image)
        yield f"drawing {path.stem}", _grey(digit)
        yield f"drawing {path.stem}, dark on light", _grey(255 - digit)
        yield f"drawing {path.stem}, on nothing", _laid(digit, alpha=digit)
    for index in range(100):
        yield f"scribble {index}", _scribble(random, *random.integers(8, 300, 2))
    for side in (512, 513, 1024, 1025, 1537, 3000):  # the means of blocks of 1 to 6
        yield f"scribble of {side} pixels", _scribble(random, side, 200)
        yield f"square of {side} pixels, pale", _rectangle(side, side - 60, alpha=77)
    yield "scribble of blocks of 9", _scribble(random, 650, 4300)
    for height, width in random.integers(1, 60, (40, 2)):
        noise = random.integers(0, 256, (height, width, 4), np.uint8)
        yield f"noise of {width} x {height}", noise
    for index in range(20):
        dark = random.integers(1, 128, (20, 10), np.uint8)
        alpha = random.integers(0, 256, (20, 10), np.uint8)
        light = np.negative(dark)  # 256 - dark
        pixels = _laid(np.hstack([dark, light]), np.hstack([alpha, alpha]))
        yield f"as dark as light {index}", pixels[:, random.permutation(20)]
    for height, width in [
        (1, 1),
        (1, 2),
        (2, 1),
        (1, 7),
        (9, 1),
        (2, 2),
        (3, 3),
        (1, 999),
        (999, 1),
    ]:
        for level in (0, 15, 16, 17, 255):
            levels = np.zeros((height, width), np.uint8)
            levels[height // 2, width // 2] = level
            yield f"a pixel of {level} in {width} x {height}", _grey(levels)
    for length in (10, 49, 98, 147, 281, 294):  # comes to the middle between two places
        for alpha in (77, 160, 255):
            yield f"rectangle of {length}, alpha {alpha}", _rectangle(300, length, alpha)
    for alpha in (0, 1, 127, 254):
        noise = random.integers(0, 256, (20, 20), np.uint8)
        yield f"alpha {alpha} all over", _laid(noise, np.full_like(noise, alpha))
    for level in (25, 26, 199, 200, 201):  # with the square's 200: at the thresholds of step 5
        levels = _rectangle(300, 100, alpha=255)
        levels[250, 250 : 250 + (30 if level < 100 else 1), :3] = level - 5, level, level + 5
        yield f"square and a spot of {level}", levels
    halves = _rectangle(60, 20, alpha=255)
    halves[30:50, 30:40] = np.negative(halves[3:23, 5:15])
    yield "as much dark as light", halves
    yield "speck", _rectangle(512, 1, alpha=255)


def _grey(levels: Pixels) -> Pixels:
    return _laid(levels, np.full_like(levels, 255))


def _laid(levels: Pixels, alpha: Pixels) -> Pixels:
    return np.stack([levels, levels, levels, alpha], axis=-1)


def _rectangle(side: int, length: int, alpha: int) -> Pixels:
    levels = np.zeros((side, side), np.uint8)
    levels[3 : 3 + length, 5 : 5 + (length + 1) // 2] = 200
    return _laid(levels, np.full_like(levels, alpha))


def _scribble(random: np.random.Generator, height: int, width: int) -> Pixels:
    """Lines of any colour and width on paper of any colour, grain and transparency."""
    ink, paper = (tuple(colour) for colour in random.integers(0, 256, (2, 4)).tolist())
    image = Image.new("RGBA", (width, height), paper)
    points = [tuple(point) for point in random.integers(0, (width, height), (5, 2)).tolist()]
    thickness = int(random.integers(1, max(2, min(width, height) // 6)))
    ImageDraw.Draw(image).line(points, ink, thickness)
    grain = random.integers(0, random.choice([1, 4, 13, 60]), (height, width, 4))
    pixels = np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8)
    return pixels if random.random() < 0.5 else _opaque(pixels)


def _opaque(pixels: Pixels) -> Pixels:
    return np.where([False, False, False, True], np.uint8(255), pixels)
