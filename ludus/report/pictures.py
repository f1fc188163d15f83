"""Pictures inside the page, as data URIs, so that it asks for no other file."""

import base64
import io
from typing import Any

import numpy.typing as npt
from PIL import Image


def image_uri(image: npt.NDArray[Any]) -> str:
    """A grey image [height, width] uint8 as the address of a PNG."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", optimize=True)
    return png_uri(file.getvalue())


def png_uri(png: bytes) -> str:
    """The address that holds a PNG."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
