"""`ludus`, as a person and as a program meet it: what it prints and how it ends."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ludus.bundle.reader import read_bundle
from ludus.cli import app
from ludus.evaluation.executors import EXECUTORS
from ludus.evaluation.results import attest, read_result
from ludus.process import toolchains
from ludus.runtimes import devices, out_of_process
from ludus.runtimes.devices import cpu
from support.paths import ROOT

GOOD = ROOT / "tests" / "golden" / "bundle"
TENSORS = ROOT / "tests" / "golden" / "tensor-bundle"
DRAWINGS = ROOT / "tests" / "golden" / "drawings"

# Exit code, standard output, standard error of a call.
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ludus(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs `ludus` in this process, on a machine whose one device is its CPU."""
    reasons = {"vulkan": "there is no Vulkan loader", "cuda": "there is no NVIDIA driver"}
    why_not = devices.why_not

    def here(word: str) -> str | None:
        devices.known_device(word)
        return why_not(word) if word == "cpu" else reasons.get(word, "it is not here")

    monkeypatch.setattr(devices, "why_not", here)
    monkeypatch.setattr(toolchains, "names", list)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ludus", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            app.main()
        captured = capsys.readouterr()
        return int(caught.value.code or 0), captured.out, captured.err

    return call


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A copy of the good bundle, to be broken."""
    return Path(shutil.copytree(GOOD, tmp_path / "bundle"))


@pytest.fixture
def tests(tmp_path: Path) -> Path:
    """The golden images as a test set."""
    golden = read_bundle(GOOD)
    path = tmp_path / "reference.npz"
    np.savez(
        path,
        images=golden.golden().inputs,
        labels=np.array(golden.manifest.golden.labels, dtype=np.uint8),
        probabilities=np.array(golden.manifest.golden.probabilities, dtype=np.float32),
    )
    return path


def edit(bundle: Path, change: Callable[[Any], None]) -> None:
    """Change a bundle's manifest."""
    values = json.loads((bundle / "manifest.json").read_text())
    change(values)
    (bundle / "manifest.json").write_text(json.dumps(values))


def spoil_answers(manifest: Any) -> None:
    manifest["golden"]["probabilities"][0][0] = 0.5


def no_number(manifest: Any) -> None:
    manifest["preprocess"]["scale"] = 1e36


# doctor


def test_doctor_lists_each_device_and_runtime(ludus: Call) -> None:
    code, out, _ = ludus("doctor", "--json")
    rows = {(row["kind"], row["name"]): row for row in json.loads(out)}
    assert code == 0
    assert rows["device", "cpu"]["passes"] is True
    assert rows["device", "cuda"]["passes"] is False
    assert rows["device", "cuda"]["detail"] == "there is no NVIDIA driver"
    assert rows["runtime", "iree"]["passes"] is True
    assert {name for kind, name in rows if kind == "device"} == set(devices.DEVICES)


def test_doctor_prints_pass_or_the_reason(ludus: Call) -> None:
    code, out, _ = ludus("doctor")
    lines = [line.split() for line in out.splitlines()]
    assert code == 0
    assert ["device", "cpu", "PASS"] in [line[:3] for line in lines]
    assert ["device", "cuda", "no"] in lines
    assert "device cuda: there is no NVIDIA driver" in out.splitlines()


@pytest.mark.parametrize(
    ("installed", "passes", "detail"),
    [
        ([], False, "iree-1.0.0, iree-2.0.0: not installed yet; it will be when a target needs it"),
        (
            ["1.0.0"],
            False,
            "rt 1.0.0; iree-2.0.0: not installed yet; it will be when a target needs it",
        ),
        (["1.0.0", "2.0.0"], True, "rt 1.0.0; rt 2.0.0"),
    ],
)
def test_doctor_passes_no_runtime_that_is_not_installed(
    ludus: Call,
    monkeypatch: pytest.MonkeyPatch,
    installed: list[str],
    passes: bool,
    detail: str,
) -> None:
    monkeypatch.setattr(toolchains, "versions", lambda: ["1.0.0", "2.0.0"])
    monkeypatch.setattr(toolchains, "is_installed", lambda name: name in installed)
    monkeypatch.setattr(out_of_process, "runtime_of", lambda name: f"rt {name}")
    _, out, _ = ludus("doctor", "--json")
    rows = {(row["kind"], row["name"]): row for row in json.loads(out)}
    row = rows["executor", "own-runtime"]
    assert (row["passes"], row["detail"]) == (passes, detail)


# inspect


def test_inspect_shows_what_goes_in_and_out_and_each_variant(ludus: Call) -> None:
    code, out, _ = ludus("inspect", GOOD)
    assert code == 0
    for said in (
        "golden 1.0.0",
        "input/0   image: FP32 [-1, 1, 28, 28]",
        "output/0  probabilities: FP32 [-1, 10]",
        "labels    0, 1, 2, 3, 4, 5, 6, 7, 8, 9",
    ):
        assert said in out.splitlines()
    row = next(line.split() for line in out.splitlines() if "iree-vmvx" in line)
    assert row == ["iree-vmvx", "0.04", "MB", "cpu", "verified", "1.0000"]


def test_inspect_as_json_is_the_manifest(ludus: Call) -> None:
    code, out, _ = ludus("inspect", GOOD, "--json")
    assert code == 0
    assert json.loads(out) == json.loads((GOOD / "manifest.json").read_text())


@pytest.mark.parametrize("command", ["inspect", "verify"])
@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_a_bad_bundle_is_one_message_and_exit_code_1(
    ludus: Call, bundle: Path, command: str, as_json: list[str]
) -> None:
    module = bundle / "variants" / "iree-vmvx" / "model.vmfb"
    module.write_bytes(module.read_bytes()[:-1])
    code, out, err = ludus(command, bundle, *as_json)
    assert (code, out) == (1, "")
    says = "has 44429 bytes, and manifest.json says 44430; copy the bundle again"
    assert err == f"error: {module} {says}\n"


def test_what_is_no_bundle_is_told(ludus: Call, tmp_path: Path) -> None:
    code, _, err = ludus("inspect", tmp_path)
    assert (code, err.count("\n")) == (1, 1)
    assert "manifest.json cannot be read: it is missing; is this a bundle?" in err


# verify


def test_verify_says_of_each_variant_whether_it_was_run(ludus: Call) -> None:
    code, out, _ = ludus("verify", GOOD, "--json")
    rows = {row["target"]: row for row in json.loads(out)}
    assert code == 0
    assert rows["iree-vmvx"]["status"] == "verified"
    assert rows["iree-vulkan"]["status"] == "not run"
    assert rows["iree-vulkan"]["detail"] == "there is no Vulkan loader"


def test_verify_prints_a_row_each(ludus: Call) -> None:
    code, out, _ = ludus("verify", GOOD)
    rows = [line.split()[:4] for line in out.splitlines()]
    assert code == 0
    assert out.splitlines()[0] == f"{GOOD}: every file is as manifest.json says"
    (verified,) = [row for row in rows if row[:3] == ["iree-vmvx", "cpu", "verified"]]
    assert float(verified[3]) < 1e-5
    assert ["iree-vulkan", "vulkan", "not", "run"] in rows
    assert out.splitlines()[-1] == "iree-vulkan on vulkan: there is no Vulkan loader"


def test_verify_fails_where_golden_answers_differ(ludus: Call, bundle: Path) -> None:
    edit(bundle, spoil_answers)
    code, out, _ = ludus("verify", bundle, "--json")
    row = json.loads(out)[1]
    assert (code, row["status"]) == (1, "failed")
    assert "iree-vmvx on 'cpu' differs from the golden answers by 0.49" in row["detail"]


@pytest.mark.filterwarnings("ignore:overflow")
def test_verify_fails_where_answers_are_no_numbers(ludus: Call, bundle: Path) -> None:
    edit(bundle, no_number)
    code, out, _ = ludus("verify", bundle, "--json")
    assert (code, json.loads(out)[1]["status"]) == (1, "failed")


def test_verify_fails_where_nothing_could_be_run(ludus: Call, bundle: Path) -> None:
    def none_here(manifest: Any) -> None:
        for variant in manifest["variants"]:
            variant["iree_version"] = "3.11.0"

    edit(bundle, none_here)
    code, out, _ = ludus("verify", bundle, "--json")
    assert code == 1
    assert {row["status"] for row in json.loads(out)} == {"not run"}
    assert all("it needs IREE's runtime 3.11.0" in row["detail"] for row in json.loads(out))


# predict


def test_predict_recognises_drawings(ludus: Call) -> None:
    pictures = [DRAWINGS / f"{digit}.png" for digit in range(10)]
    code, out, _ = ludus("predict", GOOD, *pictures, "--json")
    answers = json.loads(out)
    assert code == 0
    assert [row["label"] for row in answers["answers"]] == [str(digit) for digit in range(10)]
    assert [row["image"] for row in answers["answers"]] == [str(path) for path in pictures]
    assert all(abs(sum(row["probabilities"].values()) - 1) < 1e-5 for row in answers["answers"])
    assert (answers["variant"], answers["device"]) == ("iree-vmvx", "cpu")


def test_predict_prints_the_best_and_the_second(ludus: Call) -> None:
    code, out, err = ludus("predict", GOOD, DRAWINGS / "3.png")
    assert (code, err) == (0, "(iree-vmvx on cpu)\n")
    assert out.startswith(f"{DRAWINGS / '3.png'}: 3  98.2%, then 4  0.4%")


@pytest.mark.parametrize("ground", [(255, 255, 255), (0, 0, 80)])
@pytest.mark.parametrize("side", [20, 700])
def test_predict_takes_pictures_of_any_size_and_colour(
    ludus: Call, tmp_path: Path, ground: tuple[int, int, int], side: int
) -> None:
    picture = Image.new("RGB", (side, side), ground)
    ink = (200, 30, 30) if ground[0] else (250, 250, 60)
    picture.paste(ink, (side * 9 // 20, side // 10, side * 11 // 20, side * 9 // 10))
    picture.save(tmp_path / "one.jpg")
    code, out, _ = ludus("predict", GOOD, tmp_path / "one.jpg", "--json")
    assert (code, json.loads(out)["answers"][0]["label"]) == (0, "1")


def test_predict_with_an_unknown_device_names_the_nearest(ludus: Call) -> None:
    code, out, err = ludus("predict", GOOD, DRAWINGS / "3.png", "--device", "vulcan")
    assert (code, out) == (2, "")
    assert err == "error: no device 'vulcan', did you mean 'vulkan'?\n"


def test_predict_with_an_unknown_variant_names_the_nearest(ludus: Call) -> None:
    code, out, err = ludus("predict", GOOD, DRAWINGS / "3.png", "--variant", "iree-vulcan")
    assert (code, out) == (2, "")
    assert "no variant 'iree-vulcan', did you mean 'iree-vulkan'?" in err


@pytest.mark.parametrize("more", [[], ["--variant", "iree-vulkan"]])
def test_predict_on_an_absent_device_never_falls_back(ludus: Call, more: list[str]) -> None:
    code, out, err = ludus("predict", GOOD, DRAWINGS / "3.png", "--device", "vulkan", *more)
    assert (code, out) == (1, "")
    assert "there is no Vulkan loader" in err


def test_predict_with_a_variant_that_is_not_for_the_device_is_refused(ludus: Call) -> None:
    arguments = ("--variant", "iree-vmvx", "--device", "vulkan")
    code, out, err = ludus("predict", GOOD, DRAWINGS / "3.png", *arguments)
    assert (code, out) == (1, "")
    assert "iree-vmvx cannot run on 'vulkan': it is built for the driver 'cpu'" in err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("text.png", "is no picture; expected PNG, JPEG"),
        ("none.png", "none.png is missing"),
        ("empty.png", "empty.png is empty"),
        ("folder.png", "folder.png is a folder; expected a file"),
        ("pointer.png", "pointer.png is a Git LFS pointer, not the file itself; run `git lfs"),
        ("nan.tiff", "the picture has pixels that are no numbers (NaN)"),
        ("cut.png", "cannot be read as a picture"),
        ("blank.png", "the picture shows nothing"),
    ],
)
def test_predict_names_what_is_no_picture_of_a_digit_and_answers_the_others(
    ludus: Call, tmp_path: Path, name: str, said: str
) -> None:
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "cut.png").write_bytes((DRAWINGS / "3.png").read_bytes()[:60])
    Image.new("L", (28, 28), 255).save(tmp_path / "blank.png")
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder.png").mkdir()
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    (tmp_path / "pointer.png").write_text(pointer)
    levels = np.eye(28, dtype=np.float32) * 255
    levels[3, 4] = np.nan
    Image.fromarray(levels).save(tmp_path / "nan.tiff")
    code, out, err = ludus("predict", GOOD, DRAWINGS / "3.png", tmp_path / name, DRAWINGS / "4.png")
    lines = out.splitlines()
    assert code == 1
    assert [line.partition(":")[0] for line in lines] == [
        str(DRAWINGS / "3.png"),
        str(DRAWINGS / "4.png"),
    ]
    assert err.startswith(f"error: {tmp_path / name}")
    assert said in err
    assert err.splitlines()[1:] == ["(iree-vmvx on cpu)"]


def test_predict_as_json_has_an_answer_or_an_error_for_each_picture(
    ludus: Call, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.png"
    bad.write_text("no picture")
    pictures = (DRAWINGS / "3.png", bad, DRAWINGS / "4.png")
    code, out, err = ludus("predict", GOOD, *pictures, "--json")
    first, second, third = json.loads(out)["answers"]
    assert (code, err) == (1, "")
    assert (first["label"], third["label"]) == ("3", "4")
    assert (second["image"], second["error"][: len(str(bad))]) == (str(bad), str(bad))
    assert second.keys() == {"image", "error"}


def test_predict_of_a_bad_picture_alone_ends_with_1(ludus: Call, tmp_path: Path) -> None:
    code, out, err = ludus("predict", GOOD, tmp_path / "none.png")
    assert (code, out) == (1, "")
    assert "none.png is missing" in err


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_predict_never_answers_with_what_is_no_number(
    ludus: Call, bundle: Path, as_json: list[str]
) -> None:
    edit(bundle, no_number)
    code, out, err = ludus("predict", bundle, DRAWINGS / "3.png", *as_json)
    assert (code, out) == (1, "")
    assert "error: iree-vmvx on 'cpu' answers with NaN or infinity" in err


def test_predict_reads_no_picture_before_the_bundle_is_checked(ludus: Call, bundle: Path) -> None:
    (bundle / "extra").write_text("")
    code, _, err = ludus("predict", bundle, "none.png")
    assert code == 1
    assert "extra is not named by manifest.json" in err


# evaluate


def test_evaluate_writes_a_results_file(ludus: Call, tests: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "cpu.json"
    arguments = ("--data", tests, "--out", out, "--machine", "h200")
    code, said, _ = ludus("evaluate", GOOD, *arguments)
    result = read_result(out)
    assert code == 0
    assert said == f"iree-vmvx on cpu: verified, accuracy 1.0000; {out}\n"
    assert (result.status, result.images) == ("verified", 10)
    assert (result.executor, result.machine) == ("native", "h200")
    assert result.sha256 == read_bundle(GOOD).variant("iree-vmvx").sha256
    assert result.device_name == cpu.name()


@pytest.mark.parametrize("label", EXECUTORS)
def test_a_machine_that_is_called_like_an_executor_attests_what_ran_natively(
    ludus: Call, tests: Path, tmp_path: Path, label: str
) -> None:
    out = tmp_path / "attestation.json"
    ludus("evaluate", GOOD, "--data", tests, "--out", out, "--machine", label)
    ran = read_result(out)
    for executor in EXECUTORS:
        row = replace(ran, status="not run", executor=executor)
        attested = attest(row, [ran], read_bundle(GOOD).manifest.floors, 10)
        assert (attested.status == "attested") is (executor == "native")


def test_evaluate_by_an_unknown_executor_is_refused(
    ludus: Call, tests: Path, tmp_path: Path
) -> None:
    arguments = ("--data", tests, "--out", tmp_path / "x.json", "--executor", "triton-cpu")
    code, _, said = ludus("evaluate", GOOD, *arguments)
    assert (code, said) == (2, "error: no executor 'triton-cpu', did you mean 'triton'?\n")


def test_evaluate_below_a_threshold_writes_its_figures_and_ends_with_1(
    ludus: Call, tests: Path, tmp_path: Path
) -> None:
    arrays = dict(np.load(tests))
    arrays["labels"][0] = 9
    np.savez(tests, **arrays)
    code, said, _ = ludus("evaluate", GOOD, "--data", tests, "--out", tmp_path / "cpu.json")
    result = read_result(tmp_path / "cpu.json")
    assert code == 1
    assert (result.status, result.accuracy) == ("failed", 0.9)
    assert "failed: accuracy 0.9 < 1" in said


def test_evaluate_on_an_absent_device_never_falls_back(
    ludus: Call, tests: Path, tmp_path: Path
) -> None:
    arguments = ("--data", tests, "--out", tmp_path / "r.json", "--device", "cuda")
    code, _, err = ludus("evaluate", GOOD, *arguments)
    assert code == 1
    assert "no variant of" in err
    assert not (tmp_path / "r.json").exists()


def test_evaluate_with_a_bad_test_set_writes_nothing(ludus: Call, tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_text("bad")
    arguments = ("--data", tmp_path / "bad.npz", "--out", tmp_path / "r.json")
    code, out, err = ludus("evaluate", GOOD, *arguments)
    assert (code, out) == (1, "")
    assert "bad.npz is no .npz file: File is not a zip file" in err
    assert not (tmp_path / "r.json").exists()


# pack


def test_pack_writes_a_zip_and_its_checksum(ludus: Call, tmp_path: Path) -> None:
    code, out, _ = ludus("pack", GOOD, tmp_path / "dist")
    assert (code, out) == (0, f"{tmp_path}/dist/golden-1.0.0.zip\n")
    checked = subprocess.run(
        ["sha256sum", "--check", "golden-1.0.0.zip.sha256"], cwd=tmp_path / "dist", check=False
    )
    assert checked.returncode == 0


def test_pack_refuses_a_bad_bundle(ludus: Call, bundle: Path, tmp_path: Path) -> None:
    (bundle / "extra").write_text("")
    code, _, err = ludus("pack", bundle, tmp_path / "dist")
    assert code == 1
    assert "extra is not named" in err
    assert not (tmp_path / "dist").exists()


def test_pack_into_what_is_no_folder_is_one_message(ludus: Call, tmp_path: Path) -> None:
    (tmp_path / "dist").write_text("a file")
    code, _, err = ludus("pack", GOOD, tmp_path / "dist")
    assert (code, err) == (1, f"error: {tmp_path}/dist: File exists\n")


# bench


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--only", "iree-vmxv"), "no variant 'iree-vmxv', did you mean 'iree-vmvx'?"),
        (("--device", "vulcan"), "no device 'vulcan', did you mean 'vulkan'?"),
        (("--out", ROOT), f"--out {ROOT} is a folder; name a file in it"),
    ],
)
def test_bench_refuses_wrong_names_before_anything_is_run(
    ludus: Call, arguments: tuple[object, ...], said: str
) -> None:
    assert ludus("bench", GOOD, *arguments) == (2, "", f"error: {said}\n")


def test_bench_refuses_a_broken_bundle(ludus: Call, bundle: Path) -> None:
    (bundle / "variants/iree-vmvx/model.vmfb").write_bytes(b"")
    code, out, err = ludus("bench", bundle)
    assert (code, out) == (1, "")
    assert "has 0 bytes, and manifest.json says" in err


# arguments


@pytest.mark.parametrize(
    "arguments", [["predict", GOOD], ["verify"], ["evaluate", GOOD], ["verfy", GOOD], ["--nope"]]
)
def test_what_cannot_be_asked_so_ends_with_2(ludus: Call, arguments: list[object]) -> None:
    code, _, err = ludus(*arguments)
    assert code == 2
    assert "Usage: " in err


# the command itself


def test_the_command_runs_and_imports_nothing_that_trains_nor_another_runtime() -> None:
    program = (
        "import sys; from ludus.cli.app import main\n"
        "try: main()\n"
        "finally: print(sorted({'torch', 'ludwig', 'onnxruntime', 'ncnn', 'dvc', 'matplotlib'}"
        " & set(sys.modules)))"
    )
    arguments = ["predict", str(GOOD), str(DRAWINGS / "3.png"), "--device", "cpu", "--json"]
    ended = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[-1] == "[]"
    assert json.loads(ended.stdout.rpartition("\n[")[0])["answers"][0]["label"] == "3"


def test_an_error_of_the_command_has_no_traceback(tmp_path: Path) -> None:
    ludus = Path(sys.executable).with_name("ludus")
    ended = subprocess.run([ludus, "verify", tmp_path], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: ")
    assert ended.stderr.count("\n") == 1


def test_evaluate_that_cannot_run_keeps_the_file_that_is_there(
    ludus: Call, tests: Path, tmp_path: Path
) -> None:
    out = tmp_path / "earlier.json"
    out.write_text("an attestation")
    arguments = ("--variant", "iree-vulkan", "--data", tests, "--out", out)
    code, said, err = ludus("evaluate", GOOD, *arguments)
    assert (code, said) == (1, "")
    assert "iree-vulkan on 'vulkan' was not run: there is no Vulkan loader" in err
    assert out.read_text() == "an attestation"


def test_evaluate_into_a_folder_is_refused_before_it_runs(
    ludus: Call, tests: Path, tmp_path: Path
) -> None:
    code, _, err = ludus("evaluate", GOOD, "--data", tests, "--out", tmp_path)
    assert (code, err) == (2, f"error: --out {tmp_path} is a folder; name a file in it\n")


def test_evaluate_into_what_cannot_be_written_is_refused_before_it_runs(
    ludus: Call, tests: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "x.json"
    code, _, err = ludus("evaluate", GOOD, "--data", tests, "--out", out)
    assert (code, err) == (2, f"error: --out {out} cannot be written: File exists\n")


def test_evaluate_of_labels_that_there_are_not_is_refused(
    ludus: Call, tests: Path, tmp_path: Path
) -> None:
    arrays = dict(np.load(tests))
    arrays["labels"][0] = 12
    np.savez(tests, **arrays)
    code, _, err = ludus("evaluate", GOOD, "--data", tests, "--out", tmp_path / "cpu.json")
    assert code == 1
    assert "there is a label 12, expected 0 to 9" in err


def test_evaluate_of_images_of_another_size_is_refused(
    ludus: Call, tests: Path, tmp_path: Path
) -> None:
    arrays = dict(np.load(tests))
    arrays["images"] = arrays["images"][:, :20]
    np.savez(tests, **arrays)
    code, _, err = ludus("evaluate", GOOD, "--data", tests, "--out", tmp_path / "cpu.json")
    assert code == 1
    assert (
        "the test inputs are uint8 [10, 20, 28], and the network takes float32 [-1, 1, 28, 28]"
        in err
    )


def test_predict_names_the_picture_that_shows_nothing(ludus: Call, tmp_path: Path) -> None:
    blank = tmp_path / "blank.png"
    Image.new("L", (28, 28), 255).save(blank)
    code, _, err = ludus("predict", GOOD, DRAWINGS / "3.png", blank)
    assert code == 1
    assert f"error: {blank}: the picture shows nothing" in err


def test_a_zip_in_the_bundle_itself_is_refused(ludus: Call, bundle: Path) -> None:
    code, _, err = ludus("pack", bundle, bundle / "dist")
    assert code == 2
    assert "is in the bundle, where a zip would be an extra file" in err
    assert not (bundle / "dist").exists()


# A network that is no classifier of drawings


def test_inspect_of_tensors_shows_agreement_and_no_labels(ludus: Call) -> None:
    code, out, _ = ludus("inspect", TENSORS)
    assert code == 0
    assert "output/0  features: FP32 [-1, 4, 5]" in out
    assert "labels    none" in out
    assert "agreement" in out
    assert "accuracy" not in out


def test_verify_of_tensors_runs_the_golden_ones(ludus: Call) -> None:
    code, out, _ = ludus("verify", TENSORS, "--json")
    rows = {row["target"]: row for row in json.loads(out)}
    assert code == 0
    assert rows["iree-vmvx"]["status"] == "verified"


def test_predict_without_labels_gives_the_output(ludus: Call) -> None:
    code, out, _ = ludus("predict", TENSORS, DRAWINGS / "4.png", "--json")
    (answer,) = json.loads(out)["answers"]
    assert code == 0
    assert np.array(answer["output"]).shape == (4, 5)
    assert (
        "an output of [4, 5], which has no labels"
        in ludus("predict", TENSORS, DRAWINGS / "4.png")[1]
    )


def test_predict_of_a_network_that_takes_tensors_alone_is_refused(
    ludus: Call, tmp_path: Path
) -> None:
    bundle = Path(shutil.copytree(TENSORS, tmp_path / "bundle"))
    edit(bundle, lambda manifest: manifest.update(preprocess=None))
    code, _, err = ludus("predict", bundle, DRAWINGS / "4.png")
    assert code == 2
    assert "takes only tensors" in err
