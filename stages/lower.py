"""Lower the exported network to MLIR for IREE, one file a row of `lowerings`.

    python -m stages.lower

reads   artifacts/export/model.pt2, params.yaml lowerings
writes  artifacts/lowered/<lowering>.mlir
"""

import argparse
from pathlib import Path

import torch
from iree.turbine import aot
from torch import fx
from torch.export import Dim, ExportedProgram

from ludus.lowering import rewrite
from ludus.params import Lowering, load_params
from ludus.stage import run_stage


def lower(program: Path, lowerings: dict[str, Lowering], out: Path) -> None:
    """Write out/<name>.mlir for each lowering of a torch ExportedProgram."""
    exported = torch.export.load(program)
    image = exported.example_inputs[0][0]
    out.mkdir(parents=True, exist_ok=True)
    for name, lowering in lowerings.items():
        print(f"{name}:")
        _to_mlir(exported, image, lowering).save_mlir(out / f"{name}.mlir")


def _to_mlir(program: ExportedProgram, image: torch.Tensor, lowering: Lowering) -> aot.ExportOutput:
    """One entry function for any batch, or one for each; equal rewrites share their weights."""
    if lowering.batches == "dynamic":
        # Two images: torch.export takes a batch of one for a constant.
        example = image[:1].repeat(2, 1, 1, 1)
        module = _rewritten(program, lowering.rewrites)
        dynamic = torch.export.export(module, (example,), dynamic_shapes=({0: Dim.DYNAMIC},))
        return aot.export(dynamic)
    names = {batch: tuple(lowering.rewrites_for(batch)) for batch in lowering.batches}
    networks = {rewrites: _rewritten(program, list(rewrites)) for rewrites in names.values()}
    keys = {rewrites: f"network_{i}" for i, rewrites in enumerate(networks)}
    holder = torch.nn.ModuleDict({keys[rewrites]: networks[rewrites] for rewrites in networks})
    builder = aot.FxProgramsBuilder(holder)
    for batch in lowering.batches:
        example = image[:1].repeat(batch, 1, 1, 1)
        key = keys[names[batch]]

        @builder.export_program(name=f"batch_{batch}", args=(example,))
        def _(networks: torch.nn.ModuleDict, images: torch.Tensor, key: str = key) -> torch.Tensor:
            answer: torch.Tensor = networks[key](images)
            return answer

    return aot.export(builder)


def _rewritten(program: ExportedProgram, names: list[str]) -> fx.GraphModule:
    module, lines = rewrite(program, names)
    print("  " + "; ".join(lines))
    return module


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, default=Path("artifacts/export/model.pt2"))
    parser.add_argument("--out", type=Path, default=Path("artifacts/lowered"))
    arguments = parser.parse_args()
    lower(arguments.program, load_params().lowerings, arguments.out)


if __name__ == "__main__":
    run_stage(main)
