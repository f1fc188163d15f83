"""Build one target, from what was exported and lowered.

    python -m stages.compile iree-cpu-x86_64      (--everywhere: of the second pipeline)

reads   artifacts/export/, artifacts/lowered/, params.yaml targets.<target>, lowerings
writes  artifacts/targets/<target>/: the module, and variant.json that describes it
"""

from pathlib import Path

from ludus.compile import Sources, compiler
from ludus.config.everywhere import of_pipeline
from ludus.config.params import Params
from ludus.core.errors import UsageError, nearest
from ludus.core.files import replaced_folder
from ludus.core.program import arguments_of, run_stage


def compile_target(name: str, params: Params, export: Path, lowered: Path, out: Path) -> None:
    """Build a target of params into out. Raises ToolError with the tool's output."""
    if name not in params.targets:
        raise UsageError(f"no target '{name}'{nearest(name, set(params.targets))}")
    target = params.targets[name]
    sources = Sources(export=export, lowered=lowered, lowerings=params.lowerings)
    with replaced_folder(out) as folder:
        variant = compiler(target.backend).build(name, target, sources, folder)
        (folder / "variant.json").write_text(variant.model_dump_json(indent=1) + "\n")
    sizes = ", ".join(f"{file.path} {file.bytes / 1e6:.2f} MB" for file in variant.files)
    print(f"{name}: {sizes}")


def main() -> None:
    parser = arguments_of(__doc__, export="artifacts/export", lowered="artifacts/lowered")
    parser.add_argument("target", help="a row of params.yaml targets")
    parser.add_argument("--out", type=Path, help="default: artifacts/targets/<target>")
    parser.add_argument("--everywhere", action="store_true", help="rows of everywhere/params.yaml")
    arguments = parser.parse_args()
    out = arguments.out or Path("artifacts/targets") / arguments.target
    params = of_pipeline(everywhere=arguments.everywhere)
    compile_target(arguments.target, params, arguments.export, arguments.lowered, out)


if __name__ == "__main__":
    run_stage(main)
