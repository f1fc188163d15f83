"""stages.train: small real trainings by Ludwig, and what stops one.

`import ludwig.api` takes about half a minute; it is paid once for all tests of this file, and once
more by the test that kills a training.
"""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ludus.config.network import merge, read_config
from ludus.config.training import Train
from ludus.core.errors import ConfigError, DataError
from stages.train import read_split, train
from support.paths import ROOT
from support.trained import FILES

# Ludwig and what it uses warn of this and that, and it swallows the errors that pytest makes of it.
pytestmark = pytest.mark.filterwarnings(r"ignore:::(?!ludus|stages|tests|test_train)")

CONFIG = ROOT / "config.yaml"
ORIGINAL = ROOT / "tests/golden/original-config.yaml"
IMAGES = 601  # the last batch would be of one image
PARAMS = Train(
    epochs=3, batch_size=50, learning_rate=0.003, schedule="one_cycle", seed=1, threads=2
)


def write_split(path: Path, images: int, seed: int) -> None:
    """Pictures of ten kinds, each a bright square at a place of its own, on noise."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, images).astype(np.uint8)
    pixels = rng.integers(0, 120, (images, 28, 28)).astype(np.uint8)
    for picture, label in zip(pixels, labels, strict=True):
        row, column = divmod(int(label), 5)
        picture[4 + row * 12 : 10 + row * 12, 1 + column * 5 : 6 + column * 5] = 220
    np.savez(path, images=pixels, labels=labels)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Training and validation images, and no test images at all."""
    folder = tmp_path_factory.mktemp("prepared")
    write_split(folder / "train.npz", IMAGES, seed=1)
    write_split(folder / "validation.npz", 200, seed=2)
    return folder


@pytest.fixture(scope="session")
def warned() -> None:
    """Ludwig imported, before the tests' own filters of warnings hold."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ludus.training.ludwig  # noqa: F401


@pytest.fixture(scope="session")
def trained(data: Path, warned: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with model/ and training/ of a first training."""
    folder = tmp_path_factory.mktemp("first")
    train(data, CONFIG, PARAMS, folder / "model", folder / "training")
    return folder


def again(data: Path, folder: Path, config: Path = CONFIG, **changes: Any) -> dict[str, bytes]:
    """The files of another training in folder."""
    params = PARAMS.model_copy(update=changes)
    train(data, config, params, folder / "model", folder / "training")
    return read(folder / "model")


def read(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def curve(folder: Path, name: str) -> list[float]:
    rows = (folder / "training/plots/metrics" / f"{name}.tsv").read_text().splitlines()[1:]
    return [float(row.split("\t")[1]) for row in rows]


def answers(folder: Path, split: Path) -> tuple[np.ndarray, np.ndarray]:
    """What the saved network says to images in [0, 1], and the labels."""
    import torch
    from ludwig.api import LudwigModel

    images, labels = read_split(split)
    network = LudwigModel.load(str(folder / "model")).model.cpu().eval()
    (name,) = network.input_features
    with torch.no_grad():
        outputs = network({name: torch.from_numpy(images[:, None] / np.float32(255))})
    (logits,) = [value for key, value in outputs.items() if key.endswith("::logits")]
    return logits.argmax(1).numpy(), labels


def test_the_key_table_is_what_ludwigs_schema_says(warned: None) -> None:
    from ludus.config.network_keys import PATH, from_ludwig

    assert json.loads(PATH.read_text()) == from_ludwig()


def test_the_folder_holds_the_model_and_its_configuration(trained: Path) -> None:
    assert set(read(trained / "model")) == FILES
    assert {path.name for path in trained.iterdir()} == {"model", "training"}


def test_the_configuration_beside_the_model_is_what_ludwig_got(trained: Path) -> None:
    import yaml

    written = yaml.safe_load((trained / "model/config.yaml").read_text())
    assert written == merge(read_config(CONFIG)[0], PARAMS, IMAGES, (28, 28))


def test_output_i_is_label_i(trained: Path) -> None:
    metadata = json.loads((trained / "model/training_set_metadata.json").read_text())
    assert metadata["label"]["idx2str"] == [str(digit) for digit in range(10)]


def test_the_model_kept_is_the_best_by_validation_accuracy(trained: Path, data: Path) -> None:
    said, labels = answers(trained, data / "validation.npz")
    accuracies = curve(trained, "validation/accuracy")
    assert np.mean(said == labels) == pytest.approx(max(accuracies), abs=1e-6)
    assert max(accuracies) > 0.5


def test_the_program_beside_the_model_answers_as_it_does(trained: Path, data: Path) -> None:
    import torch

    images, _ = read_split(data / "validation.npz")
    program = torch.export.load(trained / "model/program.pt2").module()
    with torch.no_grad():
        probabilities = program(torch.from_numpy(images[:, None] / np.float32(255)))
    said, _ = answers(trained, data / "validation.npz")
    assert np.array_equal(probabilities.argmax(1).numpy(), said)


def test_only_the_metrics_that_are_used_are_computed(
    data: Path, warned: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ludus.training.watch import Watch

    seen: list[set[str]] = []

    def note(_: Watch, trainer: Any, *__: Any) -> None:
        seen.extend(set(head._metric_functions) for head in trainer.model.output_features.values())

    monkeypatch.setattr(Watch, "on_epoch_end", note)
    again(data, tmp_path, epochs=1)
    assert seen == [{"loss", "accuracy_micro"}]


def test_each_epoch_is_a_point_of_each_curve(trained: Path) -> None:
    for name in ("train/loss", "train/accuracy", "validation/loss", "validation/accuracy"):
        assert len(curve(trained, name)) == PARAMS.epochs
    last = json.loads((trained / "training/metrics.json").read_text())
    assert last["train"]["loss"] == pytest.approx(curve(trained, "train/loss")[-1])


def test_the_same_params_give_the_same_bytes(trained: Path, data: Path, tmp_path: Path) -> None:
    assert again(data, tmp_path) == read(trained / "model")
    assert curve(tmp_path, "train/loss") == curve(trained, "train/loss")


def test_no_file_names_a_folder_of_this_machine(trained: Path, data: Path) -> None:
    for path in (path for path in trained.rglob("*") if path.is_file()):
        for folder in (trained, data, ROOT):
            assert str(folder).encode() not in path.read_bytes(), path


def test_another_seed_gives_other_weights(trained: Path, data: Path, tmp_path: Path) -> None:
    weights = again(data, tmp_path, seed=2, epochs=1)["model_weights.safetensors"]
    assert weights != (trained / "model/model_weights.safetensors").read_bytes()


def test_the_original_config_trains_the_same_network(
    trained: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert again(data, tmp_path, config=ORIGINAL) == read(trained / "model")
    assert f"{ORIGINAL}: num_filters is read as out_channels\n" in capsys.readouterr().out


@pytest.mark.parametrize("schedule", ["one_cycle", "cosine", "constant"])
def test_each_schedule_lowers_the_loss(
    data: Path, warned: None, tmp_path: Path, schedule: str
) -> None:
    # Ludwig's one_cycle, as it comes, trains at a learning rate of 1e-8 and learns nothing.
    again(data, tmp_path, schedule=schedule, epochs=2)
    first, last = curve(tmp_path, "train/loss")
    assert last < first - 0.1


def test_features_may_have_any_name(data: Path, warned: None, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    text = CONFIG.read_text().replace("image_path", "picture").replace("label", "digit")
    config.write_text(text)
    again(data, tmp_path, config=config, epochs=1)
    assert answers(tmp_path, data / "validation.npz")[0].shape == (200,)


@pytest.mark.parametrize(
    ("layers", "index", "key", "declared", "built"),
    [
        ("conv_layers", 1, "out_channels", 32, "64"),
        ("conv_layers", 0, "kernel_size", 5, "(3, 3)"),
        ("conv_layers", 0, "pool_kernel_size", 3, "2"),
        ("conv_layers", 0, "pool_stride", [2, 1], "2"),
        ("conv_layers", 0, "pool_padding", 1, "0"),
        ("conv_layers", 0, "pool_function", "average", "max"),
        ("conv_layers", 1, "dropout", 0.5, "0.4"),
        ("conv_layers", 0, "dropout", 0.4, "0.0"),
        ("conv_layers", 0, "stride", 2, "(1, 1)"),
        ("conv_layers", 0, "padding", "same", "valid"),
        ("conv_layers", 0, "use_bias", False, "True"),
        ("fc_layers", 0, "output_size", 64, "128"),
        ("fc_layers", 0, "dropout", 0, "0.4"),
    ],
)
def test_a_layer_built_otherwise_than_declared_is_named(
    trained: Path, layers: str, index: int, key: str, declared: Any, built: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        compare(trained, {layers: {index: {key: declared}}})
    assert f"declares {key} {declared} for {layers}[{index}], but Ludwig built {built}" in str(
        raised.value
    )


def test_layers_as_declared_pass(trained: Path) -> None:
    compare(trained, {"conv_layers": {0: {"kernel_size": [3, 3], "pool_function": "max"}}})


def test_a_missing_layer_is_told(trained: Path) -> None:
    with pytest.raises(ConfigError, match=r"declares number of layers 3 for conv_layers, but .* 2"):
        compare(trained, {"conv_layers": {2: {"out_channels": 8}}})


def test_a_head_of_another_size_is_told(trained: Path) -> None:
    with pytest.raises(ConfigError, match=r"declares classes 11 for output_features\[0\]"):
        compare(trained, {}, classes=11)


def compare(
    trained: Path, changes: dict[str, dict[int, dict[str, Any]]], classes: int = 10
) -> None:
    """check_built of the trained network against config.yaml with changes."""
    from ludwig.api import LudwigModel

    from ludus.training.built_layers import check_built

    network = LudwigModel.load(str(trained / "model")).model
    config = deepcopy(read_config(CONFIG)[0])
    for name, layers in changes.items():
        declared = config["input_features"][0]["encoder"][name]
        for index, keys in layers.items():
            if index == len(declared):
                declared.append({})
            declared[index] |= keys
    (encoder,), (head,) = network.input_features.values(), network.output_features.values()
    check_built(config, encoder, head, classes)


def test_a_network_that_ludwig_cannot_build_is_told(
    data: Path, warned: None, tmp_path: Path
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.read_text().replace("kernel_size: 3", "kernel_size: 40"))
    with pytest.raises(ConfigError, match="Ludwig cannot train the network"):
        again(data, tmp_path, config=config)
    assert not (tmp_path / "model").exists()


def test_training_that_diverges_is_an_error(data: Path, warned: None, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"training diverged in epoch 1: .*learning_rate"):
        again(data, tmp_path, learning_rate=1e30, schedule="constant")
    assert not (tmp_path / "model").exists()


def test_an_interrupted_training_leaves_the_model_before_it(
    data: Path, warned: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ludus.training.watch import Watch

    (tmp_path / "model").mkdir()
    (tmp_path / "model/before").touch()
    monkeypatch.setattr(Watch, "on_epoch_end", lambda *_: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        again(data, tmp_path)
    assert set(read(tmp_path / "model")) == {"before"}
    assert not (tmp_path / ".model.partial").exists()


def test_a_killed_training_leaves_nothing_that_stops_the_next(data: Path, tmp_path: Path) -> None:
    params = tmp_path / "params.json"
    params.write_text(PARAMS.model_dump_json())
    killed = (
        "import os, sys; from pathlib import Path\n"
        "from ludus.config.training import Train; from stages.train import train\n"
        "import ludus.training.watch\n"
        "ludus.training.watch.Watch.on_epoch_end = lambda *_: os.kill(os.getpid(), 9)\n"
        "data, config, params, folder = map(Path, sys.argv[1:])\n"
        "train(data, config, Train.model_validate_json(params.read_text()),\n"
        "      folder / 'model', folder / 'training')\n"
    )
    command = [sys.executable, "-c", killed, str(data), str(CONFIG), str(params), str(tmp_path)]
    assert subprocess.run(command, cwd=ROOT, capture_output=True).returncode == -signal.SIGKILL
    assert (tmp_path / ".model.partial").is_dir()
    assert not (tmp_path / "model").exists()
    assert set(again(data, tmp_path, epochs=1)) == FILES
    assert not (tmp_path / ".model.partial").exists()


def test_a_full_disk_is_told_before_training(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))  # type: ignore[attr-defined]
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)) as raised:
        again(data, tmp_path)
    assert (raised.value.errno, raised.value.filename) == (errno.ENOSPC, str(tmp_path / "model"))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_is_told_whatever_the_library_says(
    data: Path, warned: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ludwig.api import LudwigModel

    def save(*_: Any) -> None:
        full = shutil._ntuple_diskusage(10, 10, 0)  # type: ignore[attr-defined]
        monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
        raise RuntimeError("PytorchStreamWriter failed writing file data/0")

    monkeypatch.setattr(LudwigModel, "save", save)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        again(data, tmp_path, epochs=1)
    assert not (tmp_path / "model").exists()
    assert not (tmp_path / ".model.partial").exists()


def test_a_missing_split_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train.npz is missing; run `dvc repro prepare`"):
        again(tmp_path, tmp_path)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 cut short"])
def test_a_corrupt_split_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "train.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"train.npz is (no .npz file|empty)"):
        read_split(path)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": np.zeros((3, 28, 28), np.uint8)}, "is no .npz file.*labels"),
        (
            {"images": np.zeros((3, 28, 28), np.float32), "labels": np.zeros(3, np.uint8)},
            r"images are float32 of shape \[3, 28, 28\], expected uint8 of rank 3",
        ),
        (
            {"images": np.zeros((3, 784), np.uint8), "labels": np.zeros(3, np.uint8)},
            r"images are uint8 of shape \[3, 784\], expected uint8 of rank 3",
        ),
        (
            {"images": np.zeros((3, 28, 28), np.uint8), "labels": np.zeros((3, 1), np.uint8)},
            r"labels are uint8 of shape \[3, 1\], expected uint8 of rank 1",
        ),
        (
            {"images": np.zeros((3, 28, 28), np.uint8), "labels": np.zeros(4, np.uint8)},
            "has 3 images and 4 labels",
        ),
        (
            {"images": np.zeros((0, 28, 28), np.uint8), "labels": np.zeros(0, np.uint8)},
            "has 0 images and 0 labels",
        ),
    ],
)
def test_a_split_of_another_form_is_refused(
    tmp_path: Path, arrays: dict[str, np.ndarray], message: str
) -> None:
    np.savez(tmp_path / "train.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=message):
        read_split(tmp_path / "train.npz")


def test_a_label_that_only_validation_has_is_refused(data: Path, tmp_path: Path) -> None:
    shutil.copy(data / "train.npz", tmp_path)
    images = np.zeros((2, 28, 28), np.uint8)
    np.savez(tmp_path / "validation.npz", images=images, labels=np.array([3, 10], np.uint8))
    with pytest.raises(DataError, match="validation has labels that train has not"):
        again(tmp_path, tmp_path)
