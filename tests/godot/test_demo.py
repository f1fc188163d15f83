"""The demo in headless Godot: what is drawn is recognised, here and by the dedicated server."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ludus.process import godot
from support.demo import DEMO, Server, copy_demo, copy_server, started
from support.needed import absent
from support.paths import DIGITS, GOLDEN

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def demo(engine: godot.Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo, whole; not to be changed."""
    if not DIGITS.exists():
        absent("results", "there is no artifacts/bundle; `make repro` makes it")
    return copy_demo(tmp_path_factory.mktemp("demo") / "project", bundle=DIGITS)


@pytest.fixture(scope="module")
def server_project(engine: godot.Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's project, whole; not to be changed."""
    if not DIGITS.exists():
        pytest.skip("there is no artifacts/bundle; `make repro` makes it")
    return copy_server(tmp_path_factory.mktemp("server") / "project", bundle=DIGITS)


@pytest.fixture
def server(server_project: Path, tmp_path: Path) -> Iterator[Server]:
    """A server that runs to the end of the test, without a fault."""
    with started(server_project, tmp_path / "server.log") as running:
        yield running


def ask(server_project: Path, port: int, *arguments: str) -> godot.Ended:
    return godot.start(server_project, "--", "--connect", f"127.0.0.1:{port}", *arguments)


def test_every_recorded_drawing_is_recognised(demo: Path) -> None:
    said = godot.run(demo, "--", "--replay")
    drawings = json.loads((DEMO / "strokes.json").read_text(encoding="utf-8"))["drawings"]
    assert f"{len(drawings)} of {len(drawings)} recognised" in said
    assert said.count("ok  ") == len(drawings)


def test_the_recorded_drawings_are_of_all_digits_sizes_and_pens() -> None:
    drawings = json.loads((DEMO / "strokes.json").read_text(encoding="utf-8"))["drawings"]
    for digit in range(10):
        assert len({row["form"] for row in drawings if row["digit"] == digit}) >= 3
    heights = [
        max(ys) - min(ys)
        for row in drawings
        if (ys := [y for s in row["strokes"] for y in s[1::2]])
    ]
    assert min(heights) <= 40
    assert max(heights) >= 340
    assert {row["pen"] for row in drawings} >= {6, 40}


def test_fingers_draw_and_keys_and_the_button_clear(demo: Path) -> None:
    said = godot.run(demo, "--script", str(HERE / "demo" / "touches.gd"))
    assert "touches are tested" in said


def test_a_server_judges_the_drawings_of_clients(server_project: Path, server: Server) -> None:
    for digit in range(10):
        ended = ask(
            server_project, server.port, "--picture", str(GOLDEN / "drawings" / f"{digit}.png")
        )
        assert not ended.faults, godot.explain(ended)
        assert re.search(
            rf"^{digit}, \d+\.\d %, in \d+\.\d+ ms by iree-cpu-\S+ on ", ended.said, re.M
        )


def test_the_demo_asks_a_server_that_is_chosen_among_the_devices(
    demo: Path, server: Server
) -> None:
    address = f"127.0.0.1:{server.port}"
    script = str(HERE / "demo" / "asks_server.gd")
    said = godot.run(demo, "--script", script, "--", "--connect", address)
    assert f"Server {address}" in said
    for digit in range(10):
        assert re.search(rf"^{digit} is {digit}, \d+\.\d %, in \S+ ms by iree-cpu-", said, re.M)


def test_a_server_refuses_what_is_no_drawing_and_a_flood(
    server_project: Path, server: Server
) -> None:
    said = godot.run(
        server_project,
        "--script",
        str(HERE / "server" / "hostile_client.gd"),
        "--",
        str(server.port),
    )
    rows = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    answers = {row["sent"]: row["answers"] for row in rows}
    flood = answers.pop("a flood")
    assert {sent: len(answers[sent]) for sent in answers} == dict.fromkeys(answers, 1)
    assert answers == {
        "a drawing": ["label 1"],
        "bytes short": ["784 bytes for a drawing of 28 x 29 pixels; expected 812"],
        "no bytes": ["0 bytes for a drawing of 28 x 28 pixels; expected 784"],
        "no pixels": ["a drawing of 0 x 0 pixels; expected 8 to 256 a side"],
        "negative": ["a drawing of -28 x -28 pixels; expected 8 to 256 a side"],
        "huge": ["a drawing of 1099511627776 x 1099511627776 pixels; expected 8 to 256 a side"],
        "wide": ["a drawing of 257 x 8 pixels; expected 8 to 256 a side"],
        "megabytes": ["1048576 bytes for a drawing of 28 x 28 pixels; expected 784"],
        "blank": answers["blank"],
        "words": [_types("String", "String", "PackedByteArray")],
        "nothing": [_types("Nil", "Nil", "Nil")],
        "a tree": [_types("Dictionary", "Array", "Dictionary")],
        "floats": [_types("float", "float", "PackedByteArray")],
        "a drawing after all that": ["label 1"],
    }
    assert "shows nothing" in answers["blank"][0]
    busy = "busy: one drawing at a time, wait for the answer"
    assert busy in flood
    assert flood[-1] == "20 drawings refused one after another; good bye"
    assert not rows[-1]["connected"]
    assert re.search(
        r"^1, ", ask(server_project, server.port).said, re.M
    )  # others are still served


def _types(width: str, height: str, grey: str) -> str:
    return (
        f"expected width and height as int and a PackedByteArray, got {width}, {height} and {grey}"
    )


def test_a_client_without_a_server_says_so(server_project: Path) -> None:
    ended = ask(server_project, 9)
    assert ended.exit_code == 1
    assert "error: no server answers at 127.0.0.1:9" in ended.said
    assert not godot.SIGNS.search(ended.said)


def test_a_port_that_is_taken_is_an_error(server_project: Path, server: Server) -> None:
    ended = godot.start(server_project, "--", "--port", str(server.port))
    assert ended.exit_code == 1
    assert f"error: cannot listen on 127.0.0.1:{server.port}; is the port taken?" in ended.said


@pytest.mark.parametrize(
    ("missing", "error", "command"),
    [
        ("addon", "error: The library of addons/ludus is not loaded", "make addon"),
        ("shared", "error: res://shared is missing", "make demo"),
    ],
)
def test_without_a_part_it_says_what_to_do(
    engine: godot.Engine, tmp_path: Path, missing: str, error: str, command: str
) -> None:
    ended = godot.start(copy_demo(tmp_path / "demo", bundle=None, **{missing: False}))
    assert ended.exit_code == 1
    assert error in ended.said
    assert command in ended.said
    assert "SCRIPT ERROR" not in ended.said


def test_a_server_without_the_library_or_a_bundle_says_what_to_do(
    engine: godot.Engine, tmp_path: Path
) -> None:
    for addon, error in (
        (False, "the library of addons/ludus is not loaded"),
        (True, "res://models/digits/manifest.json is missing"),
    ):
        project = copy_server(tmp_path / f"addon-{addon}", addon=addon, bundle=None)
        ended = godot.start(project)
        assert ended.exit_code == 1
        assert f"error: {error}" in ended.said
        assert "make demo-server" in ended.said
        assert "SCRIPT ERROR" not in ended.said


def test_without_a_bundle_it_says_what_to_do(engine: godot.Engine, tmp_path: Path) -> None:
    ended = godot.start(copy_demo(tmp_path / "demo", bundle=None))
    assert ended.exit_code == 1
    assert "error: res://models/digits/manifest.json" in ended.said
    assert "make demo" in ended.said
    assert "SCRIPT ERROR" not in ended.said


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--frob"], "no option '--frob'; --help lists them"),
        (["--digit", "11"], "--digit: expected 0..9, got '11'"),
        (["--digit"], "--digit needs a value"),
        (["--connect", "there"], "--connect: expected ADDRESS:PORT, got 'there'"),
        (["--device", "quantum"], "quantum"),
    ],
)
def test_a_wrong_command_line_is_an_error(demo: Path, arguments: list[str], error: str) -> None:
    ended = godot.start(demo, "--", *arguments)
    assert ended.exit_code == 1
    assert error in ended.said
    assert "SCRIPT ERROR" not in ended.said


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--frob"], "no option '--frob'; --help lists them"),
        (["--port"], "--port needs a value"),
        (["--port", "65536"], "--port: expected 0..65535, got '65536'"),
        (["--bind", "here"], "--bind: expected an IP address, got 'here'"),
        (["--connect", "there"], "--connect: expected ADDRESS:PORT, got 'there'"),
        (["--connect", "a:1", "--port", "2"], "--port is for a server, --connect for a client"),
        (["--picture", "a.png"], "--picture needs --connect ADDRESS:PORT"),
        (["--connect", "127.0.0.1:9", "--picture", "a.png"], "--picture: cannot read 'a.png'"),
    ],
)
def test_a_wrong_command_line_of_the_server_is_an_error(
    server_project: Path, arguments: list[str], error: str
) -> None:
    ended = godot.start(server_project, "--", *arguments)
    assert ended.exit_code == 1
    assert f"error: {error}" in ended.said
    assert "SCRIPT ERROR" not in ended.said


def test_an_exported_demo_recognises_all_drawings(demo: Path, tmp_path: Path) -> None:
    project = copy_demo(tmp_path / "demo", bundle=DIGITS)
    godot.run(project, "--import")
    pack = tmp_path / "game" / "demo.pck"
    pack.parent.mkdir()
    godot.run(project, "--export-pack", "Linux", str(pack))
    # Beside the pack, as an export lays it, is the library.
    shutil.copytree(godot.ADDON / "bin", pack.parent / "addons" / "ludus" / "bin")
    (pack.parent / ".godot").mkdir()
    said = godot.run(pack.parent, "--main-pack", str(pack), "--", "--replay")
    assert "60 of 60 recognised" in said
