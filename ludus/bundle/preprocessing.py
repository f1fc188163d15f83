"""Converts any picture to the network's input, as the manifest's `preprocess` says.

docs/bundle-format.md ("Preprocessing") defines the steps, whose numbers the docstrings give.
Everything is computed in float64, except where a docstring says that a step rounds to float32.
"""

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from ludus.core.errors import ImageError
from ludus.core.files import file_fault
from ludus.core.pictures import Photo, Picture, Preprocess

LARGEST_SIDE = 512  # pixels
LEAST_CONTRAST = 16.0  # grey levels between background and drawing, of 255

TIE = 1e-9  # pixels

Plane = npt.NDArray[np.float64]


def load_image(path: Path) -> Image.Image:
    """The picture in a file, rotated as its EXIF data say. Raises ImageError."""
    if fault := file_fault(path):
        raise ImageError(f"{path} {fault}")
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


def read_picture(path: Path, how: Picture) -> npt.NDArray[np.float32]:
    """The network's input for the picture in a file. Raises ImageError, which names the file."""
    image = load_image(path)
    try:
        return preprocess(image, how)
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from None


def preprocess(image: Image.Image, how: Picture) -> npt.NDArray[np.float32]:
    """The network's input without its batch, float32 of `how.shape`. Raises ImageError.

    image: of any mode and size; drawings may be dark on light or light on dark.
    """
    return _photo(image, how) if isinstance(how, Photo) else _boxed(image, how)


def _boxed(image: Image.Image, how: Preprocess) -> npt.NDArray[np.float32]:
    """A drawing, float32 [1, size, size], light on dark."""
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


def normalise(grey: npt.NDArray[Any], how: Preprocess) -> npt.NDArray[np.float32]:
    """Step 9: images [N, size, size] of 0..255 to the network's input, float32 [N, 1, size, size].

    For images in the form that the network was trained on, such as MNIST's own.
    """
    scaled: npt.NDArray[np.float32] = grey[:, np.newaxis].astype(np.float32)
    scaled *= np.float32(how.scale)
    scaled -= np.float32(how.mean)
    return scaled


def _grey(image: Image.Image) -> Plane:
    """Step 1: float64 [height, width]."""
    (grey,), alpha = _planes(image, "grey")
    if alpha is None:
        return grey
    # Whole numbers, so that their sums are exact.
    paper = 255.0 if (grey * alpha).sum() < 128 * alpha.sum() else 0.0
    return _laid_on(paper, grey, alpha)


def _planes(image: Image.Image, channels: str) -> tuple[list[Plane], Plane | None]:
    """The channels of a picture, 0..255, float64 [height, width] each, and its alpha, if any."""
    if image.mode.startswith(("I", "F")):
        levels = np.asarray(image, np.float64)
        if np.isnan(levels).any():
            raise ImageError("the picture has pixels that are no numbers (NaN)")
        grey = np.clip(levels if image.mode == "F" else levels / 257, 0, 255)
        return [grey] * (1 if channels == "grey" else 3), None
    try:
        coloured = image.convert("RGBA" if image.has_transparency_data else "RGB")
    except ValueError:
        raise ImageError(f"pictures of mode {image.mode} cannot be read; expected RGB") from None
    grey_or_each = (
        [coloured.convert("RGB").convert("L")]
        if channels == "grey"
        else map(coloured.getchannel, channels)
    )
    planes = [np.asarray(part, np.float64) for part in grey_or_each]
    if coloured.mode == "RGB":
        return planes, None
    alpha = np.asarray(coloured.getchannel("A"), np.float64)
    if not alpha.any():
        raise ImageError("the picture shows nothing: all of it is transparent")
    return planes, alpha


def _laid_on(paper: float, plane: Plane, alpha: Plane) -> Plane:
    share = alpha / 255
    return plane * share + paper * (1 - share)


def _shrunk(grey: Plane) -> Plane:
    """Step 2."""
    block = math.ceil(max(grey.shape) / LARGEST_SIDE)
    if block == 1 or min(grey.shape) < block:
        return grey
    height, width = grey.shape[0] // block, grey.shape[1] // block
    blocks = grey[: height * block, : width * block].reshape(height, block, width, block)
    return np.asarray(blocks.mean(axis=(1, 3)))


def _drawing(grey: Plane, invert: str) -> Plane:
    """Steps 3 and 4: the drawing is positive, everything else 0."""
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
        length = drawing.shape[1]
        raise ImageError(
            f"the picture shows nothing larger than a speck: any line of {length} pixels has at "
            f"most {sums.max() / peak:.2f} of ink, expected more than {length / 500:.2f}"
        )
    return int(within[0]), int(within[-1]) + 1


def _weights(
    mass: Plane, extent: tuple[int, int], length: int, zoom: float, how: Preprocess
) -> Plane:
    """Steps 6 and 7 along one axis: float64 [size, length], each pixel's weight in each output.

    mass [extent] is the drawing's sum across the other axis; length is the picture's, in pixels.
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


def _photo(image: Image.Image, how: Photo) -> npt.NDArray[np.float32]:
    """The steps of photos: float32 of `how.shape`."""
    planes, alpha = _planes(image, how.channels)
    if alpha is not None:
        planes = [_laid_on(255.0, plane, alpha) for plane in planes]
    if how.fit == "crop":
        planes = [_cropped(plane, how) for plane in planes]
    vertical = _triangles(planes[0].shape[0], how.height)
    horizontal = _triangles(planes[0].shape[1], how.width)
    values = np.stack([vertical @ (plane @ horizontal.T) for plane in planes], axis=-1)
    values = (values * how.scale - np.array(how.mean)) / np.array(how.std)
    if how.layout == "NCHW":
        values = values.transpose(2, 0, 1)
    return np.ascontiguousarray(values, np.float32)


def _cropped(plane: Plane, how: Photo) -> Plane:
    """Step 2 of photos."""
    height, width = plane.shape
    kept_width, kept_height = width, height
    if width * how.height > height * how.width:
        kept_width = max(1, height * how.width // how.height)
    else:
        kept_height = max(1, width * how.height // how.width)
    left, top = (width - kept_width) // 2, (height - kept_height) // 2
    return plane[top : top + kept_height, left : left + kept_width]


def _triangles(length: int, outputs: int) -> Plane:
    """Step 3 of photos along one axis: float64 [outputs, length]."""
    factor = length / outputs
    centres = (np.arange(outputs) + 0.5) * factor
    distances = np.abs(np.arange(length) + 0.5 - centres[:, None])
    weights = np.maximum(0, 1 - distances / max(factor, 1))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
