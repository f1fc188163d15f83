"""From any picture of a drawing to the network's input, as the manifest's `preprocess` says.

Every program that follows a bundle does these steps, in float64 but for the last one:

1. Grey, 0..255: (19595 R + 38470 G + 7471 B + 32768) >> 16, the luma of ITU-R BT.601 in fixed
   point as Pillow rounds it. A picture of 16 bits is divided by 257. Where there is alpha, the
   picture is laid on white if the mean of grey weighted by alpha is below 128, else on black.
2. Pictures with a side over 512 pixels become the means of k x k blocks, k = ceil(longest / 512);
   the remainder at the right and at the bottom is dropped.
3. The background b is the median of the outermost ring of pixels, its noise n the median of
   |grey - b| there. (Median: of m sorted values the one at index m // 2.)
4. The drawing is grey - b. With `invert: auto` it is b - grey if the sum of squares of what is
   darker than b is the larger. Negative values become 0; with p the largest, so do those that
   are at most min(6 n, p / 2).  6 n is four standard deviations of normal noise.
5. The drawing's box reaches from the first to the last row, and column, in which the pixels above
   p / 10 add up to more than p * length / 500, so that neither blur nor a speck widens it.
6. Scale s = box / the longer side of the drawing's box. With c the drawing's centre (its centre
   of mass, a pixel i being at i + 0.5, or for `centre: box` the box's middle), the box's first
   edge f comes to round_half_up((size + 1) / 2 - s (c - f)), clamped so that the box stays in the
   image; `centre: box` has size / 2 in place of (size + 1) / 2. The half pixel is MNIST's own:
   there the mean of pixel indices, rounded, is 14. So an MNIST image stays what it is. What is
   short of a half by less than 1e-9 is a half: the centre of anything symmetric is, and machines
   differ in how they round sums.
7. An output pixel is the mean of the drawing over the square of side 1 / s that it covers, each
   pixel weighted by the area covered, 0 outside the picture.
8. Divided by the largest value and times 255, so that pale ink counts as much as black.
9. As float32, times `scale`, minus `mean`.
"""

import math
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from ludus.errors import ImageError
from ludus.manifest import Preprocess

LARGEST_SIDE = 512  # pixels
LEAST_CONTRAST = 16.0  # grey levels between background and drawing, of 255

TIE = 1e-9  # pixels

Plane = npt.NDArray[np.float64]


def load_image(path: Path) -> Image.Image:
    """The picture in a file, turned upright as its camera says. Raises ImageError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                image.load()
                return ImageOps.exif_transpose(image)
    except UnidentifiedImageError:
        raise ImageError(
            f"{path} is no picture; expected PNG, JPEG, BMP, WebP or the like"
        ) from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        limit = (Image.MAX_IMAGE_PIXELS or 0) // 10**6
        raise ImageError(f"{path} is too large; expected at most {limit} million pixels") from None
    except (OSError, SyntaxError, ValueError) as error:  # SyntaxError: Pillow's for a broken PNG
        reason = getattr(error, "strerror", None) or error
        raise ImageError(f"{path} cannot be read as a picture: {reason}") from None


def preprocess(image: Image.Image, how: Preprocess) -> npt.NDArray[np.float32]:
    """The network's input, float32 [1, size, size], light on dark. Raises ImageError.

    image: of any mode and size, dark on light or light on dark; see the module's text.
    """
    drawing = _drawing(_shrunk(_grey(image)), how.invert)
    rows, columns = _extent(drawing), _extent(drawing.T)
    zoom = how.box / max(rows[1] - rows[0], columns[1] - columns[0])
    boxed = drawing[slice(*rows), slice(*columns)]
    vertical = _weights(boxed.sum(axis=1), rows, len(drawing), zoom, how)
    horizontal = _weights(boxed.sum(axis=0), columns, len(drawing.T), zoom, how)
    placed = vertical @ drawing @ horizontal.T
    grey = placed * (255 / placed.max())
    batch = normalise(grey[np.newaxis], how)
    return batch.reshape(1, how.size, how.size)


def normalise(
    grey: npt.NDArray[np.uint8] | npt.NDArray[np.float64], how: Preprocess
) -> npt.NDArray[np.float32]:
    """Step 9: images [N, size, size] of 0..255 to the network's input, float32 [N, 1, size, size].

    For images that are what the network was trained on already, such as MNIST's own.
    """
    scaled: npt.NDArray[np.float32] = grey[:, np.newaxis].astype(np.float32)
    scaled *= np.float32(how.scale)
    scaled -= np.float32(how.mean)
    return scaled


def _grey(image: Image.Image) -> Plane:
    """Step 1: float64 [height, width]."""
    if image.mode.startswith(("I", "F")):
        levels = np.asarray(image, np.float64)
        return np.clip(levels if image.mode == "F" else levels / 257, 0, 255)
    try:
        if not image.has_transparency_data:
            return np.asarray(image.convert("RGB").convert("L"), np.float64)
        rgba = image.convert("RGBA")
    except ValueError:
        raise ImageError(f"pictures of mode {image.mode} cannot be read; expected RGB") from None
    grey = np.asarray(rgba.convert("RGB").convert("L"), np.float64)
    alpha = np.asarray(rgba.getchannel("A"), np.float64)
    if not alpha.any():
        raise ImageError("the picture shows nothing: all of it is transparent")
    # Whole numbers, whose sums are exact.
    paper = 255.0 if (grey * alpha).sum() < 128 * alpha.sum() else 0.0
    share = alpha / 255
    return grey * share + paper * (1 - share)


def _shrunk(grey: Plane) -> Plane:
    """Step 2."""
    block = math.ceil(max(grey.shape) / LARGEST_SIDE)
    if block == 1 or min(grey.shape) < block:
        return grey
    height, width = grey.shape[0] // block, grey.shape[1] // block
    blocks = grey[: height * block, : width * block].reshape(height, block, width, block)
    return np.asarray(blocks.mean(axis=(1, 3)))


def _drawing(grey: Plane, invert: str) -> Plane:
    """Steps 3 and 4: the drawing is positive, all else 0."""
    ring = np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]])
    background = _median(ring)
    lighter, darker = np.maximum(grey - background, 0), np.maximum(background - grey, 0)
    inverted = invert == "auto" and (darker**2).sum() > (lighter**2).sum()
    drawing = darker if inverted else lighter
    peak = drawing.max()
    if peak < LEAST_CONTRAST:
        raise ImageError(
            f"the picture shows nothing: its levels differ by {peak:.0f} of 255 from its border's, "
            f"expected at least {LEAST_CONTRAST:.0f}"
        )
    noise = min(6 * _median(np.abs(ring - background)), peak / 2)
    return np.where(drawing > noise, drawing, 0.0)


def _median(values: Plane) -> float:
    return float(np.sort(values)[len(values) // 2])


def _extent(drawing: Plane) -> tuple[int, int]:
    """Step 5: the first row of the drawing's box, and the first row after it."""
    peak = drawing.max()
    sums = np.where(drawing > peak / 10, drawing, 0.0).sum(axis=1)
    within = np.flatnonzero(sums > peak * drawing.shape[1] / 500)
    if len(within) == 0:
        raise ImageError("the picture shows nothing larger than a speck")
    return int(within[0]), int(within[-1]) + 1


def _weights(
    mass: Plane, extent: tuple[int, int], length: int, zoom: float, how: Preprocess
) -> Plane:
    """Steps 6 and 7 along one axis: float64 [size, length], what each pixel gives to each output.

    mass [extent] is the drawing summed across; length is the picture's, in pixels.
    """
    first, end = extent
    middle, centre = how.size / 2, (end - first) / 2
    if how.centre == "mass":
        middle += 0.5
        centre = float(mass @ (np.arange(len(mass)) + 0.5) / mass.sum())
    edge = math.floor(middle - zoom * centre + 0.5 + TIE)
    edge = max(0, min(edge, how.size - math.ceil(zoom * (end - first) - TIE)))
    # The borders of the output pixels, in pixels of the picture.
    borders = first + (np.arange(how.size + 1) - edge) / zoom
    pixels = np.arange(length)
    covered = np.minimum(borders[1:, None], pixels + 1) - np.maximum(borders[:-1, None], pixels)
    return np.asarray(np.maximum(covered, 0) * zoom)
