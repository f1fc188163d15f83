"""The addon in headless Godot: a call, opening a bundle, memory, frames while networks run.

    python -m benchmarks.engine       (three minutes; needs `dvc repro` and `make addon`)

A call at batch 1 is timed in the engine by GDScript, and beside it, in each round, by IREE's own
iree-benchmark-module on the same file. Figures are medians of a round; of all rounds, the median
and the range are shown. Differences and ratios are formed within a round.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ludus.bundle.reader import read_bundle
from ludus.process import godot
from ludus.runtimes.choosing import choose
from ludus.runtimes.devices import cpu

BUNDLE = Path("artifacts/bundle")
HERE = Path(__file__).parent
ROUNDS = 5
FIXED = "iree-cpu-x86_64-v3"  # the variant that figures of different machines are given for
FRAMES = 1000
LATE = 18.7  # ms; 2 ms after its time
LINUX = {"cpu", "vulkan", "cuda"}  # the drivers of variants that an export for Linux packs


def main() -> None:
    if reason := godot.why_not():
        raise SystemExit(f"the engine cannot be timed: {reason}")
    bundle = read_bundle(BUNDLE)
    best = choose(bundle, "cpu")[0].target
    with tempfile.TemporaryDirectory() as folder:
        project, bare = make_projects(Path(folder))
        tables = [
            calls(project, [FIXED] if best == FIXED else [FIXED, best]),
            opening(project),
            memory(project, bare),
            frames(project),
        ]
    for table in tables:
        Console(width=100).print(table)


def make_projects(folder: Path) -> tuple[Path, Path]:
    """One with the addon and the bundle, whole and as exported for Linux; and one with neither."""
    scripts = {name: HERE / name for name in ("engine.gd", "engine_memory.gd")}
    models = {"models/digits": BUNDLE, "models/linux": for_linux(folder / "linux")}
    bare = folder / "bare"
    bare.mkdir()
    (bare / "project.godot").write_text(godot.PROJECT)
    shutil.copyfile(scripts["engine_memory.gd"], bare / "engine_memory.gd")
    return godot.make_project(folder / "project", scripts | models), bare


def for_linux(out: Path) -> Path:
    """The bundle with the variants that this machine's Linux can run. Returns out."""
    shutil.copytree(BUNDLE, out)
    manifest = json.loads((out / "manifest.json").read_text())
    kept = []
    for variant in manifest["variants"]:
        architecture = (variant["cpu"] or {}).get("architecture", cpu.architecture())
        if variant["driver"] in LINUX and architecture == cpu.architecture():
            kept.append(variant)
        else:
            shutil.rmtree(out / "variants" / variant["target"])
    (out / "manifest.json").write_text(json.dumps(manifest | {"variants": kept}))
    (out / "SHA256SUMS").unlink()
    return out


def ask(project: Path, *arguments: str, script: str = "engine.gd") -> Any:
    """What a function of a script found, in its own process."""
    said = godot.run(project, "--script", f"res://{script}", "--", *arguments, timeout=300)
    return json.loads(said.partition("FOUND ")[2].partition("\n")[0])


def calls(project: Path, targets: list[str]) -> Table:
    """A call at batch 1, by who times it."""
    rounds: dict[str, list[dict[str, float]]] = {target: [] for target in targets}
    for _ in range(ROUNDS):
        for target in targets:
            module = module_only(target)
            found = ask(project, "runs", target)
            outside = [
                run - inside for run, inside in zip(found["run"], found["inside"], strict=True)
            ]
            medians = {key: statistics.median(found[key]) for key in ("run", "inside", "with_data")}
            rounds[target].append(
                medians
                | {
                    "module": module,
                    "outside": statistics.median(outside),
                    "above": medians["run"] - module,
                    "data": medians["with_data"] - medians["run"],
                }
            )
    table = Table("batch 1, microseconds", *targets, title=f"A call, {ROUNDS} rounds")
    for key, label in {
        "module": "iree-benchmark-module",
        "inside": "run_milliseconds",
        "run": "run(), by GDScript",
        "with_data": "set data, run(), get data",
        "outside": "run() above run_milliseconds",
        "above": "run() above iree-benchmark-module",
        "data": "setting and getting data",
    }.items():
        table.add_row(label, *(shown([one[key] for one in rounds[target]]) for target in targets))
    return table


def module_only(target: str) -> float:
    """Microseconds of batch_1 in iree-benchmark-module: the median of 100 repetitions of 5 ms."""
    variant = read_bundle(BUNDLE).variant(target)
    name = next(entry.name for entry in variant.entry_functions if entry.batch == 1)
    program = Path(sys.executable).with_name("iree-benchmark-module")
    ended = subprocess.run(
        [
            str(program),
            f"--module={BUNDLE / variant.files[0].path}",
            "--device=local-sync",
            f"--function={name}",
            "--input=1x1x28x28xf32",
            "--benchmark_format=json",
            "--benchmark_min_time=0.005s",
            "--benchmark_repetitions=100",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    found = json.loads(ended.stdout)["benchmarks"]
    times = [float(one["real_time"]) for one in found if one["run_type"] == "iteration"]
    return statistics.median(times) * {"ms": 1e3, "us": 1.0, "ns": 1e-3}[found[0]["time_unit"]]


def opening(project: Path) -> Table:
    """open() on the CPU: in a new process, and again."""
    table = Table("open(), ms", "size, MB", "first", "later", title=f"Opening, {ROUNDS} processes")
    for label, name in {"whole bundle": "digits", "as exported for Linux": "linux"}.items():
        found = [ask(project, "opens", f"res://models/{name}", "20") for _ in range(ROUNDS)]
        files = (project / "models" / name).rglob("*")
        size = sum(path.stat().st_size for path in files if path.is_file())
        first = [times[0] for times in found]
        later = [statistics.median(times[1:]) for times in found]
        table.add_row(label, f"{size / 1e6:.1f}", shown(first, 2), shown(later, 2))
    return table


def memory(project: Path, bare: Path) -> Table:
    """Of the library on disk, and of the engine with a model that was run above one without."""
    table = Table("MB", "resident above bare", "peak above bare", "bare", title="Size and memory")
    script = "engine_memory.gd"
    without = [ask(bare, "bare", script=script) for _ in range(ROUNDS)]
    bare_kib = {key: statistics.median([one[key] for one in without]) for key in without[0]}
    shown_bare = f"{bare_kib['VmRSS'] * 1024 / 1e6:.1f}"
    for label, argument in {
        "the library alone": "bare",
        "whole bundle": "res://models/digits",
        "as exported for Linux": "res://models/linux",
    }.items():
        found = [ask(project, argument, script=script) for _ in range(ROUNDS)]
        above = {
            key: [(one[key] - bare_kib[key]) * 1024 / 1e6 for one in found] for key in bare_kib
        }
        table.add_row(label, shown(above["VmRSS"]), shown(above["VmHWM"]), shown_bare)
    for kind in ("debug", "release"):
        size = godot.library(kind).stat().st_size / 1e6
        table.add_row(f"{godot.library(kind).name}: {size:.2f}")
    return table


def frames(project: Path) -> Table:
    """Frames at 60 a second, with a network run by run_async() in each, and without."""
    rounds = [ask(project, "frames", str(FRAMES)) for _ in range(3)]
    table = Table(
        "frame, ms", "median", "p99", "longest", f"longer than {LATE}", title="1,000 run_async()"
    )
    for key in ("without", "with"):
        found = [sorted(one[key]) for one in rounds]
        table.add_row(
            f"{key} networks",
            shown([statistics.median(times) for times in found], 2),
            shown([times[len(times) * 99 // 100] for times in found], 2),
            shown([times[-1] for times in found], 2),
            shown([sum(time > LATE for time in times) for times in found], 0),
        )
    longer = [max(one["with"]) - max(one["without"]) for one in rounds]
    table.add_row("with above without", "", "", shown(longer, 2))
    start = [statistics.median(one["start"]) / 1e3 for one in rounds]
    slowest = [max(one["start"]) / 1e3 for one in rounds]
    table.add_row("run_async() itself", shown(start, 3), "", shown(slowest, 2))
    completed = [one["completed"] for one in rounds]
    table.add_row("of 1,000, completed", shown(completed, 0))
    return table


def shown(values: Sequence[float], digits: int = 1) -> str:
    """The median and the range."""
    median, least, most = statistics.median(values), min(values), max(values)
    return f"{median:.{digits}f} ({least:.{digits}f} to {most:.{digits}f})"


if __name__ == "__main__":
    main()
