"""Lower the exported network to MLIR for IREE, one file a row of `lowerings`.

    python -m stages.lower

reads   artifacts/export/model.pt2, params.yaml lowerings
writes  artifacts/lowered/<lowering>.mlir, for those of source: torch; what is made of others is
        made when a target is compiled that needs it (ludus/lowering/from_onnx.py)
"""

import argparse
from pathlib import Path

import torch

from ludus.cli.stage import ELSEWHERE, run_stage
from ludus.compile import check_batches
from ludus.config.params import Lowering, load_params
from ludus.core.files import write_text
from ludus.lowering.to_mlir import batch_of, to_mlir


def lower(program: Path, lowerings: dict[str, Lowering], out: Path) -> None:
    """Write out/<name>.mlir for each lowering of a torch ExportedProgram.

    Nothing where the network came without one; who needs it is refused when it is compiled. Raises
    ConfigError for batches that the network does not take.
    """
    out.mkdir(parents=True, exist_ok=True)
    if not program.is_file():
        print(f"nothing to lower: the network came without {program.name}")
        write_text(out / "elsewhere.txt", ELSEWHERE)
        return
    exported = torch.export.load(program)
    for name, lowering in lowerings.items():
        if lowering.source != "torch":
            continue
        check_batches(batch_of(exported), lowering, f"lowerings.{name}")
        print(f"{name}:")
        to_mlir(exported, lowering).save_mlir(out / f"{name}.mlir")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, default=Path("artifacts/export/model.pt2"))
    parser.add_argument("--out", type=Path, default=Path("artifacts/lowered"))
    arguments = parser.parse_args()
    lower(arguments.program, load_params().lowerings, arguments.out)


if __name__ == "__main__":
    run_stage(main)
