"""Draw words for an example's tests: python examples/words.py examples/text-direction/model.yaml

Writes the file that model.yaml names under `tests`: words in Pillow's own font, prepared as
`preprocess` says; where they are labelled, every other one upside down. Prints its sha256.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np
import onnx
import yaml
from PIL import Image, ImageDraw, ImageFont

from ludus.bundle.preprocessing import preprocess
from ludus.core.pictures import Photo

COUNT, SEED = 100, 42
LETTERS = "ABCDEFGHJKLMNPQRTUVWXYabcdefghkmnprtuvwxy234789"  # none that is like another upside down
HEIGHT = 96  # pixels of the picture that is drawn


def word(letters: str, proportion: float) -> Image.Image:
    """A picture of a word, dark on light, as wide as the network's input."""
    picture = Image.new("RGB", (round(HEIGHT * proportion), HEIGHT), (235, 232, 226))
    draw = ImageDraw.Draw(picture)
    middle = picture.width / 2, HEIGHT / 2
    draw.text(middle, letters, (40, 44, 60), ImageFont.load_default(64), anchor="mm")
    return picture


def main(path: Path) -> None:
    description = yaml.safe_load(path.read_text())
    how, tests = Photo.model_validate(description["preprocess"]), description["tests"]
    random = np.random.default_rng(SEED)
    inputs, labels = [], []
    for index in range(COUNT):
        length = int(random.integers(3, 7))
        picture = word("".join(random.choice(list(LETTERS), length)), how.width / how.height)
        turned = bool(tests.get("labelled")) and index % 2 == 1
        inputs.append(preprocess(picture.rotate(180) if turned else picture, how))
        labels.append(int(turned))
    # Rounded, so that machines that add up in another order write the same.
    rounded = np.round(np.stack(inputs) * 4096) / np.float32(4096)
    out = path.with_name(tests["file"])
    if tests.get("labelled"):
        np.savez(out, inputs=rounded, labels=np.array(labels))
    else:
        np.savez(out, inputs=rounded)
    print(f"{out}: {COUNT} words, sha256 {hashlib.sha256(out.read_bytes()).hexdigest()}")
    if isinstance(description["labels"], dict):
        characters(path.with_name("network.onnx"), path.with_name(description["labels"]["file"]))


def characters(network: Path, out: Path) -> None:
    """What the recogniser's outputs stand for, from the file's own metadata, a line each."""
    metadata = {entry.key: entry.value for entry in onnx.load(network).metadata_props}
    lines = ["(nothing)", *metadata["character"].splitlines(), "(space)"]
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{out}: {len(lines)}, sha256 {hashlib.sha256(out.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
