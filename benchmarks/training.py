"""Time to 99 % of validation: the train stage against plain loops of PyTorch, in turns.

    python -m benchmarks.training [SEED ...]       (some minutes; needs `dvc repro prepare`)

Each run is a new process, ended once its validation accuracy is 0.99. Three times are taken:
of its fastest epoch with its evaluation, which other work on the machine disturbs least; from the
line that says that the libraries have loaded; and from the start of the process. The ratios are
the train stage's time divided by the peer's: smaller is faster. All runs are added to
artifacts/training-benchmark.json.
"""

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from ludus.process.isolated import limited
from ludus.process.tools import TIME_LIMIT

GOAL = 0.99
OUT = Path("artifacts/training-benchmark.json")
PEERS = ["plain", "plain, quick"]
Run = dict[str, str | int | float]


def commands(seed: int, folder: Path) -> dict[str, list[str]]:
    """The command of each runner; folder takes what the train stage writes."""
    params = yaml.safe_load(Path("params.yaml").read_text())
    params["train"]["seed"] = seed
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    places = {"params": "params.yaml", "out": "model", "live": "live"}
    options = [f"--{option}={folder / name}" for option, name in places.items()]
    plain = [sys.executable, "-m", "benchmarks.plain_training", f"--seed={seed}"]
    return {
        "train stage": [sys.executable, "-m", "stages.train", *options],
        "plain": plain,
        "plain, quick": [*plain, "--quick"],
    }


def run(name: str, seed: int, command: list[str]) -> Run:
    """Seconds until GOAL is reached. Raises RuntimeError where it is not."""
    started = loaded = before = time.perf_counter()
    epochs: list[float] = []
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process,
        limited([process.pid], TIME_LIMIT) as expired,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            now = time.perf_counter()
            if "has loaded" in line:
                loaded = before = now
            found = re.match(r"epoch +(\d+)/.*validation/accuracy ([\d.]+)", line)
            if found:
                epochs.append(now - before)
                before = now
            if found and float(found[2]) >= GOAL:
                process.kill()
                return {
                    "runner": name,
                    "seed": seed,
                    "epochs": int(found[1]),
                    "fastest_epoch": round(min(epochs), 2),
                    "seconds": round(now - loaded, 2),
                    "seconds_with_imports": round(now - started, 2),
                }
    within = f" within {TIME_LIMIT:g} s" if expired.is_set() else ""
    raise RuntimeError(f"{name} does not reach {GOAL} of validation with seed {seed}{within}")


def ratios(runs: list[Run], peer: str, key: str) -> list[float]:
    """The train stage's time by the peer's, for each seed."""
    times = {(one["runner"], one["seed"]): float(one[key]) for one in runs if key in one}
    seeds = [seed for runner, seed in times if runner == "train stage" and (peer, seed) in times]
    return [times["train stage", seed] / times[peer, seed] for seed in seeds]


def main() -> None:
    seeds = [int(word) for word in sys.argv[1:]] or [1, 2, 3]
    runs: list[Run] = json.loads(OUT.read_text()) if OUT.exists() else []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            for name, command in commands(seed, Path(folder)).items():
                runs.append(one := run(name, seed, command))
                print(one, flush=True)
        OUT.write_text(json.dumps(runs, indent=1) + "\n")
    for key in ("fastest_epoch", "seconds", "seconds_with_imports"):
        for peer in PEERS:
            found = sorted(ratios(runs, peer, key))
            print(
                f"{key}: train stage / {peer}: {statistics.median(found):.2f} "
                f"({found[0]:.2f} to {found[-1]:.2f}, {len(found)} runs)"
            )


if __name__ == "__main__":
    main()
