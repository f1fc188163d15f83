"""What a terminal of 80 columns shows: figures, names and status words are whole."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ludus.cli import app
from ludus.core import terminal
from ludus.core.cpu_features import description
from ludus.core.types import Cpu
from ludus.tuning import summary
from ludus.tuning.scores import Times, score
from support.paths import BUNDLE

V4 = ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"]
REASON = (
    "it needs IREE's runtime 3.11.0, and this is 3.13.0; install the other one, or build the "
    "target again with /a/path/that/is/long/and/has/no/space/in/it/anywhere/so/that/none/breaks"
)


def shown(part: Any, width: int = 80) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(part, crop=False)
    return capture.get()


@pytest.fixture
def ludus(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs `ludus` in a terminal of 80 columns; gives what it prints, by lines."""
    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments: object) -> list[str]:
        monkeypatch.setattr(sys, "argv", ["ludus", *map(str, arguments)])
        with pytest.raises(SystemExit):
            app.main()
        printed = capsys.readouterr().out
        assert "…" not in printed
        return printed.splitlines()

    return call


# Tables


def test_a_table_that_fits_has_a_line_for_each_row() -> None:
    made = terminal.Whole(("name", "MB"), [("iree", "0.50"), ("ncnn", "10.00")], right=("MB",))
    assert shown(made).splitlines() == ["name     MB", "iree   0.50", "ncnn  10.00"]


@pytest.mark.parametrize("length", [20, 79, 200])
def test_a_table_that_is_too_wide_has_the_names_on_lines_of_their_own(length: int) -> None:
    name, figures = "x" * length, [f"0.99{digit}34" for digit in range(9)]
    headers = ("name", *(f"figure {number}" for number in range(9)))
    lines = shown(terminal.Whole(headers, [(name, *figures)])).splitlines()
    assert lines[2] == name
    assert lines[3].split() == figures
    assert lines[1].split() == " ".join(headers[1:]).split()


def test_reasons_are_wrapped_and_one_that_several_share_is_said_once() -> None:
    rows = [("iree-cuda", "not run", REASON), ("ncnn", "failed", "it broke")]
    rows.append(("godot-cuda", "not run", REASON))
    texts = [text.plain for text in terminal.reasons(rows, 80)]
    assert texts[0].startswith("iree-cuda, godot-cuda: it needs")
    assert " ".join(texts[0].split()) == f"iree-cuda, godot-cuda: {REASON}"
    assert texts[1] == "ncnn: it broke"
    longest = REASON.split()[-1]
    assert all(len(line) <= 80 or longest in line for line in texts[0].splitlines())
    assert longest in shown(terminal.reasons(rows, 80)[0])


def test_a_command_is_one_to_a_shell() -> None:
    text = "ludus evaluate artifacts/bundle --variant iree-cuda --device cuda --out cuda.json"
    lines = terminal.command(text, 60).plain.splitlines()
    assert len(lines) > 1
    assert all(len(line) <= 60 for line in lines)
    assert all(line.endswith(" \\") for line in lines[:-1])
    assert all(line.startswith("  --") for line in lines[1:]), "an option keeps its value"
    assert " ".join(" ".join(lines).replace("\\", "").split()) == text


# Features of CPUs


@pytest.mark.parametrize(
    ("features", "words"),
    [
        (V4, "x86_64 AVX-512"),
        (["avx2", "fma", "f16c"], "x86_64 AVX2"),
        ([*V4, "avx2", "fma", "f16c", "avx512vnni"], "x86_64 AVX-512 AVX2 avx512vnni"),
        (V4[:3], "x86_64 avx512f avx512bw avx512cd"),
        ([], "x86_64"),
    ],
)
def test_a_whole_set_of_features_is_called_by_its_name(features: list[str], words: str) -> None:
    assert description(Cpu(architecture="x86_64", features=features)) == words


# Commands


def test_inspect_of_a_bundle_with_long_names_fits_80_columns(ludus: Any, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(BUNDLE, tmp_path / "bundle"))
    manifest = json.loads((bundle / "manifest.json").read_text())
    variant = manifest["variants"][1]
    variant["cpu"] = {"architecture": "x86_64", "features": V4}
    (row,) = variant["evaluations"]
    names = ["iree-cpu-x86_64-v3-windows", "iree-vulkan-swiftshader"]
    variant["evaluations"] = [row, *({**row, "evaluation": name} for name in names)]
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    lines = ludus("inspect", bundle)
    assert max(map(len, lines)) <= 80
    rows = [line.split() for line in lines]
    assert ["iree-vmvx", "0.04", "MB", "x86_64", "AVX-512", "verified", "1.0000"] in rows
    for name in names:
        assert [name, "verified", "1.0000"] in rows


def test_verify_has_the_reasons_below_the_table(
    ludus: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["iree-cpu-x86_64-v3-windows", "iree-vulkan", "iree-cuda"]
    verified = {"target": names[0], "device": "vulkan-swiftshader", "status": "verified"}
    rows = [
        {**verified, "difference": 6.6e-07, "detail": "largest difference 6.6e-07"},
        {"target": names[1], "device": "vulkan-gpu", "status": "failed", "difference": None,
         "detail": REASON},
        {"target": names[2], "device": "cuda", "status": "not run", "difference": None,
         "detail": REASON},
    ]  # fmt: skip
    monkeypatch.setattr("ludus.cli.verify.verify_bundle", lambda bundle: rows)
    lines = ludus("verify", BUNDLE)
    words = [line.split() for line in lines]
    assert [names[0], "vulkan-swiftshader", "verified", "6.6e-07"] in words
    assert [names[1], "vulkan-gpu", "failed"] in words
    assert [names[2], "cuda", "not", "run"] in words
    below = " ".join(" ".join(lines[lines.index("", 2) :]).split())
    assert below == f"{names[1]} on vulkan-gpu: {REASON} {names[2]} on cuda: {REASON}"
    assert all(len(line) <= 80 for line in lines if "/a/path" not in line)


def test_doctor_has_names_and_versions_whole_and_reasons_below(
    ludus: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "llvmpipe (LLVM 15.0.6, 256 bits) (llvmpipe Mesa 22.3.6 (LLVM 15.0.6))"
    rows = [
        {"kind": "device", "name": "vulkan-swiftshader", "passes": True, "detail": name},
        {"kind": "executor", "name": "triton", "passes": True, "detail": f"server {'7a' * 32}"},
        {"kind": "device", "name": "cuda", "passes": False, "detail": REASON},
    ]
    monkeypatch.setattr("ludus.cli.doctor.rows_here", lambda: rows)
    lines = ludus("doctor")
    said = " ".join(" ".join(lines).split())
    assert f"device vulkan-swiftshader PASS {name} executor" in said
    assert "executor triton PASS server 7a7a7a7a7a7a device cuda no" in said
    assert said.endswith(f"device cuda: {REASON}")


def test_the_table_of_a_search_fits_80_columns() -> None:
    slow, fast = [1234.5, 1250.0, 1300.25], [1034.5, 1050.0, 1100.25]
    found = score([Times(batch=each, threads=16, before=slow, after=fast) for each in (1, 256)])
    text = shown(summary.table(found))
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert text.count(summary.spread(found.together)) == 3
    assert text.count("1250 ms") == text.count("1050 ms") == 2
