"""The servers: each started as its own documents say, and stopped while it is not its turn."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil  # which DVC installs

from ludus.process.tools import ROOT
from ludus.serving.triton import answers

PEERS = ROOT / ".serving-peers" / "bin"
HERE = Path(__file__).parent / "peers"
MAIN = "from ludus.cli.app import main; main()"
# Of deploy/nginx.conf, what passes requests on.
NGINX = """
worker_processes auto;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    client_max_body_size 16m;
    client_body_buffer_size 1m;
    upstream tritons {{ {behind} keepalive 64; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://tritons;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Content-Type "";
        }}
    }}
}}
"""
PATIENCE = 60.0  # seconds, until a server is ready


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server with all the processes that it has started."""

    name: str
    process: "subprocess.Popen[bytes]"
    http: int
    grpc: int  # 0: it has none

    @contextmanager
    def turn(self) -> Iterator[None]:
        """It runs within the block only."""
        self._signal(signal.SIGCONT)
        try:
            yield
        finally:
            self._signal(signal.SIGSTOP)

    def end(self) -> None:
        self._signal(signal.SIGKILL)
        self.process.wait()

    def resident(self) -> float:
        """Its memory, MB (10^6 bytes)."""
        return float(sum(each.memory_info().rss for each in self._processes())) / 1e6

    def _signal(self, number: signal.Signals) -> None:
        for each in self._processes():
            with suppress(psutil.NoSuchProcess):
                each.send_signal(number)

    def _processes(self) -> list[psutil.Process]:
        first = psutil.Process(self.process.pid)
        return [first, *first.children(recursive=True)]


def start_ludus(
    bundle: Path,
    device: str,
    http: int,
    scratch: Path,
    *,
    name: str = "Ludus on Triton",
    instances: int | None = None,
) -> Server:
    """instances: None is one a core."""
    how = ["--device", device, "--instances", instances or _cores()]
    ports = ["--http", http, "--grpc", http + 1, "--metrics", 0]
    command = [sys.executable, "-c", MAIN, "serve", bundle, *how, *ports]
    return _start(name, command, {}, scratch, http, http + 1)


def start_fastapi(model: Path, http: int, scratch: Path) -> Server:
    how = ["--host", "127.0.0.1", "--port", http, "--log-level", "warning"]
    command = [PEERS / "uvicorn", "fastapi_app:app", "--app-dir", HERE, *how, "--workers", _cores()]
    more = {"MODEL": str(model.absolute())}
    return _start("FastAPI + ONNX Runtime", command, more, scratch, http, 0)


def start_mlserver(model: Path, http: int, scratch: Path) -> Server:
    """With adaptive batching, and a worker for each core."""
    folder = scratch / "mlserver"
    folder.mkdir()
    settings = {
        "host": "127.0.0.1", "http_port": http, "grpc_port": http + 1, "metrics_port": http + 2,
        "parallel_workers": _cores(), "debug": False, "use_structured_logging": False,
        "logging_settings": None,
    }  # fmt: skip
    model_settings = {
        "name": "digits",
        "implementation": "mlserver_model.OnnxModel",
        "parameters": {"uri": str(model.absolute())},
        "max_batch_size": 32,
        "max_batch_time": 0.001,
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "model-settings.json").write_text(json.dumps(model_settings))
    more = {"PYTHONPATH": str(HERE)}
    command = [PEERS / "mlserver", "start", folder]
    return _start("MLServer + ONNX Runtime", command, more, scratch, http, http + 1)


def start_nginx(tritons: list[int], http: int, scratch: Path) -> Server:
    """In front of the Tritons at these HTTP ports, which are asked in turn."""
    folder = scratch / f"nginx-{http}"
    folder.mkdir()
    behind = "".join(f"server 127.0.0.1:{port}; " for port in tritons)
    (folder / "nginx.conf").write_text(NGINX.format(behind=behind, port=http, folder=folder))
    how = ["-p", folder, "-c", "nginx.conf", "-e", "error.log"]
    how += ["-g", f"daemon off; pid {folder}/pid;"]
    return _start(f"nginx {http}", ["/usr/sbin/nginx", *how], {}, scratch, http, 0)


def _start(
    name: str, command: list[object], more: dict[str, str], scratch: Path, http: int, grpc: int
) -> Server:
    log = scratch / f"{name}.log"
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with log.open("wb") as file:
        process = subprocess.Popen(
            list(map(str, command)),
            cwd=scratch,
            env=environment | more,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    server = Server(name=name, process=process, http=http, grpc=grpc)
    deadline = time.monotonic() + PATIENCE
    while not answers(f"http://127.0.0.1:{http}/v2/models/digits/ready"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"{name} does not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.1)
    server._signal(signal.SIGSTOP)
    return server


def _cores() -> int:
    return len(os.sched_getaffinity(0))
