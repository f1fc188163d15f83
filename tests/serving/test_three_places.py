"""The same drawings, judged on the player's machine, by the game's server and by a served model."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ludus.process import godot
from support.demo import copy_server, started
from support.needed import absent
from support.paths import BUNDLE, GOLDEN
from support.served import Server, pictures

HERE = Path(__file__).parent
COUNT, SIDE = 1000, 64


@pytest.fixture(scope="module")
def drawings() -> np.ndarray:
    """uint8 [COUNT, SIDE, SIDE], light on dark: digits turned, scaled and moved at random."""
    random = np.random.default_rng(7)
    digits = [Image.open(GOLDEN / "drawings" / f"{digit}.png").convert("L") for digit in range(10)]
    found = np.zeros((COUNT, SIDE, SIDE), np.uint8)
    for index in range(COUNT):
        side = int(random.integers(SIDE // 3, SIDE + 1))
        digit = digits[index % 10].rotate(random.uniform(-20, 20), Image.Resampling.BILINEAR)
        row, column = random.integers(0, SIDE - side + 1, 2)
        found[index, row : row + side, column : column + side] = digit.resize((side, side))
    return found


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The game server's project with the golden bundle for its own."""
    reason = godot.why_not()
    if reason is not None:
        absent("godot", reason)
    folder = copy_server(tmp_path_factory.mktemp("server") / "project", bundle=BUNDLE)
    shutil.copyfile(HERE / "three_places.gd", folder / "three_places.gd")
    return folder


@pytest.fixture(scope="module")
def game_server(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of the dedicated server."""
    with started(project, tmp_path_factory.mktemp("log") / "log") as running:
        yield running.port


def test_a_thousand_drawings_are_judged_alike_at_three_places(
    project: Path, game_server: int, serving: Server, drawings: np.ndarray, tmp_path: Path
) -> None:
    drawings.tofile(tmp_path / "drawings.bin")
    url = f"http://127.0.0.1:{serving.http}/v2/models/golden"
    arguments = [str(game_server), url, str(tmp_path / "drawings.bin"), str(tmp_path)]
    said = godot.run(project, "--script", "res://three_places.gd", "--", *arguments, timeout=300)
    assert said.endswith("judged\n"), said
    here, by_game_server, served = (
        np.fromfile(tmp_path / f"{place}.bin", np.float32).reshape(COUNT, 10)
        for place in ("here", "game-server", "served")
    )
    assert (here.argmax(1) == np.arange(COUNT) % 10).mean() > 0.8, "they are digits"
    for other in (by_game_server, served, _as_files(serving, drawings)):
        assert (other.argmax(1) == here.argmax(1)).all()
        np.testing.assert_allclose(other, here, rtol=0, atol=1e-4)


def _as_files(serving: Server, drawings: np.ndarray) -> np.ndarray:
    """The served model's answers to the drawings as PNG files, which it makes its input itself."""
    files = []
    for drawing in drawings:
        file = io.BytesIO()
        Image.fromarray(drawing).save(file, "PNG")
        files.append(file.getvalue())
    answer = serving.ask("v2/models/golden/infer", *pictures(*files))
    assert answer.status == 200, answer.body
    return answer.output
