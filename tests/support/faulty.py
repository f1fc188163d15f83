"""A server before the served models that fails as it is told, once a word, and then passes on."""

import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Faulty(ThreadingHTTPServer):
    """On a free port of loopback."""

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream = upstream
        self.faults: list[str] = []  # the next request's first
        self.asked: list[tuple[str, str | None]] = []  # the fault, and the key that was sent
        self.connections = 0
        self.done = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def process_request(self, request: object, client_address: object) -> None:
        self.connections += 1
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that went are what is tried."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Faulty

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        self.answer(None)

    def do_POST(self) -> None:
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, body: bytes | None) -> None:
        fault = self.server.faults.pop(0) if self.server.faults else "none"
        self.server.asked.append((fault, self.headers["Authorization"]))
        match fault:
            case "none" | "closes after":
                self.pass_on(body)
                if fault == "closes after":
                    self.connection.shutdown(socket.SHUT_RDWR)
            case "closes":
                self.close_connection = True
            case "hangs":
                self.server.done.wait(60)
            case "cut":
                self.send(200, b"x" * 10, length=1000)
                self.close_connection = True
            case "drips":
                self.send(200, b"x", length=1000)
                self.server.done.wait(60)
            case "no json":
                self.send(200, b"hello")
            case "no bytes":
                self.send(200, b'{"outputs": []}')
            case _:
                self.send(int(fault), b'{"error": "as it was told"}')

    def pass_on(self, body: bytes | None) -> None:
        kept = {
            key: value
            for key, value in self.headers.items()
            if key in ("Content-Type", "Inference-Header-Content-Length")
        }
        request = urllib.request.Request(self.server.upstream + self.path, data=body, headers=kept)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                length = answer.headers.get("Inference-Header-Content-Length")
                self.send(answer.status, answer.read(), head=length)
        except urllib.error.HTTPError as error:
            with error:
                self.send(error.code, error.read())

    def send(
        self, status: int, body: bytes, *, length: int | None = None, head: str | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        if head:
            self.send_header("Inference-Header-Content-Length", head)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


@contextmanager
def started(upstream: str) -> Iterator[Faulty]:
    with Faulty(upstream) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        yield server
        server.done.set()
        server.shutdown()
        thread.join()
