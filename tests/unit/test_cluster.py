"""What is known of a cluster before Ray is asked, and the store without Ray."""

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ludus.config.network import trained_on
from ludus.config.params import load_params
from ludus.config.training import Ray, Train
from ludus.core.errors import ClusterError, ConfigError, InstallError, ToolError
from ludus.process import install
from ludus.training.ray import environment
from ludus.training.ray.address import check_listens, check_places, resources, said
from ludus.training.ray.checkpoint_store import CheckpointStore
from support.paths import ROOT

LOSS = {"train/loss": 0.5}


def node(cpus: float, *, gpus: float = 0, alive: bool = True, at: str = "10.0.0.1") -> Any:
    has = {"CPU": cpus, "memory": 1e9} | ({"GPU": gpus} if gpus else {})
    return {"Alive": alive, "Resources": has, "NodeManagerAddress": at}


def train(**edits: Any) -> Train:
    known = {"epochs": 3, "batch_size": 128, "learning_rate": 0.01, "schedule": "one_cycle"}
    return Train.model_validate(known | {"seed": 1, "threads": 0} | edits)


def with_train(text: str, tmp_path: Path) -> Path:
    """params.yaml with other lines behind `backend`."""
    known = (ROOT / "params.yaml").read_text()
    assert "  backend: local" in known
    (tmp_path / "params.yaml").write_text(known.replace("  backend: local", f"  {text}", 1))
    return tmp_path / "params.yaml"


class TestPlaces:
    @pytest.mark.parametrize(
        "nodes",
        [
            [node(2), node(2)],
            [node(4)],
            [node(1), node(3), node(2)],  # 0, 1 and 1
        ],
    )
    def test_two_workers_with_two_cpus_fit(self, nodes: Any) -> None:
        check_places(nodes, Ray(workers=2, cpus=2))

    @pytest.mark.parametrize(
        "nodes",
        [
            [node(3)],
            [node(1), node(1), node(1), node(1)],  # enough together, and too few on each
            [node(2), node(2, alive=False)],
            [],
        ],
    )
    def test_two_workers_with_two_cpus_do_not_fit(self, nodes: Any) -> None:
        with pytest.raises(ClusterError, match="asks for 2 workers with 2 CPUs each"):
            check_places(nodes, Ray(workers=2, cpus=2))

    def test_the_message_says_what_each_node_has(self) -> None:
        nodes = [node(1, at="10.0.0.1"), node(8, gpus=1, at="10.0.0.2")]
        with pytest.raises(ClusterError) as raised:
            check_places(nodes, Ray(address="10.0.0.1:6379", workers=2, gpus=1))
        assert "asks for 2 workers with 1 CPU and 1 GPU each" in str(raised.value)
        assert "10.0.0.1 has 1 CPU; 10.0.0.2 has 8 CPUs and 1 GPU" in str(raised.value)
        assert "lower what params.yaml train.ray says" in str(raised.value)

    def test_a_worker_without_a_gpu_asks_for_none(self) -> None:
        assert resources(Ray(cpus=2)) == {"CPU": 2.0}
        assert said({"GPU": 2.0}) == "0 CPUs and 2 GPUs"


class TestAddress:
    def test_local_needs_nobody_who_listens(self) -> None:
        check_listens("local")

    def test_a_head_that_listens_passes(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            check_listens(f"127.0.0.1:{server.getsockname()[1]}")

    def test_nobody_at_an_address_is_said_at_once(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            free = server.getsockname()[1]
        with pytest.raises(ClusterError) as raised:
            check_listens(f"127.0.0.1:{free}")
        assert f"nothing answers at 127.0.0.1:{free}" in str(raised.value)
        assert f"ray start --head --port={free}" in str(raised.value)

    def test_an_invalid_port_is_refused_with_a_message(self) -> None:
        with pytest.raises(ClusterError, match=r"nothing answers at 127\.0\.0\.1:99999"):
            check_listens("127.0.0.1:99999")

    def test_the_stage_ends_with_the_message_before_it_installs_anything(
        self, tmp_path: Path
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            free = server.getsockname()[1]
        ray = f"backend: ray\n  ray: {{address: '127.0.0.1:{free}'}}\n  #"
        path = with_train(ray, tmp_path)
        text = path.read_text()
        path.write_text(text[: text.index("  ray: #")] + text[text.index("bundle:") :])
        ended = subprocess.run(
            [sys.executable, "-m", "stages.train", "--params", str(path)],
            cwd=ROOT, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr.startswith("error: params.yaml train.ray.address: nothing answers")


class TestParams:
    def test_the_default_is_local_with_one_worker(self) -> None:
        params = load_params(ROOT / "params.yaml").train
        assert (params.backend, params.workers) == ("local", 1)

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("backend: rya", "train.backend: unknown value 'rya', did you mean 'ray'?"),
            ("backend: spark", "train.backend: unknown value 'spark'; known: local, ray"),
        ],
    )
    def test_an_unknown_backend_is_refused(self, line: str, said: str, tmp_path: Path) -> None:
        with pytest.raises(ConfigError) as raised:
            load_params(with_train(line, tmp_path))
        assert said in str(raised.value)

    @pytest.mark.parametrize(
        ("known", "edited", "said"),
        [
            ("    workers: 2", "    worker: 2",
             "train.ray.worker: unknown key 'worker', did you mean 'workers'?"),
            ("address: local", "address: ray://head:10001", "train.ray.address: string should"),
            ("    workers: 2", "    workers: 0",
             "train.ray.workers: expected greater than or equal to 1"),
        ],
    )  # fmt: skip
    def test_train_ray_is_checked(self, known: str, edited: str, said: str, tmp_path: Path) -> None:
        text = (ROOT / "params.yaml").read_text()
        assert known in text
        (tmp_path / "params.yaml").write_text(text.replace(known, edited, 1))
        with pytest.raises(ConfigError) as raised:
            load_params(tmp_path / "params.yaml")
        assert said in str(raised.value)

    def test_workers_share_a_batch_alike(self) -> None:
        with pytest.raises(ValueError, match="batch_size 128 cannot be shared"):
            train(backend="ray", ray={"workers": 3})
        assert train(backend="local", ray={"workers": 3}).workers == 1

    @pytest.mark.parametrize(
        ("images", "workers", "expected"),
        [
            (55_000, 2, 55_000),
            (55_001, 2, 55_000),  # equally many each
            (258, 2, 256),  # of 129 each, in batches of 64, the last would be of one
            (130, 2, 128),
            (257, 1, 256),
            (258, 1, 258),
        ],
    )
    def test_no_worker_has_a_last_batch_of_one(
        self, images: int, workers: int, expected: int
    ) -> None:
        params = train(backend="ray", ray={"workers": workers})
        assert trained_on(images, params) == expected


class TestCheckpointStore:
    def test_events_are_returned_once_and_in_order(self) -> None:
        store = CheckpointStore()
        store.joined(0, "10.0.0.1", 7)
        store.stepped(1, 9)
        assert store.events() == [("joined", (0, "10.0.0.1", 7)), ("stepped", (1, 9))]
        assert store.events() == []

    def test_an_epoch_that_is_trained_again_is_not_told_again(self) -> None:
        store = CheckpointStore()
        for epoch in (1, 2, 2, 3):
            store.evaluated(epoch, 3, LOSS)
        assert [arguments[0] for _, arguments in store.events()] == [1, 2, 3]

    def test_the_last_checkpoint_is_kept(self) -> None:
        store = CheckpointStore()
        assert store.kept() is None
        store.keep({"a": b"1"})
        store.keep({"a": b"2"})
        assert store.kept() == {"a": b"2"}

    def test_the_result_is_what_was_ended_with(self) -> None:
        store = CheckpointStore()
        assert store.result() is None
        store.end("weights")
        assert store.result() == "weights"


class TestEnvironment:
    def test_nothing_happens_where_it_runs_already(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def never(*_: Any) -> None:
            raise AssertionError("must not be called")

        monkeypatch.setattr(environment, "install_environment", never)
        monkeypatch.setattr(environment.os, "execve", never)
        monkeypatch.setattr(sys, "prefix", str(environment.RAY))
        environment.enter()

    def test_the_same_command_goes_on_with_the_other_python(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls: list[Any] = []
        monkeypatch.setattr(environment, "install_environment", lambda *it: calls.append(it))
        monkeypatch.setattr(environment.os, "execve", lambda *called: calls.append(called))
        monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "stages.train", "--out", "x y"])
        environment.enter()
        installed, (python, command, variables) = calls
        assert installed == ("ray", ROOT / ".ray")
        assert python == str(ROOT / ".ray" / "bin" / "python")
        assert command == [python, "-m", "stages.train", "--out", "x y"]
        assert variables["RAY_USAGE_STATS_ENABLED"] == "0"

    def test_an_environment_that_cannot_be_made_is_said(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        def failing(command: list[str]) -> str:
            raise ToolError("uv ended with exit code 2 and said: no room left")

        monkeypatch.setattr(install, "run_tool", failing)
        monkeypatch.setattr(environment, "RAY", tmp_path / ".ray")
        with pytest.raises(InstallError, match="no room left"):
            environment.enter()

    @pytest.mark.parametrize(
        ("token", "given", "expected"),
        [(True, {}, "token"), (False, {}, None), (False, {"RAY_AUTH_TOKEN": "x"}, "token"),
         (True, {"RAY_AUTH_MODE": "disabled"}, "disabled")],
        ids=["in its file", "none", "in a variable", "turned off"],
    )  # fmt: skip
    def test_a_token_of_this_user_is_shown_to_the_cluster(
        self,
        token: bool,
        given: dict[str, str],
        expected: str | None,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_AUTH_MODE"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {**given, "HOME": str(tmp_path)}.items():
            monkeypatch.setenv(name, value)
        if token:
            (tmp_path / ".ray").mkdir()
            (tmp_path / ".ray" / "auth_token").write_text("x")
        calls: list[Any] = []
        monkeypatch.setattr(environment, "install_environment", lambda *_: None)
        monkeypatch.setattr(environment.os, "execve", lambda *called: calls.append(called))
        environment.enter()
        assert calls[0][2].get("RAY_AUTH_MODE") == expected
