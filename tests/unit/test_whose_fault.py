"""An executor's own fault is no result; a fault of the variant is `failed`. All executors show it.

Scripts stand for the programs that executors start: the toolchain's Python and compiler, emulators,
Godot, Triton. They fail always, or only where they are given the variant.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from ludus.bundle.reader import Bundle, read_bundle
from ludus.core.errors import InstallError, ToolError
from ludus.core.types import Executor
from ludus.evaluation.executors import EXECUTORS, ExecutorError, run_module, wine
from ludus.evaluation.executors import triton as in_triton
from ludus.evaluation.results import Result
from ludus.evaluation.run import evaluate
from ludus.export.importers import stablehlo
from ludus.export.importers.trial import try_compiler
from ludus.process import godot, install, prebuilt, toolchains
from support.paths import BUNDLE
from support.reference_sets import repeated

Fault = Literal["executor", "variant"]
PYTHON = {"executor": "exit 1", "variant": "echo; exit 1"}  # after the line that says "ready"
COMPILER = {"executor": "exit 1", "variant": 'for last; do :; done; echo module >"$last"'}
EMULATOR = """\
case "$*" in
--version) echo emulator 1 ;;
*--module=model.vmfb*) exit 3 ;;
esac"""
# In the run of evaluate.gd, the last argument is the folder of the answers.
GODOT = """\
[ "$1" = --version ] && echo 4.6.3.stable && exit 0
for last; do :; done
answer() {{ echo '{{"status": "ran", "message": "", "variant": "iree-vmvx", "device_name": "d",
    "seconds": 1}}' >"$last/run.json"; : >"$last/outputs.bin"; }}
{then}"""
ENGINES = {
    ("godot", "executor"): "exit 3",
    ("godot", "variant"): '[ -e "$3/models" ] && exit 3; answer',
    ("godot-pck", "executor"): 'case "$*" in *--export-pack*) exit 3 ;; *) answer ;; esac',
    ("godot-pck", "variant"): '[ -e "$3/models" ] && exit 3; answer',
}
SERVER = {
    "executor": "sys.exit(1)",
    "variant": """\
given = dict(word.split("=", 1) for word in sys.argv if "=" in word)
if os.listdir(given["--model-repository"]):
    sys.exit(1)
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(given["--http-port"])), Ready).serve_forever()
""",
}


def write(path: Path, script: str, program: str = "/bin/sh") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{program}\n{script}\n")
    path.chmod(0o755)
    return path


def stand_ins(
    monkeypatch: pytest.MonkeyPatch, folder: Path, executor: Executor, fault: Fault
) -> None:
    """Have executors start scripts that fail as the fault says."""
    write(folder / "environment/bin/python", PYTHON[fault])
    write(folder / "environment/bin/iree-compile", COMPILER[fault])
    monkeypatch.setattr(toolchains, "environment", lambda _: folder / "environment")

    for name in ("qemu-aarch64-static", "qemu-riscv64-static", "wine64"):
        write(folder / "emulators" / name, EMULATOR)
    for module in (run_module, wine):
        monkeypatch.setattr(module, "PATH", str(folder / "emulators"))
    monkeypatch.setattr(prebuilt.Prebuilt, "why_not", lambda _: None)

    engine = GODOT.format(then=ENGINES.get((executor, fault), ""))
    monkeypatch.setenv("GODOT", str(write(folder / "godot", engine)))
    monkeypatch.setattr(godot, "ADDON", folder / "addon")
    write(godot.library(), "")

    server = f"import http.server, os, sys\n{SERVER[fault]}"
    monkeypatch.setenv("TRITON_SERVER", str(write(folder / "server", server, sys.executable)))
    library = write(folder / "backends/ludus/libtriton_ludus.so", "")
    monkeypatch.setenv("LUDUS_TRITON_BACKENDS", str(library.parents[1]))
    monkeypatch.setattr(in_triton, "PYTHON", write(folder / "client", ""))
    monkeypatch.setattr(in_triton, "PARTS", {})


def no_network(*_: object) -> str:
    raise ToolError("uv ended with exit code 2", returncode=2)


def run(executor: Executor) -> Result:
    bundle: Bundle = read_bundle(BUNDLE)
    variant = bundle.variant("iree-vmvx")
    if executor == "native":  # its own process cannot be damaged here, and XLA's can
        variant = variant.model_copy(update={"backend": "xla"})
    return evaluate(
        variant,
        BUNDLE,
        "cpu",
        repeated(bundle),
        bundle.manifest,
        evaluation="e",
        executor=executor,
    )


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_executors_own_fault_is_no_result(
    executor: Executor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_ins(monkeypatch, tmp_path, executor, "executor")
    with pytest.raises(ExecutorError, match="exit code"):
        run(executor)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_fault_of_the_variant_is_failed(
    executor: Executor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_ins(monkeypatch, tmp_path, executor, "variant")
    result = run(executor)
    assert (result.status, result.failure) == ("failed", "run")
    assert "exit code" in str(result.reason)


@pytest.mark.parametrize("executor", ["native", "own-runtime", "qemu-aarch64", "wine"])
def test_an_environment_that_cannot_be_installed_is_no_result(
    executor: Executor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment = toolchains.environment
    stand_ins(monkeypatch, tmp_path, executor, "variant")
    monkeypatch.setattr(toolchains, "environment", environment)
    monkeypatch.setattr(toolchains, "TOOLCHAINS", tmp_path / ".toolchains")

    monkeypatch.setattr(install, "run_tool", no_network)
    with pytest.raises(ExecutorError, match="cannot be installed: uv ended with exit code 2"):
        run(executor)


@pytest.mark.parametrize(
    "compiled",
    [lambda file: try_compiler(file, file), stablehlo.answers],
    ids=["trial", "stablehlo"],
)
def test_an_importer_does_not_blame_the_network_for_an_installation(
    compiled: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(toolchains, "TOOLCHAINS", tmp_path / ".toolchains")
    monkeypatch.setattr(install, "run_tool", no_network)
    (tmp_path / "model.mlir").write_text("")
    with pytest.raises(InstallError, match=r"^\.toolchains/iree-.* cannot be installed: uv ended"):
        compiled(tmp_path / "model.mlir")


def test_a_disk_without_space_is_a_fault_of_the_installation(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(_: Path) -> dict[str, str]:
        raise OSError(28, "No space left on device")

    wanted = install.Installation(folder=tmp_path / ".it", digest="0")
    with pytest.raises(InstallError, match=r"^\.it cannot be installed: .*No space left"):
        wanted.install(full)
