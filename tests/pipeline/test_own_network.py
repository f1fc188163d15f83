"""A network that was made elsewhere takes the place of the digits', and they come back."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from support.small_project import Ended, Project, tree

ABOUT = """\
inputs: [{name: x, shape: [-1, 6]}]
outputs: [{name: y}]
tests: {count: 12, seed: 1, low: -1, high: 1}
"""
GIVES_WAY = ["download", "prepare", "train"]


def write_network(path: Path, seed: int) -> None:
    """A dense layer and a softmax, [N, 6] to [N, 4]."""
    weights = np.random.default_rng(seed).standard_normal((6, 4)).astype(np.float32)
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Softmax", ["h"], ["y"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "main",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 4])],
        [onnx.numpy_helper.from_array(weights, "w")],
    )
    opsets = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)


class TestAnOnnxFileIsNamed:
    @pytest.fixture(scope="class")
    @classmethod
    def before(cls, project: Project) -> dict[str, str]:
        project.check("git", "add", "dvc.lock")
        project.check("git", "commit", "--quiet", "-m", "the first run")
        return tree(project.artifacts / "bundle")

    @pytest.fixture(scope="class")
    @classmethod
    def run(cls, project: Project, before: dict[str, str]) -> Ended:
        write_network(project.folder / "network.onnx", seed=1)
        (project.folder / "model.yaml").write_text(ABOUT, encoding="utf-8")
        with project.edited_params() as params:
            params["model"] = {"source": "onnx", "file": "network.onnx", "about": "model.yaml"}
            params["gate"]["accuracy"] = 0
            params["lowerings"] = {"one": {"source": "onnx", "rewrites": [], "batches": [1]}}
            vmvx = params["targets"]["iree-vmvx"] | {"lowering": "one"}
            params["targets"] = {"iree-vmvx": vmvx, "onnx": {"backend": "onnx", "lowering": "none"}}
            params["evaluations"] = {
                name: {"target": name, "device": "cpu", "executor": "native", "required": True}
                for name in params["targets"]
            }
            params["benchmark"]["comparisons"] = []
        return project.repro()

    def test_what_makes_digits_gives_way_and_says_so(self, project: Project, run: Ended) -> None:
        assert run.ran[:4] == [*GIVES_WAY, "export"]
        assert run.said.count("nothing to do: the network is network.onnx") == len(GIVES_WAY)

    def test_it_is_verified_by_agreement(self, project: Project, run: Ended) -> None:
        for row in project.results().values():
            assert (row["status"], row["images"], row["agreement"]) == ("verified", 12, 1)
            assert row["accuracy"] is None

    def test_the_bundle_is_the_networks(self, project: Project, run: Ended) -> None:
        manifest = project.json("artifacts/bundle/manifest.json")
        assert manifest["outputs"][0]["shape"] == [-1, 4]
        assert manifest["labels"] == []
        assert manifest["preprocess"] is None
        rows = project.asked("ludus", "verify", "artifacts/bundle", "--json")
        assert {row["status"] for row in rows} == {"verified"}

    def test_with_nothing_to_do_only_the_probe_is_run(self, project: Project, run: Ended) -> None:
        assert project.repro().ran == ["probe"]

    def test_another_file_is_imported_and_no_data_are_touched(
        self, project: Project, run: Ended
    ) -> None:
        write_network(project.folder / "network.onnx", seed=2)
        again = project.repro()
        assert again.ran[:2] == ["train", "export"]
        assert "compile@iree-vmvx" in again.ran
        assert not {"download", "prepare"} & {*again.ran}

    def test_the_digits_come_back_from_the_cache(
        self, project: Project, run: Ended, before: dict[str, str]
    ) -> None:
        project.check("git", "checkout", "--quiet", "params.yaml", "dvc.lock")
        back = project.repro()
        # The evaluation "onnx" left its file, which the sweep removes.
        assert back.ran == ["probe", "sweep"]
        assert {*GIVES_WAY, "export"} <= {*back.restored}
        assert tree(project.artifacts / "bundle") == before
