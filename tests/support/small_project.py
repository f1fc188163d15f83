"""A copy of this project with little data, and commands that are run in it as a user would."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from ludus.data.idx import write_idx
from ludus.process.toolchains import TOOLCHAINS
from support.paths import ROOT, SMALL_DIGITS

IDX_FILES = {
    "train-images-idx3-ubyte": "train_images",
    "train-labels-idx1-ubyte": "train_labels",
    "t10k-images-idx3-ubyte": "test_images",
    "t10k-labels-idx1-ubyte": "test_labels",
}
# One row of each kind: the matrix itself is what `make repro-all` runs, and tests/results reads. An
# IREE target for this CPU, one for another machine, one of bytecode, and the other backends.
TARGETS = ("iree-cpu-x86_64", "iree-metal", "iree-vmvx", "onnx", "ncnn", "torchscript")
EVALUATIONS = ("iree-cpu-x86_64", "iree-metal", "iree-vmvx", "onnx-cpu", "ncnn-cpu",
               "torchscript-cpu", "godot-cpu", "godot-cpu-pck")  # fmt: skip
# Of the second pipeline. No prebuilt dependency is here, so what an emulator would run is not run.
EVERYWHERE = {
    "lowerings": ("onnx",),
    "targets": ("iree-cpu-x86_64-onnx",),
    "evaluations": ("iree-cpu-x86_64-onnx",),
    "systems": ("iree-cpu-x86_64-windows",),
}
# The engine is for tests/godot; here it is a machine without one.
NO_GODOT = "/no/godot"
GIT_NAMES = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "test"), ("EMAIL", "test@localhost"))
}


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A command that ended: what it said (both streams), and what DVC says that it did."""

    exit_code: int
    said: str

    @property
    def ran(self) -> list[str]:
        """The stages whose command was run, in order."""
        return re.findall(r"^Running stage '(.+)':$", self.said, re.MULTILINE)

    @property
    def restored(self) -> list[str]:
        """The stages whose outputs DVC had kept from an earlier run on the same inputs."""
        return re.findall(r"^Stage '(.+)' is cached - skipping run", self.said, re.MULTILINE)

    @property
    def unchanged(self) -> list[str]:
        return re.findall(r"^Stage '(.+)' didn't change, skipping$", self.said, re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Project:
    """A small copy in a temporary folder."""

    folder: Path

    @property
    def artifacts(self) -> Path:
        return self.folder / "artifacts"

    def start(self, *command: str, errors: int = subprocess.STDOUT) -> "subprocess.Popen[str]":
        """Start a command in a process group of its own; stdout is a pipe, and stderr the same."""
        programs = str(Path(sys.executable).parent)
        environment = {key: value for key, value in os.environ.items() if key[:4] != "DVC_"}
        environment |= GIT_NAMES | {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.folder),  # the copy's ludus, not the installed one
            "COLUMNS": "100",
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(self.folder.with_name(f"{self.folder.name}.dvc-site")),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GODOT": NO_GODOT,
            # Nor has it a Vulkan driver: the one in software takes minutes of the benchmark.
            "VK_LOADER_DRIVERS_DISABLE": "*",
        }
        return subprocess.Popen(
            # A shell ignores Ctrl-C for what it starts in the background, and so would we.
            ["env", "--default-signal=INT", *command],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )

    def run(self, *command: str) -> Ended:
        with self.start(*command) as process:
            said, _ = process.communicate()
        return Ended(exit_code=process.returncode, said=said)

    def check(self, *command: str) -> str:
        """What a command says that must succeed."""
        ended = self.run(*command)
        assert ended.exit_code == 0, f"{command} ended with {ended.exit_code}:\n{ended.said}"
        return ended.said

    def asked(self, *command: str) -> Any:
        """The JSON that a command prints, which must succeed."""
        with self.start(*command, errors=subprocess.PIPE) as process:
            said, errors = process.communicate()
        assert process.returncode == 0, f"{command} ended with {process.returncode}:\n{errors}"
        return json.loads(said)

    def repro(self, *arguments: str) -> Ended:
        """`dvc repro` that must succeed."""
        ended = self.run("dvc", "repro", *arguments)
        assert ended.exit_code == 0, f"dvc repro {arguments}:\n{ended.said}"
        return ended

    @contextmanager
    def edited_params(self, name: str = "params.yaml") -> Iterator[dict[str, Any]]:
        """The values of params.yaml, or of another file, written back when the block ends."""
        path = self.folder / name
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        yield values
        path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")

    def json(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def results(self) -> dict[str, dict[str, Any]]:
        """The report's row of each evaluation."""
        return {row["evaluation"]: row for row in self.json("artifacts/report/results.json")}

    def evaluations_of(self, target: str) -> list[str]:
        """The stages that evaluate a target: here, and on other machines."""
        rows = self.results().values()
        return [f"evaluate@{row['evaluation']}" for row in rows if row["target"] == target]

    def variants(self) -> list[str]:
        """The targets that the bundle holds, by its manifest."""
        return [row["target"] for row in self.json("artifacts/bundle/manifest.json")["variants"]]

    def copy_to(self, folder: Path) -> "Project":
        """Another, whose DVC cache has the same files: nobody writes in those."""
        cache = Path(".dvc") / "cache"
        left_out = shutil.ignore_patterns("cache")
        shutil.copytree(
            self.folder,
            folder,
            symlinks=True,
            ignore=lambda at, names: left_out(at, names) if Path(at).name == ".dvc" else [],
        )
        if (self.folder / cache).exists():
            shutil.copytree(self.folder / cache, folder / cache, copy_function=os.link)
        return Project(folder=folder)


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A project whose pipeline was run from nothing. Tests read it, and change copies alone."""

    project: Project
    run: Ended
    git_status: str


def small_copy(folder: Path) -> Project:
    """Copy what Git has of this project, or would take, to folder; make its data and params small.

    The data stand in data/incoming, where the source "folder" looks, and stages/download.py of
    the copy expects their checksums.
    """
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    for name in filter(None, listed):
        # A name may be of a file that was deleted and not yet committed so. Without the lock file
        # no stage was ever run.
        if (ROOT / name).is_file() and name != "dvc.lock":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    TOOLCHAINS.mkdir(exist_ok=True)  # what is installed there is shared
    (folder / ".toolchains").symlink_to(TOOLCHAINS)
    sums = write_digits(folder / "data" / "incoming")
    download = folder / "stages" / "download.py"
    source = download.read_text(encoding="utf-8")
    for name, sha256 in sums.items():
        source, count = re.subn(rf'("{name}": )"[0-9a-f]{{64}}"', rf'\1"{sha256}"', source)
        assert count == 1, f"stages/download.py has {count} checksums of {name}"
    download.write_text(source, encoding="utf-8")

    project = Project(folder=folder)
    with project.edited_params() as params:
        params["data"] |= {"sources": ["folder"], "validation": 100}
        params["train"] |= {"epochs": 3, "batch_size": 16}
        params["gate"]["accuracy"] = 0.5
        params["targets"] = {name: params["targets"][name] for name in TARGETS}
        params["evaluations"] = {name: params["evaluations"][name] for name in EVALUATIONS}
        for name in ("godot-cpu", "godot-cpu-pck"):
            params["evaluations"][name]["target"] = "iree-vmvx"
        used = {row["lowering"] for row in params["targets"].values()} - {"none"}
        params["lowerings"] = {name: params["lowerings"][name] for name in sorted(used)}
        params["lowerings"]["winograd-gpu"]["batches"] = [1, 16]
        speed = params["benchmark"]
        speed |= {"seconds": 0.1, "rounds": 3, "curve": [1, 16], "slowest_call": 0.01}
        speed |= {"curve_seconds": 0.05, "curve_rounds": 3}
        # All are of targets that are left out; the report's own tests have more.
        compared = {"target": "iree-cpu-x86_64", "batch": 1, "against": "onnx"}
        speed["comparisons"] = [speed["comparisons"][0] | compared]
    with project.edited_params("everywhere/params.yaml") as params:
        for table, names in EVERYWHERE.items():
            params[table] = {name: params[table][name] for name in names}
    project.check("git", "init", "--quiet")
    (folder / ".git" / "info" / "exclude").write_text("/.toolchains\n", encoding="utf-8")
    project.check("git", "add", ".")
    project.check("git", "commit", "--quiet", "-m", "a small copy")
    return project


def write_digits(folder: Path) -> dict[str, str]:
    """Write the small data as IDX files; the sha256 of each."""
    folder.mkdir(parents=True)
    with np.load(SMALL_DIGITS) as arrays:
        for name, array in IDX_FILES.items():
            write_idx(folder / name, arrays[array])
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in IDX_FILES}


def tree(folder: Path) -> dict[str, str]:
    """The sha256 of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def half_written(project: Project) -> list[Path]:
    """What is left under a temporary name, by any stage."""
    places = (project.folder / "data", project.artifacts)
    return [path for place in places for path in place.rglob("*.partial")]


def wait_for(process: "subprocess.Popen[str]", word: str, seconds: float = 120) -> None:
    """Wait until a process of the group that `process` leads has word on its command line."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.poll() is None, f"it ended before '{word}' was run"
        if any(word in line for line in command_lines(process.pid)):
            return
        time.sleep(0.02)
    raise AssertionError(f"'{word}' was not run within {seconds} s")


def command_lines(group: int) -> list[str]:
    """The command lines of the processes of a group that are alive."""
    lines = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # pid (name) state parent group ...; the name may hold anything
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[2]) == group and fields[0] != "Z":
                    lines.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended meanwhile
    return lines
