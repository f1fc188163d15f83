"""Trains with Ludwig on images in memory, without Ludwig's preprocessing.

Ludwig builds the network, trains it, evaluates it after every epoch and keeps the best by
validation accuracy. Its preprocessing is skipped: it would turn 55,000 arrays into tensors one by
one, order the classes by frequency, and need the test images. The network's input is pixel / 255,
float32 in [0, 1], shape [N, 1, height, width]; its output i is label i.
Importing this module takes 20 seconds, nearly all of it `import ludwig.api`.
"""

import copy
import logging
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

# Set before the imports that read them, so that no library accesses the network.
os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DVC_NO_ANALYTICS": "1"}
os.environ |= {"DVC_STUDIO_OFFLINE": "1", "DO_NOT_TRACK": "1"}
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # else cuBLAS may differ run by run
logging.getLogger("bitsandbytes").setLevel(logging.CRITICAL)  # unused here, and it warns

from ludus.training.speed import keep_memory, quick_imports  # noqa: E402

with quick_imports():
    import torch
    from ludwig.api import LudwigModel
    from ludwig.data.dataset.pandas import PandasDataset
    from ludwig.globals import set_disable_progressbar
    from ludwig.schema.features.utils import get_input_feature_cls, get_output_feature_cls

from ludus.core.errors import ConfigError, LudusError  # noqa: E402
from ludus.training.watch import Curves, Watch, progress_bar  # noqa: E402

Config = dict[str, Any]
Bytes = npt.NDArray[np.uint8]
Split = tuple[Bytes, Bytes]  # images [N, height, width], labels [N]


def fit(
    config: Config,
    training: Split,
    validation: Split,
    seed: int,
    threads: int,
    work: Path,
    live: Path,
    backend: Any = "local",
) -> LudwigModel:
    """Train the network of config (from network_config.merge); returns the best one.

    work: a folder for Ludwig's checkpoints. live: the folder of DVCLive's metrics and plots.
    threads: 0 for all cores. backend: Ludwig's, or one that trains in other processes
    (`ludus.training.ray`). The same arguments on the same machine give the same weights.
    """
    torch.use_deterministic_algorithms(True)
    keep_memory()
    if threads:
        torch.set_num_threads(threads)
    set_disable_progressbar(True)  # type: ignore[no-untyped-call]
    with Curves(str(live), save_dvc_exp=False, dvcyaml=None) as curves, progress_bar() as bar:
        watch = Watch(config, curves, bar, classes=_classes(training))
        try:
            _check_values(config)
            model = LudwigModel(config, backend=backend, logging_level=logging.ERROR)
            model.train(
                training_set=dataset(model, training),
                validation_set=dataset(model, validation),
                training_set_metadata=metadata(model, training),
                output_directory=str(work),
                random_seed=seed,
                skip_save_training_description=True,
                skip_save_training_statistics=True,
                skip_save_progress=True,
                skip_save_log=True,
                skip_save_processed_input=True,
                callbacks=[watch],
            )
        except Exception as error:
            if watch.started or isinstance(error, LudusError | OSError):
                raise
            raise ConfigError(
                f"Ludwig cannot train the network that config.yaml declares: {error}"
            ) from error
    return model


def _check_values(config: Config) -> None:
    """Raise Ludwig's errors about the values of both features.

    Ludwig 0.17.10 swallows it, and fails later because "'dict' object has no attribute 'encoder'".
    """
    mine = copy.deepcopy(config)  # Ludwig modifies what it validates
    get_input_feature_cls("ecd", "image").model_validate(mine["input_features"][0])
    get_output_feature_cls("ecd", "category").model_validate(mine["output_features"][0])


def as_input(images: Bytes) -> npt.NDArray[np.float32]:
    """The network's input for images [N, height, width]: float32 [N, 1, height, width], 0 to 1."""
    return (images[:, np.newaxis] / np.float32(255)).astype(np.float32, copy=False)


def _classes(split: Split) -> int:
    return int(split[1].max()) + 1


def _features(model: LudwigModel) -> tuple[Any, Any]:
    """Ludwig's configuration of the image and the label feature."""
    return model.config_obj.input_features[0], model.config_obj.output_features[0]


def dataset(model: LudwigModel, split: Split) -> PandasDataset:
    """A split in the form of Ludwig's preprocessed data."""
    feature, label = _features(model)
    columns = {
        feature.proc_column: as_input(split[0]),
        label.proc_column: split[1].astype(np.int64),
    }
    features = {feature.proc_column: feature.to_dict(), label.proc_column: label.to_dict()}
    return PandasDataset(columns, features, data_cache_fp=None)  # type: ignore[no-untyped-call]


def metadata(model: LudwigModel, split: Split) -> Config:
    """Ludwig's metadata of the training split, with classes in the order of the labels."""
    feature, label = _features(model)
    height, width = split[0].shape[1:]
    counts = np.bincount(split[1], minlength=_classes(split)).tolist()
    names = [str(index) for index in range(len(counts))]
    size = {"height": height, "width": width, "num_channels": 1}
    return {
        feature.name: {
            # Ludwig clears the size in its configuration, and reads it from the metadata.
            "preprocessing": feature.preprocessing.to_dict() | size,
            "reshape": [1, height, width],
        },
        label.name: {
            "preprocessing": label.preprocessing.to_dict(),
            "idx2str": names,
            "str2idx": {name: index for index, name in enumerate(names)},
            "str2freq": dict(zip(names, counts, strict=True)),
            "vocab_size": len(names),
        },
    }
