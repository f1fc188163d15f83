"""The real compiler: what it refuses and how to see it again; the modules that are committed."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from ludus.core.errors import ToolError
from ludus.process import toolchains
from ludus.runtimes import devices
from ludus.runtimes.devices import build as probes
from support.needed import absent

DOUBLE = Path(devices.__file__).with_name("double.mlir")
VMVX = probes.FLAGS["cpu"]


def test_a_flag_that_the_compiler_refuses_is_told_with_a_command_to_paste(tmp_path: Path) -> None:
    out = tmp_path / "out.vmfb"
    with pytest.raises(ToolError) as caught:
        toolchains.iree_compile("3.13.0", DOUBLE, [*VMVX, "--iree-opt-levle=O3"], out)
    head, *said, hint, command = str(caught.value).splitlines()
    assert head == "iree-compile ended with exit code 1 and said:"
    assert "Unknown command line argument '--iree-opt-levle=O3'" in said[0]
    assert hint == "to run it again:"
    again = subprocess.run(
        command,
        shell=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert again.returncode == 1
    assert [f"  {line}" for line in again.stdout.splitlines()] == said
    assert list(tmp_path.iterdir()) == [], "neither of them leaves a file"


def test_mlir_that_the_compiler_refuses_is_told_with_its_place(tmp_path: Path) -> None:
    source = tmp_path / "bad.mlir"
    source.write_text("func.func @f() { return 1 }\n")
    with pytest.raises(ToolError, match=r"bad\.mlir:1:\d+: error: ") as caught:
        toolchains.iree_compile("3.13.0", source, VMVX, tmp_path / "out.vmfb")
    command = str(caught.value).splitlines()[-1]
    assert str(source) in command, "the whole path, since it is pasted anywhere"
    assert not (tmp_path / "out.vmfb").exists()


@pytest.mark.parametrize("probe", list(probes.FLAGS))
def test_a_committed_module_is_what_the_compiler_makes_of_its_source(
    probe: str, tmp_path: Path
) -> None:
    out = tmp_path / "double.vmfb"
    toolchains.iree_compile(probes.TOOLCHAIN, DOUBLE, probes.FLAGS[probe], out)
    committed = DOUBLE.with_name(f"double-{probe}.vmfb")
    assert out.read_bytes() == committed.read_bytes(), (
        "again: python -m ludus.runtimes.devices.build"
    )


def test_every_device_has_a_committed_module() -> None:
    assert {device.probe for device in devices.DEVICES.values()} == set(probes.FLAGS)


@pytest.mark.parametrize("word", [word for word in devices.DEVICES if word != "cpu"])
def test_a_device_that_is_here_computes(word: str) -> None:
    reason = devices.why_not(word)
    if reason is not None:
        absent(word, f"no '{word}' here: {reason}")
    opened, name = devices.open_device(word)
    module = devices.Module(DOUBLE.with_name(f"double-{devices.DEVICES[word].probe}.vmfb"), opened)
    assert name
    for _ in range(3):
        answer = module.call("double", np.array([1, -2, 0.5], dtype=np.float32))
        assert answer.tolist() == [2, -4, 1]
