"""Train the network of config.yaml with Ludwig; keep the best by validation accuracy.

Reads:   data/prepared/{train,validation}.npz, params.yaml `model`, `train`, and the file that
         `model` names: config.yaml
Writes:  artifacts/model/     what LudwigModel.load takes, config.yaml as it was trained,
                             program.pt2: the network as torch's ExportedProgram, without Ludwig,
                             which answers as Ludwig does to each validation image,
                             network.json: inputs, outputs, labels, preprocessing
         artifacts/training/  DVCLive's metrics and learning curves
Command: python -m stages.train

A network that was made elsewhere is copied unchanged to artifacts/model/.

With params.yaml train.backend: ray, the stage continues in the environment that has Ray, and the
workers of a cluster train; the files are the same.

The test images are not read. The same params on the same machine give the same weights.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from ludus.config.elsewhere import made_elsewhere
from ludus.config.network import merge, read_config, trained_on
from ludus.config.params import load_params
from ludus.config.training import Train
from ludus.core.errors import DataError
from ludus.core.files import replaced_folder
from ludus.core.program import arguments_of, run_stage
from ludus.data.splits import AGAIN, read_split
from ludus.training.ray import address, environment

ROOM = 8 << 20  # bytes free that a training needs at least: a model and its checkpoint are 4 MB


def train(data: Path, config_path: Path, params: Train, out: Path, live: Path) -> None:
    """Train, and put the model in out once it is whole. Raises ConfigError, DataError, OSError."""
    config, notes = read_config(config_path)
    for note in notes:
        print(f"{config_path}: {note}")
    training, validation = read_split(data / "train.npz"), read_split(data / "validation.npz")
    if not set(validation[1]) <= set(training[1]):
        raise DataError(f"{data}: validation has labels that train has not; {AGAIN}")
    height, width = training[0].shape[1:]
    merged = merge(config, params, len(training[1]), (height, width))
    training = (training[0][: (n := trained_on(len(training[1]), params))], training[1][:n])
    print(f"training {params.epochs} epochs of {n} images; Ludwig loads for 20 s first", flush=True)
    with _enough_room(out), replaced_folder(out) as folder:
        from ludus.export import ludwig as ludwig_export  # not sooner: bad input is said at once
        from ludus.training import ludwig as ludwig_training

        print("Ludwig has loaded", flush=True)
        work = folder / "work"
        with _where(params) as backend:
            model = ludwig_training.fit(
                merged, training, validation, params.seed, params.threads, work, live, backend
            )
        shutil.rmtree(work)
        model.save(str(folder))
        (folder / "config.yaml").write_text(yaml.safe_dump(merged, sort_keys=False))
        ludwig_export.write(model, ludwig_training.as_input(validation[0]), folder)


@contextmanager
def _where(params: Train) -> Iterator[Any]:
    """Ludwig's backend: this process, or the Ray cluster that params name."""
    if params.backend == "local":
        yield "local"
        return
    from ludus.training.ray.training import cluster

    with cluster(params) as backend:
        yield backend


@contextmanager
def _enough_room(folder: Path) -> Iterator[None]:
    """Raise OSError for a full disk, whatever the library raised for it (torch: other errors)."""

    def refuse_full_disk(error: Exception | None) -> None:
        if shutil.disk_usage(folder.parent).free < ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder)) from error

    folder.parent.mkdir(parents=True, exist_ok=True)
    refuse_full_disk(None)
    try:
        yield
    except Exception as error:
        refuse_full_disk(error)
        raise


def main() -> None:
    arguments = arguments_of(
        __doc__,
        data="data/prepared",
        params="params.yaml",
        out="artifacts/model",
        live="artifacts/training",
    ).parse_args()
    params = load_params(arguments.params)
    file = Path(params.model.file)
    if made_elsewhere(params.model, arguments.live):
        with replaced_folder(arguments.out) as folder:
            shutil.copyfile(file, folder / file.name)
    else:
        if params.train.backend == "ray":
            address.check_listens(params.train.ray.address)
            environment.enter()
        train(arguments.data, file, params.train, arguments.out, arguments.live)


if __name__ == "__main__":
    run_stage(main)
