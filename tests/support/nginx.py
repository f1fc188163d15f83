"""deploy/nginx.conf before a server of `ludus serve`, on loopback."""

import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.paths import ROOT
from support.ports import free_ports
from support.served import Answer, Server

CERTIFICATE = [
    "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
    "-keyout", "key.pem", "-out", "certificate.pem",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Proxy:
    port: int
    certificate: Path

    def ask(self, path: str, body: bytes | None = None) -> Answer:
        trust = ssl.create_default_context(cafile=str(self.certificate))
        request = urllib.request.Request(f"https://localhost:{self.port}/{path}", data=body)
        try:
            with urllib.request.urlopen(request, timeout=30, context=trust) as answer:
                return Answer(status=answer.status, body=answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(status=error.code, body=error.read())


@contextmanager
def started(serving: Server, folder: Path) -> Iterator[Proxy]:
    """nginx as deploy/ has it, with a certificate of its own; its files are in the folder."""
    (folder / "tls").mkdir()
    subprocess.run(CERTIFICATE, cwd=folder / "tls", check=True, capture_output=True)
    (port,) = free_ports(1)
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    for ours, here in (
        ("triton:8000", f"127.0.0.1:{serving.http}"),
        ("triton:8001", f"127.0.0.1:{serving.grpc}"),
        ("listen 8443", f"listen 127.0.0.1:{port}"),
        ("access_log off;", f"access_log off; client_body_temp_path {folder}/body;"),
    ):
        assert text.count(ours) == 1
        text = text.replace(ours, here)
    (folder / "nginx.conf").write_text(text)
    start = ["/usr/sbin/nginx", "-p", str(folder), "-c", "nginx.conf", "-e", "error.log",
             "-g", f"daemon off; pid {folder}/pid;"]  # fmt: skip
    with subprocess.Popen(start) as process:
        found = Proxy(port=port, certificate=folder / "tls" / "certificate.pem")
        deadline = time.monotonic() + 10
        while True:
            assert process.poll() is None, (folder / "error.log").read_text()
            try:
                found.ask("v2/health/ready")
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield found
        process.terminate()
        process.wait(10)
