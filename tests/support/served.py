"""`ludus serve` in a process of its own, and requests to it."""

import json
import os
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from support.paths import LUDUS
from support.ports import free_ports


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def output(self) -> np.ndarray:
        output = self.json["outputs"][0]
        return np.array(output["data"]).reshape(output["shape"])


@dataclass(frozen=True, kw_only=True)
class Server:
    process: "subprocess.Popen[str]"
    said: list[str]  # on its standard output, once it was ready
    log: Path  # its standard error
    http: int
    grpc: int
    metrics: int

    def ask(self, path: str, body: object = None, headers: dict[str, str] | None = None) -> Answer:
        """GET, or POST of bytes or of a value as JSON."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        url = f"http://127.0.0.1:{self.http}/{path}"
        request = urllib.request.Request(url, data=data, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(status=answer.status, body=answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(status=error.code, body=error.read())

    def infer(self, model: str, *inputs: dict[str, Any], **more: Any) -> Answer:
        return self.ask(f"v2/models/{model}/infer", {"inputs": list(inputs), **more})


def tensor(name: str, values: np.ndarray) -> dict[str, Any]:
    return {
        "name": name,
        "datatype": "FP32",
        "shape": list(values.shape),
        "data": values.ravel().tolist(),
    }


def pictures(*files: bytes) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a request with pictures as files: HTTP's binary extension."""
    data = b"".join(len(file).to_bytes(4, "little") + file for file in files)
    described = {
        "name": "encoded_picture",
        "datatype": "BYTES",
        "shape": [len(files), 1],
        "parameters": {"binary_data_size": len(data)},
    }
    head = json.dumps({"inputs": [described]}).encode()
    return head + data, {"Inference-Header-Content-Length": str(len(head))}


def command(*arguments: object) -> list[str]:
    return [*LUDUS, "serve", *map(str, arguments)]


def refused(*arguments: object, **environment: str) -> str:
    """What `ludus serve` says that does not start."""
    ended = subprocess.run(
        command(*arguments),
        env={**os.environ, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode != 0
    return ended.stderr


@contextmanager
def started(*arguments: object) -> Iterator[Server]:
    http, grpc, metrics = free_ports(3)
    ports = ["--http", http, "--grpc", grpc, "--metrics", metrics]
    with (
        tempfile.NamedTemporaryFile("w", suffix=".log") as log,
        subprocess.Popen(
            command(*arguments, *ports), stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line.strip())
            if "Ctrl-C ends it" in line:
                break
        assert said, Path(log.name).read_text()
        yield Server(
            process=process, said=said, log=Path(log.name), http=http, grpc=grpc, metrics=metrics
        )
        process.terminate()
        assert process.wait(30) == 0, Path(log.name).read_text()
