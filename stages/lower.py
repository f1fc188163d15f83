"""Lower the exported network to MLIR for IREE, one file a row of `lowerings`.

    python -m stages.lower

reads   artifacts/export/model.pt2, params.yaml lowerings
writes  artifacts/lowered/<lowering>.mlir, for those of source: torch; what is made of others is
        made when a target is compiled that needs it (ludus/lowering/from_onnx.py)
"""

from pathlib import Path

import torch

from ludus.compile import check_batches
from ludus.config.elsewhere import ELSEWHERE
from ludus.config.lowerings import Lowering
from ludus.config.params import load_params
from ludus.core.files import write_text
from ludus.core.program import arguments_of, run_stage
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
    arguments = arguments_of(
        __doc__, program="artifacts/export/model.pt2", out="artifacts/lowered"
    ).parse_args()
    lower(arguments.program, load_params().lowerings, arguments.out)


if __name__ == "__main__":
    run_stage(main)
