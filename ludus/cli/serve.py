"""`ludus serve`: bundles behind HTTP and gRPC."""

from pathlib import Path
from typing import Annotated

import typer

from ludus.bundle import reader
from ludus.runtimes.devices import DEVICES, cpu
from ludus.serving import serve as serving
from ludus.serving.repository import Options
from ludus.serving.triton import Addresses


def serve(
    folders: Annotated[list[Path], typer.Argument(metavar="BUNDLE", help="bundles' folders")],
    device: Annotated[
        str, typer.Option(help=f"auto, a variant, or one of {', '.join(DEVICES)}")
    ] = "auto",
    host: Annotated[str, typer.Option(help="the address to listen at")] = "127.0.0.1",
    http: Annotated[int, typer.Option(min=1, max=65535, help="port")] = 8000,
    grpc: Annotated[int, typer.Option(min=0, max=65535, help="port; 0: none")] = 8001,
    metrics: Annotated[int, typer.Option(min=0, max=65535, help="port; 0: none")] = 8002,
    instances: Annotated[
        int | None, typer.Option(min=1, help="calls at a time; default: one a core")
    ] = None,
    max_batch: Annotated[int, typer.Option(min=1, help="images a request")] = 1024,
    queue: Annotated[int, typer.Option(min=1, help="requests that wait; others get 503")] = 1024,
    timeout: Annotated[float, typer.Option(min=0.001, help="seconds that one waits")] = 2.0,
    key: Annotated[
        str | None,
        typer.Option(envvar="LUDUS_SERVE_KEY", help="lets who has it load and unload models"),
    ] = None,
    write: Annotated[
        Path | None, typer.Option(help="write a model repository there, and start nothing")
    ] = None,
) -> None:
    """Serve bundles over HTTP and gRPC, by NVIDIA's Triton; see docs/how-to/serve.md."""
    options = Options(
        device=device,
        instances=instances or cpu.count(),
        max_batch=max_batch,
        queue=queue,
        timeout=timeout,
    )
    addresses = Addresses(host=host, http=http, grpc=grpc, metrics=metrics)
    bundles = [reader.read_bundle(folder) for folder in folders]
    serving.check_device(device, bundles)
    if write is None:
        serving.serve(bundles, options, addresses, key)
        return
    serving.write_to(bundles, options, write)
    print(f"{write} is written; a Triton that has the backend serves it (docs/how-to/serve.md)")
