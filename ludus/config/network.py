"""config.yaml read strictly: old key names translated, unknown ones refused, params merged in.

Nothing here imports Ludwig; the keys that it knows are in network_keys.json (see network_keys.py).
"""

import copy
import json
from pathlib import Path
from typing import Any

from ludus.config.network_check import check, kind_of
from ludus.config.network_keys import FEATURE_TYPES, LEFT_OUT, PATH
from ludus.config.training import Train
from ludus.core.errors import ConfigError
from ludus.core.strict_yaml import read_values

Config = dict[str, Any]

# Ludwig's names until 0.3 (2021) and since 0.4.
RENAMED = {
    "num_filters": "out_channels",
    "filter_size": "kernel_size",
    "pool_size": "pool_kernel_size",
}
# Keys that Ludwig knows and that would not do here what they say.
SET_ELSEWHERE = {
    "preprocessing": "the splits are made by the prepare stage: see params.yaml data",
    "trainer.train_steps": "set params.yaml train.epochs",
    "trainer.skip_all_evaluation": "the model kept is the best by validation accuracy",
}


def read_config(path: Path) -> tuple[Config, list[str]]:
    """The configuration in present key names, and a line for each old name that was translated.

    Raises ConfigError for a file that is no YAML, an unknown key or a type that is not known.
    """
    config = read_values(path, "it holds the Ludwig model to train")
    try:
        return check_config(config)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def check_config(config: Any) -> tuple[Config, list[str]]:
    """As read_config, of what the YAML held; config itself is left as it was."""
    table = json.loads(PATH.read_text())
    if not isinstance(config, dict):
        raise ConfigError(f"is {kind_of(config)}, expected a table with {_both()}")
    for section in FEATURE_TYPES:
        features = config.get(section)
        if (
            not isinstance(features, list)
            or len(features) != 1
            or not isinstance(features[0], dict)
        ):
            raise ConfigError(f"'{section}' must be a list of one feature; expected {_both()}")
    config = copy.deepcopy(config)
    notes = _translate(config["input_features"][0], table["keys"]["input_features"]["items"])
    for section in set(config) & set(LEFT_OUT):
        raise ConfigError(f"'{section}' has no effect on this stage; take it out")
    check(config, table)
    names = [config[section][0].get("name") for section in FEATURE_TYPES]
    for section, name in zip(FEATURE_TYPES, names, strict=True):
        if not isinstance(name, str) or not name.strip():
            raise ConfigError(f"'{section}[0].name' is {name!r}, expected the feature's name")
    if len(set(names)) < len(names):
        raise ConfigError(f"both features have the name {names[0]!r}; expected one for each")
    for place, reason in SET_ELSEWHERE.items():
        section, _, key = place.partition(".")
        if section in config and (not key or key in config[section]):
            raise ConfigError(f"'{place}' cannot be set here; {reason}")
    return config, notes


def merge(config: Config, train: Train, images: int, size: tuple[int, int]) -> Config:
    """What Ludwig gets: config with the prepared images' size and with params.yaml `train`.

    images is their number in the training split, size their height and width in pixels. Raises
    ConfigError where config wants the images otherwise: the network's input is their pixels
    divided by 255, and nothing else is done to them.
    """
    merged = copy.deepcopy(config)
    feature, label = merged["input_features"][0], merged["output_features"][0]
    given = {"height": size[0], "width": size[1], "num_channels": 1}
    for key, value in (feature.get("preprocessing") or {}).items():
        if given.get(key) != value:
            raise ConfigError(
                f"'input_features[0].preprocessing.{key}' is {value!r}, but the images are "
                f"handed on as they were prepared, {size[0]} x {size[1]} grey; take it out"
            )
    feature["preprocessing"] = given | {"mode": "eager"}  # eager: in memory, no image files
    trainer = {"early_stop": -1, "eval_batch_size": 1000} | (merged.get("trainer") or {})
    merged["trainer"] = trainer | {
        "epochs": train.epochs,
        "batch_size": train.batch_size,
        "learning_rate": train.learning_rate,
        "learning_rate_scheduler": (trainer.get("learning_rate_scheduler") or {})
        | _schedule(train, steps=train.epochs * -(-trained_on(images, train) // train.batch_size)),
        "validation_field": label["name"],
        "validation_metric": "accuracy_micro",  # Ludwig's "accuracy" is the mean over the classes
        "evaluate_training_set": False,  # the figures of the epoch itself do, at no cost
    }
    return merged


def trained_on(images: int, train: Train) -> int:
    """How many of the training images an epoch has: equally many for each worker, and one less
    where its last batch would be of one.

    Ludwig 0.17.10 leaves such a batch out, counts it all the same, and then evaluates too late.
    """
    each, batch = images // train.workers, train.batch_size // train.workers
    return train.workers * (each - (each % batch == 1 and each > 1))


def _schedule(train: Train, steps: int) -> Config:
    if train.schedule == "one_cycle":
        # Without max_lr Ludwig 0.17.10 makes the schedule twice, the second time from the end of
        # the first, and trains at a learning rate of 1e-8.
        return {"decay": "one_cycle", "max_lr": train.learning_rate}
    if train.schedule == "cosine":
        return {"decay": "cosine", "t_0": steps}  # without t_0 it starts again every epoch
    return {"decay": None}


def _translate(feature: Config, table: Config) -> list[str]:
    """Bring the feature of a configuration of Ludwig 0.3 to present names, in place."""
    notes: list[str] = []
    keys = table["types"]["image"]
    encoder = feature.get("encoder")
    if encoder is None or isinstance(encoder, str):
        kind = keys["encoder"]["default"] if encoder is None else encoder
        known = {**keys["encoder"]["types"].get(kind, {}), **RENAMED}
        beside = [key for key in feature if key in known and key not in {**table["keys"], **keys}]
        if encoder is not None or beside:
            moved = {key: feature.pop(key) for key in beside}
            feature["encoder"] = {"type": kind} | moved
            inside = ", ".join([f"type: {kind}", *beside])
            notes.append(f"encoder: {kind} is read as encoder: {{{inside}}}")
    if not isinstance(encoder := feature.get("encoder"), dict):
        return notes
    layers = encoder.get("conv_layers")
    holders = [encoder, *(layers if isinstance(layers, list) else [])]
    for holder in [holder for holder in holders if isinstance(holder, dict)]:
        for old in [key for key in holder if key in RENAMED]:
            if RENAMED[old] in holder:
                raise ConfigError(f"'{old}' is the old name of '{RENAMED[old]}', and both are set")
            notes.append(f"{old} is read as {RENAMED[old]}")
        present = {RENAMED.get(key, key): inner for key, inner in holder.items()}  # same order
        holder.clear()
        holder.update(present)
    return list(dict.fromkeys(notes))


def _both() -> str:
    return "one input feature of type image and one output feature of type category"
