"""Make tests/golden/photos, on which every program that prepares photos is tried.

    python tests/golden/make_photos.py [FOLDER]

A few small pictures, and what `ludus.bundle.preprocessing` makes of them: cases.json says how,
`expected` holds float32, little-endian, in the order of the shape.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

from ludus.bundle.preprocessing import load_image, preprocess
from ludus.core.pictures import Photo

HERE = Path(__file__).parent
IMAGENET = {"scale": 1 / 255, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
HALVES = {"scale": 1 / 255, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
GREY = {"channels": "grey", "scale": 1 / 255, "mean": [0.5], "std": [0.25]}
RGB = {"channels": "RGB", "layout": "NCHW", **IMAGENET}
# What a picture becomes; height and width of the input, in pixels, come first.
CASES: dict[str, tuple[str, int, int, dict[str, object]]] = {
    "enlarged": ("wide", 20, 60, {"fit": "stretch", **RGB}),
    "shrunk": ("wide", 4, 5, {"fit": "stretch", **RGB}),
    "one way each": ("tall", 12, 30, {"fit": "stretch", **RGB}),
    "as it is": ("wide", 11, 37, {"fit": "stretch", **RGB}),
    "cropped at the sides": ("wide", 8, 8, {"fit": "crop", **RGB}),
    "cropped above and below": ("tall", 8, 8, {"fit": "crop", **RGB}),
    "cropped to a strip": ("tall", 3, 16, {"fit": "crop", **RGB}),
    "cropped to less than a pixel": ("wide", 40, 1, {"fit": "crop", **RGB}),
    "blue first": ("wide", 6, 9, {"fit": "stretch", "channels": "BGR", "layout": "NHWC", **HALVES}),
    "channels last": (
        "wide",
        6,
        9,
        {"fit": "crop", "channels": "RGB", "layout": "NHWC", **IMAGENET},
    ),
    "see-through": ("alpha", 8, 8, {"fit": "stretch", **RGB}),
    "see-through grey": ("alpha", 8, 8, {"fit": "crop", "layout": "NCHW", **GREY}),
    "grey of colours": ("wide", 7, 7, {"fit": "stretch", "layout": "NCHW", **GREY}),
    "grey of grey": ("grey", 12, 5, {"fit": "stretch", "layout": "NHWC", **GREY}),
    "colours of grey": ("grey", 5, 5, {"fit": "stretch", **RGB}),
    "grey with alpha": ("grey-alpha", 5, 5, {"fit": "stretch", "layout": "NCHW", **GREY}),
    "one pixel": ("pixel", 4, 3, {"fit": "crop", **RGB}),
}


def make(out: Path) -> None:
    """Write the pictures, cases.json and the answers; the same bytes each time."""
    out.mkdir(parents=True, exist_ok=True)
    for name, picture in _pictures().items():
        picture.save(out / f"{name}.png")
    cases = []
    for name, (picture, height, width, how) in CASES.items():
        photo = Photo.model_validate({"kind": "photo", "height": height, "width": width, **how})
        expected = f"{name.replace(' ', '-')}.f32"
        values = preprocess(load_image(out / f"{picture}.png"), photo)
        values.astype("<f4").tofile(out / expected)
        cases.append(
            {
                "name": name,
                "picture": f"{picture}.png",
                "preprocess": photo.model_dump(),
                "shape": list(values.shape),
                "expected": expected,
            }
        )
    lines = ",\n ".join(json.dumps(case) for case in cases)
    (out / "cases.json").write_text(f"[\n {lines}\n]\n")


def _pictures() -> dict[str, Image.Image]:
    random = np.random.default_rng(23)

    def noise(*shape: int) -> np.ndarray:
        return random.integers(0, 256, shape, dtype=np.uint8)

    return {
        "wide": Image.fromarray(noise(11, 37, 3)),
        "tall": Image.fromarray(noise(29, 13, 3)),
        "alpha": Image.fromarray(noise(10, 17, 4)),
        "grey": Image.fromarray(noise(9, 7)),
        "grey-alpha": Image.merge("LA", [Image.fromarray(noise(6, 9)) for _ in range(2)]),
        "pixel": Image.fromarray(noise(1, 1, 3)),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, nargs="?", default=HERE / "photos")
    make(parser.parse_args().out)
