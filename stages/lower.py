"""Lower the exported network to MLIR for IREE, one file a row of `lowerings`.

    python -m stages.lower                (--everywhere: of the second pipeline)

reads   artifacts/export/model.pt2, params.yaml lowerings
writes  artifacts/lowered/<lowering>.mlir, for those of source: torch; the compile stage makes the
        others for the targets that need them (ludus/lowering/from_onnx.py).
        artifacts/lowered/<lowering>.json: the row and the sha256 of its MLIR, on which the targets
        that use the row depend, so that an edited row compiles no other target again
"""

import hashlib
from pathlib import Path

import torch

from ludus.config.elsewhere import ELSEWHERE
from ludus.config.everywhere import of_pipeline
from ludus.config.lowerings import NONE, Lowering
from ludus.core.files import write_json, write_text
from ludus.core.program import arguments_of, run_stage
from ludus.lowering.batches import check_batches
from ludus.lowering.to_mlir import batch_of, to_mlir


def lower(program: Path, lowerings: dict[str, Lowering], out: Path) -> None:
    """Write out/<name>.mlir for each lowering of a torch ExportedProgram.

    Writes none if there is no ExportedProgram; the compile stage then refuses targets that need
    one. Raises ConfigError for batches that the network does not take.
    """
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / f"{NONE}.json", {})
    exported = torch.export.load(program) if program.is_file() else None
    if exported is None:
        print(f"nothing to lower: the network came without {program.name}")
        write_text(out / "elsewhere.txt", ELSEWHERE)
    for name, lowering in lowerings.items():
        mlir = out / f"{name}.mlir"
        if exported is not None and lowering.source == "torch":
            check_batches(batch_of(exported), lowering, f"lowerings.{name}")
            print(f"{name}:")
            to_mlir(exported, lowering).save_mlir(mlir)
        sha256 = hashlib.sha256(mlir.read_bytes()).hexdigest() if mlir.exists() else None
        write_json(out / f"{name}.json", {"row": lowering.model_dump(), "mlir_sha256": sha256})


def main() -> None:
    parser = arguments_of(__doc__, program="artifacts/export/model.pt2", out="artifacts/lowered")
    parser.add_argument("--everywhere", action="store_true", help="rows of everywhere/params.yaml")
    arguments = parser.parse_args()
    params = of_pipeline(everywhere=arguments.everywhere)
    lower(arguments.program, params.lowerings, arguments.out)


if __name__ == "__main__":
    run_stage(main)
