"""model.yaml of a network that was made elsewhere, and the shapes that it may give."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ludus.config.model import Data, Random, read_model_description
from ludus.config.params import load_params
from ludus.core.errors import ConfigError, NetworkError
from ludus.core.pictures import Photo
from ludus.export.importers import shapes
from support.paths import ROOT

FILE = Path("network.onnx")
GOOD: dict[str, Any] = {
    "inputs": [{"name": "picture", "shape": [-1, 3, 8, 8]}],
    "outputs": [{"name": "features"}],
    "tests": {"count": 5, "seed": 1, "low": -1, "high": 1},
}
PHOTO = {"kind": "photo", "height": 8, "width": 8, "fit": "crop", "channels": "RGB"}
PHOTO |= {"layout": "NCHW", "scale": 1, "mean": [0, 0, 0], "std": [1, 1, 1]}
DATA = {"file": "tests.npz", "sha256": "0" * 64}


def write(folder: Path, **changes: Any) -> Path:
    path = folder / "model.yaml"
    path.write_text(yaml.safe_dump({**GOOD, **changes}))
    return path


def test_what_is_left_out_is_nothing(tmp_path: Path) -> None:
    description = read_model_description(write(tmp_path))
    assert (description.labels, description.preprocess, description.output.shape) == (
        [],
        None,
        None,
    )
    assert isinstance(description.tests, Random)


def test_pictures_labels_and_data_are_read(tmp_path: Path) -> None:
    description = read_model_description(
        write(tmp_path, preprocess=PHOTO, labels=["a", "b"], tests=DATA)
    )
    assert isinstance(description.preprocess, Photo)
    assert description.labels == ["a", "b"]
    assert isinstance(description.tests, Data)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"inputs": GOOD["inputs"] * 2}, "inputs should be one, and 2 are given"),
        ({"outputs": []}, "outputs should be one, and 0 are given"),
        ({"inputs": [{"name": "x", "shape": []}]}, "inputs.0.shape"),
        (
            {"inputs": [{"name": "x", "shape": [-1, 0]}]},
            "inputs.0.shape.1: should be -1, for any number of images, or at least 1; got 0",
        ),
        (
            {"inputs": [{"name": "x", "shape": [-1, "six"]}]},
            'inputs.0.shape.1: expected a valid integer, got "six"',
        ),
        ({"inputs": [{"name": "x"}]}, "inputs.0.shape: field required"),
        ({"inputs": [{"name": "", "shape": [1]}]}, "inputs.0.name: string should have at least 1"),
        ({"outputs": [{"name": ""}]}, "outputs.0.name: string should have at least 1"),
        (
            {"outputs": [{"name": "picture"}]},
            'outputs.0.name should be another than that of the input; got "picture" for both',
        ),
        (
            {"inputs": [{"name": "x", "shap": [1], "shape": [1]}]},
            "inputs.0.shap: unknown key 'shap', did you mean 'shape'?",
        ),
        (
            {"outputs": [{"nmae": "y", "name": "y"}]},
            "outputs.0.nmae: unknown key 'nmae', did you mean 'name'?",
        ),
        ({"tests": None}, "tests: expected {file, sha256, labelled}, or {count, seed, low, high}"),
        ({"tests": {**DATA, "sha256": "abc"}}, "tests.sha256: string should match"),
        (
            {"tests": {**DATA, "labeled": True}},
            "tests.labeled: unknown key 'labeled', did you mean 'labelled'?",
        ),
        (
            {"tests": {"flie": "tests.npz", "sha256": "0" * 64}},
            "tests.flie: unknown key 'flie', did you mean 'file'?",
        ),
        (
            {"tests": {"count": 0, "seed": 1, "low": 0, "high": 1}},
            "tests.count: expected greater than or equal to 1, got 0",
        ),
        (
            {"tests": {"count": 1, "seed": 1, "low": 1, "high": -1}},
            "tests: low should be below high; got 1 and -1",
        ),
        (
            {"tests": {"count": 1, "seed": 1, "low": 0, "high": 0}},
            "tests: low should be below high; got 0 and 0",
        ),
        ({"labels": {"file": "labels.txt"}}, "labels.sha256: field required"),
        ({"labels": "a"}, 'labels: expected a list, or {file, sha256}, got "a"'),
        (
            {"labels": [True, False]},
            "labels.0: put it in quotes: YAML reads yes, on and true as true, got true\n"
            "  labels.1: put it in quotes: YAML reads no, off and false as false, got false",
        ),
        ({"labels": [7]}, "labels.0: expected a word: put it in quotes, got 7"),
        ({"preprocess": {**PHOTO, "mean": [0]}}, "preprocess: mean should have 3 values"),
        (
            {"preprocess": {**PHOTO, "kind": "foto"}},
            "preprocess.kind: unknown value 'foto', did you mean 'photo'?",
        ),
        (
            {"preprocess": {**PHOTO, "channel": "RGB"}},
            "preprocess.channel: unknown key 'channel', did you mean 'channels'?",
        ),
        (
            {"preprocess": {key: value for key, value in PHOTO.items() if key != "kind"}},
            "preprocess.kind: field required",
        ),
        ({"lables": ["a"]}, "lables: unknown key 'lables', did you mean 'labels'?"),
        ({"surprise": 1}, "surprise: unknown key 'surprise'; known: inputs, labels, outputs"),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    path = write(tmp_path, **changes)
    with pytest.raises(ConfigError) as caught:
        read_model_description(path)
    assert str(caught.value).startswith((f"{path}: ", f"{path} is not as expected:\n"))
    assert said in str(caught.value)
    for word in ("about", ".data.", ".random.", ".photo.", ".drawing.", "value error", "True"):
        assert word not in str(caught.value).removeprefix(str(path))


def test_what_is_long_is_not_shown_whole(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_model_description(write(tmp_path, inputs="x" * 1000))
    assert len(str(caught.value)) < len(str(tmp_path)) + 150


@pytest.mark.parametrize("content", ["null", "7", "- inputs"])
def test_a_file_that_is_no_table_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "model.yaml").write_text(content)
    with pytest.raises(ConfigError, match="the file: expected keys with values, got "):
        read_model_description(tmp_path / "model.yaml")


def test_a_missing_file_says_what_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is missing; params.yaml model.about names it"):
        read_model_description(tmp_path / "model.yaml")


def test_a_file_that_is_no_yaml_is_told(tmp_path: Path) -> None:
    (tmp_path / "model.yaml").write_text("{")
    with pytest.raises(ConfigError, match="is no YAML"):
        read_model_description(tmp_path / "model.yaml")


@pytest.mark.parametrize(
    ("declared", "wanted"),
    [
        (["batch", 3, 8, 8], [-1, 3, 8, 8]),
        (["batch", 3, 8, 8], [4, 3, 8, 8]),
        (["batch", 3, "?", "width"], [-1, 3, 48, 320]),
        ([1, 8], [1, 8]),
    ],
)
def test_model_yaml_may_fix_what_the_file_leaves_open(
    declared: list[shapes.Declared], wanted: list[int]
) -> None:
    shapes.agree(FILE, "x", declared, wanted)


@pytest.mark.parametrize(
    ("declared", "wanted", "said"),
    [
        (
            ["batch", 3, 48, "width"],
            [-1, 3, 48, -1],
            "network.onnx: the dimension 3 of the input 'x', [batch, 3, 48, width], is dynamic, "
            "and only the batch can stay open: give its size in model.yaml, inputs.0.shape, "
            "such as [-1, 3, 48, 320]",
        ),
        (["batch", 3], [-1, -1], "the dimension 1 of the input 'x', [batch, 3], is 3, and only"),
        (["batch", 3], [-1, 4], "the dimension 1 of the input 'x', [batch, 3], is 3, and model"),
        ([1, 3], [-1, 3], "the dimension 0 of the input 'x', [1, 3], is 1, and model.yaml"),
        (["batch", 3], [-1, 3, 8], "is [batch, 3], of 2 dimensions; model.yaml says [-1, 3, 8]"),
    ],
)
def test_a_shape_that_the_file_cannot_have_is_refused(
    declared: list[shapes.Declared], wanted: list[int], said: str
) -> None:
    with pytest.raises(NetworkError) as caught:
        shapes.agree(FILE, "x", declared, wanted)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["input", "state", "sr"], "network.onnx has 3 inputs (input, state, sr), and a bundle's"),
        ([], "network.onnx has 0 inputs (none)"),
    ],
)
def test_but_one_input_is_refused_by_name(names: list[str], said: str) -> None:
    with pytest.raises(NetworkError) as caught:
        shapes.only(FILE, "inputs", names)
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["text", "text-direction"])
def test_the_examples_are_good(name: str) -> None:
    params = load_params(ROOT / "examples" / name / "params.yaml")
    assert params.model.source == "onnx"
    description = read_model_description(ROOT / params.model.about)
    assert description.preprocess is not None
    assert description.input.shape[1:] == description.preprocess.shape
