"""Servers that keep what DVC pushes, on this machine's loopback alone: SeaweedFS, which speaks S3,
and OpenSSH. Each has a folder and free ports of its own, and is ended by its process."""

import getpass
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.paths import ROOT
from support.ports import free_ports

DVC = ROOT / ".remotes" / "bin" / "dvc"
WEED = ROOT / ".remote-servers" / "bin" / "weed"
SSHD = Path("/usr/sbin/sshd")
SECRET = "not-a-secret"


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A place for `dvc push`. An option is a line of .dvc/config; a person is the beginning of a
    command line, whose command then has the credentials of that person."""

    url: str
    options: dict[str, str]
    developer: tuple[str, ...]  # may read and write
    build: tuple[str, ...]  # may read
    stranger: tuple[str, ...]
    refusal: str  # what DVC says to the stranger
    folder: Path | None = None  # where its files lie, if they lie as they are


def why_not(kind: str) -> str | None:
    """Why there can be no such remote here, with the command that brings what is missing."""
    needed = {
        "s3": [
            (DVC, "setup/environment.sh remotes"),
            (WEED, "setup/environment.sh remote-servers"),
        ],
        "ssh": [
            (DVC, "setup/environment.sh remotes"),
            (SSHD, "setup/debian.sh setup/debian-remotes.txt"),
        ],
    }[kind]
    missing = [f"there is no {path}: {command}" for path, command in needed if not path.exists()]
    return "; ".join(missing) or None


@contextmanager
def s3(folder: Path) -> Iterator[Remote]:
    """SeaweedFS with a bucket."""
    ports = free_ports(8)
    rights = {"developer": ["Admin", "Read", "List", "Write"], "build": ["Read", "List"]}
    people = [
        {
            "name": name,
            "credentials": [{"accessKey": name, "secretKey": SECRET}],
            "actions": actions,
        }
        for name, actions in rights.items()
    ]
    (folder / "people.json").write_text(json.dumps({"identities": people}))
    command = [str(WEED), "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    for number, part in enumerate(("master", "volume", "filer", "s3")):
        port, grpc = ports[2 * number : 2 * number + 2]
        command += [f"-{part}.port={port}", f"-{part}.port.grpc={grpc}"]
    command += ["-s3", f"-s3.config={folder / 'people.json'}", "-s3.port.iceberg=0",
                "-s3.port.lance=0", "-master.telemetry=false", "-master.volumeSizeLimitMB=64",
                "-volume.max=20", "-volume.preStopSeconds=0"]  # fmt: skip
    url = f"http://127.0.0.1:{ports[6]}"
    with started(command, folder / "log", lambda: answers(url)):
        try:
            make_bucket(f"{url}/ludus")
            yield Remote(
                url="s3://ludus/store",
                options={"endpointurl": url, "region": "us-east-1"},
                developer=aws("developer", SECRET),
                build=aws("build", SECRET),
                stranger=aws("build", "another"),
                refusal="Forbidden",
            )
        finally:
            for port in ports:
                for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                    left.unlink()


@contextmanager
def ssh(folder: Path) -> Iterator[Remote]:
    """OpenSSH, for the user who runs the tests: people differ by their keys."""
    for name in ("host", "developer", "build", "stranger"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True
        )
    (folder / "authorized").write_text(
        (folder / "developer.pub").read_text()
        + 'restrict,command="internal-sftp -R" '  # reads, and may do nothing else
        + (folder / "build.pub").read_text()
    )
    [port] = free_ports(1)
    config = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "authorized",
        "StrictModes": "no",  # of the folders above, which are the system's for temporary files
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "PidFile": "none",
        "Subsystem": "sftp internal-sftp",
    }
    path = folder / "sshd_config"
    path.write_text("".join(f"{name} {value}\n" for name, value in config.items()))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # which Debian's service makes
    with started([str(SSHD), "-D", "-e", "-f", str(path)], folder / "log", lambda: greets(port)):
        yield Remote(
            url=f"ssh://{getpass.getuser()}@127.0.0.1:{port}{folder / 'store'}",
            options={},
            developer=agent(folder / "developer"),
            build=agent(folder / "build"),
            stranger=agent(folder / "stranger"),
            refusal="Permission denied",
            folder=folder / "store",
        )


SERVERS = {"s3": s3, "ssh": ssh}


def make_bucket(url: str) -> None:
    subprocess.run(
        ["curl", "--silent", "--fail-with-body", "--request", "PUT", url,
         "--user", f"developer:{SECRET}", "--aws-sigv4", "aws:amz:us-east-1:s3"],
        check=True,
    )  # fmt: skip


def aws(name: str, secret: str) -> tuple[str, ...]:
    return ("env", f"AWS_ACCESS_KEY_ID={name}", f"AWS_SECRET_ACCESS_KEY={secret}")


def agent(key: Path) -> tuple[str, ...]:
    """An agent that has a key, and that ends with the command."""
    return ("ssh-agent", "sh", "-c", 'ssh-add -q "$0" && "$@"', str(key))


def answers(url: str) -> bool:
    """Whether S3 answers, which it does to nobody with 403."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return error.code == 403
    except OSError:
        return False


def greets(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


@contextmanager
def started(command: list[str], log: Path, ready: Callable[[], bool]) -> Iterator[None]:
    """A server that is ready, and that is ended with the block."""
    with log.open("wb") as words, subprocess.Popen(command, stdout=words, stderr=words) as server:
        try:
            deadline = time.monotonic() + 60
            while not ready():
                assert server.poll() is None, f"{command} ended:\n{log.read_text()}"
                assert time.monotonic() < deadline, f"{command} is not ready:\n{log.read_text()}"
                time.sleep(0.1)
            yield
        finally:
            server.kill()  # SeaweedFS takes 15 s to end well, and nothing of it is kept
