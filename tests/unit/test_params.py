"""params.yaml: each way in which it can be wrong, and what is then said."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from ludus.config.backends.iree import IreeTarget
from ludus.config.lowerings import Lowering
from ludus.config.params import load_params
from ludus.core.errors import ConfigError
from ludus.core.types import Executor
from ludus.evaluation.executors import EXECUTORS
from support.paths import ROOT

GOOD = """\
model: {source: ludwig, file: config.yaml, about: config.yaml}
data: {sources: [ludwig, npm, folder], folder: incoming, validation: 5000, seed: 42}
train:
  epochs: 12
  batch_size: 128
  learning_rate: 0.003
  schedule: one_cycle
  seed: 42
  threads: 0
bundle: {name: digits, version: 1.0.0, golden: 20}
lowerings:
  direct: {rewrites: [], batches: dynamic}
  tiled: {rewrites: [winograd], batches: [1, 16]}
  from-onnx: {source: onnx, rewrites: [], batches: dynamic}
  from-stablehlo: {source: stablehlo, rewrites: [], batches: [32]}
targets:
  iree-cpu:
    backend: iree
    toolchain: 3.13.0
    lowering: tiled
    driver: cpu
    cpu: {architecture: x86_64, features: [avx2]}
    tiles: [{m: 1, n: 64, k: 4}]
    flags: [--iree-opt-level=O3]
  onnx: {backend: onnx}
  xla: {backend: xla, lowering: from-stablehlo, bundled: false}
evaluations:
  onnx-cpu: {target: onnx, device: cpu, executor: native, required: true}
gate: {accuracy: 0.99, accuracy_loss: 0.0005, agreement: 0.9999, max_abs_diff: 0.001}
benchmark:
  rounds: 12
  curve: [1, 4096]
  comparisons:
    - {target: iree-cpu, batch: 256, against: onnx, threshold: 1.3, goal: 2.0}
"""


def load(tmp_path: Path, text: str | bytes):
    path = tmp_path / "params.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_params(path)


def refusal(tmp_path: Path, text: str | bytes) -> str:
    """What is said of a text, without the path."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    return str(caught.value).replace(f"{tmp_path}/", "")


def edited(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, f"{old!r} must stand in GOOD once"
    return GOOD.replace(old, new)


def test_the_projects_own_params_are_good() -> None:
    assert load_params(ROOT / "params.yaml").targets


def test_good_params_are_read_as_written(tmp_path: Path) -> None:
    params = load(tmp_path, GOOD)
    target = params.targets["iree-cpu"]
    assert isinstance(target, IreeTarget)
    assert (target.toolchain, target.cpu.features) == ("3.13.0", ["avx2"])
    assert params.lowerings["direct"].batches == "dynamic"
    assert params.lowerings["tiled"].batches == [1, 16]


@pytest.mark.parametrize(
    ("written", "read"), [("1e-05", 1e-5), ("1e-3", 1e-3), ("2.5E-4", 2.5e-4), ("1", 1.0)]
)
def test_numbers_are_read_as_dvc_writes_them(tmp_path: Path, written: str, read: float) -> None:
    params = load(tmp_path, edited("learning_rate: 0.003", f"learning_rate: {written}"))
    assert params.train.learning_rate == read


def test_the_benchmark_has_defaults(tmp_path: Path) -> None:
    params = load(tmp_path, GOOD[: GOOD.index("benchmark:")])
    assert params.benchmark.comparisons == []
    assert params.benchmark.rounds >= 3


def test_a_value_cannot_be_reassigned(tmp_path: Path) -> None:
    params = load(tmp_path, GOOD)
    with pytest.raises(ValueError, match="frozen"):
        params.train.epochs = 3


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  tiled:", "  none: {rewrites: [], batches: dynamic}\n  tiled:",
         "lowerings.none: the name means the exported file itself; choose another"),
        ("train:\n", "trian:\n", "trian: unknown key 'trian', did you mean 'train'?"),
        ("validation: 5000", "validaton: 5000",
         "data.validaton: unknown key 'validaton', did you mean 'validation'?"),
        ("epochs:", "epoch:", "train.epoch: unknown key 'epoch', did you mean 'epochs'?"),
        ("golden: 20", "golden: 20, golde: 1",
         "bundle.golde: unknown key 'golde', did you mean 'golden'?"),
        ("rewrites: [], batches: dynamic}\n  tiled", "rewrites: [], batchs: dynamic}\n  tiled",
         "lowerings.direct.batchs: unknown key 'batchs', did you mean 'batches'?"),
        ("    lowering: tiled", "    lowring: tiled",
         "targets.iree-cpu.lowring: unknown key 'lowring', did you mean 'lowering'?"),
        ("features: [avx2]", "featurs: [avx2]",
         "targets.iree-cpu.cpu.featurs: unknown key 'featurs', did you mean 'features'?"),
        ("m: 1, n: 64", "m: 1, batch: true, n: 64",
         "targets.iree-cpu.tiles.0.batch: unknown key 'batch', did you mean 'batched'?"),
        ("{backend: onnx}", "{backend: onnx, flag: []}",
         "targets.onnx.flag: unknown key 'flag', did you mean 'flags'?"),
        ("{backend: xla, lowering", "{backend: xla, lowring",
         "targets.xla.lowring: unknown key 'lowring', did you mean 'lowering'?"),
        ("bundled: false", "bundeld: false",
         "targets.xla.bundeld: unknown key 'bundeld', did you mean 'bundled'?"),
        ("required: true", "require: true",
         "evaluations.onnx-cpu.require: unknown key 'require', did you mean 'required'?"),
        ("agreement: 0.9999", "agrement: 0.9999",
         "gate.agrement: unknown key 'agrement', did you mean 'agreement'?"),
        ("rounds: 12", "round: 12",
         "benchmark.round: unknown key 'round', did you mean 'rounds'?"),
        ("threshold: 1.3,", "treshold: 1.3,",
         "benchmark.comparisons.0.treshold: unknown key 'treshold', did you mean 'threshold'?"),
    ],
)  # fmt: skip
def test_a_misspelt_key_is_told_with_the_nearest(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert said in refusal(tmp_path, edited(old, new))


def test_a_key_of_another_table_is_not_proposed(tmp_path: Path) -> None:
    said = refusal(tmp_path, edited("{backend: onnx}", "{backend: onnx, driver: cpu}"))
    assert "targets.onnx.driver: unknown key 'driver'; known: backend, bundled, flags" in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[ludwig, npm, folder]", "[nmp]",
         "data.sources.0: unknown value 'nmp', did you mean 'npm'?"),
        ("one_cycle", "one-cycel",
         "train.schedule: unknown value 'one-cycel', did you mean 'one_cycle'?"),
        ("backend: iree", "backend: iere",
         "targets.iree-cpu.backend: unknown value 'iere', did you mean 'iree'?"),
        ("driver: cpu", "driver: vulcan",
         "targets.iree-cpu.driver: unknown value 'vulcan', did you mean 'vulkan'?"),
        ("architecture: x86_64", "architecture: x86-64",
         "targets.iree-cpu.cpu.architecture: unknown value 'x86-64', did you mean 'x86_64'?"),
        ("batches: dynamic}\n  tiled", "batches: dynamyc}\n  tiled",
         "lowerings.direct.batches: unknown value 'dynamyc', did you mean 'dynamic'?"),
        ("device: cpu", "device: vulkan-lvmpipe",
         "unknown value 'vulkan-lvmpipe', did you mean 'vulkan-llvmpipe'?"),
        ("executor: native", "executor: nativ",
         "evaluations.onnx-cpu.executor: unknown value 'nativ', did you mean 'native'?"),
        ("source: onnx", "source: onxn",
         "lowerings.from-onnx.source: unknown value 'onxn', did you mean 'onnx'?"),
        ("lowering: from-stablehlo", "lowering: from-stabelhlo",
         "targets.xla.lowering: no lowering 'from-stabelhlo', did you mean 'from-stablehlo'?"),
        ("executor: native", "executor: own-runtme",
         "evaluations.onnx-cpu.executor: unknown value 'own-runtme', did you mean 'own-runtime'?"),
        ("executor: native", "executor: godot-pkc",
         "evaluations.onnx-cpu.executor: unknown value 'godot-pkc', did you mean 'godot-pck'?"),
        ("    lowering: tiled", "    lowering: tilde",
         "targets.iree-cpu.lowering: no lowering 'tilde', did you mean 'tiled'?"),
        ("target: onnx", "target: onxn",
         "evaluations.onnx-cpu.target: no target 'onxn', did you mean 'onnx'?"),
        ("against: onnx", "against: onxn",
         "benchmark.comparisons.0.against: no target 'onxn', did you mean 'onnx'?"),
        ("rewrites: [winograd]", "rewrites: [winogard]",
         "lowerings.tiled: no rewrite 'winogard', did you mean 'winograd'?"),
        ("toolchain: 3.13.0", "toolchain: 3.12.0",
         "targets.iree-cpu.toolchain: there is no requirements/iree-3.12.0.txt, did you mean "
         "'3.13.0'?"),
        ("target: iree-cpu, batch", "target: iree-cup, batch",
         "benchmark.comparisons.0.target: no target 'iree-cup', did you mean 'iree-cpu'?"),
    ],
)  # fmt: skip
def test_an_unknown_name_is_told_with_the_nearest(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert said in refusal(tmp_path, edited(old, new))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("epochs: 12", "epochs: twelve",
         "train.epochs: expected a valid integer, got \"twelve\""),
        ("epochs: 12", "epochs: '12'", "train.epochs: expected a valid integer, got \"12\""),
        ("epochs: 12", "epochs: true", "train.epochs: expected a valid integer, got true"),
        ("epochs: 12", "epochs: 1.5", "train.epochs: expected a valid integer, got 1.5"),
        ("epochs: 12", "epochs: 0",
         "train.epochs: expected greater than or equal to 1, got 0"),
        ("epochs: 12", "epochs:", "train.epochs: expected a valid integer, got null"),
        ("learning_rate: 0.003", "learning_rate: fast",
         "train.learning_rate: expected a valid number, got \"fast\""),
        ("learning_rate: 0.003", "learning_rate: .inf",
         "train.learning_rate: expected a finite number, got .inf"),
        ("learning_rate: 0.003", "learning_rate: -1",
         "train.learning_rate: expected greater than 0, got -1"),
        ("[ludwig, npm, folder]", "[]", "data.sources: expected at least 1 item"),
        ("[ludwig, npm, folder]", "npm", "data.sources: expected a valid list, got \"npm\""),
        ("validation: 5000", "validation: 9", "data.validation: expected greater than or"),
        ("toolchain: 3.13.0", "toolchain: 3.13",
         "targets.iree-cpu.toolchain: expected a word: put it in quotes, got 3.13"),
        ("[1, 16]", "[0, 16]",
         "lowerings.tiled.batches.0: expected greater than or equal to 1, got 0"),
        ("[1, 16]", "[]", "lowerings.tiled.batches: expected at least 1 item"),
        ("[1, 16]", "16", "lowerings.tiled.batches: expected a valid list, got 16"),
        ("direct: {rewrites: []", "direct: {rewrites: [5]",
         "lowerings.direct.rewrites.0: expected a word: put it in quotes, got 5"),
        ("m: 1, n: 64", "m: 0, n: 64",
         "targets.iree-cpu.tiles.0.m: expected greater than or equal to 1, got 0"),
        ("m: 1, n: 64", "m: 7777, n: 64",
         "targets.iree-cpu.tiles.0.m: expected less than or equal to 64, got 7777"),
        ("m: 1, n: 64", "m: 1", "targets.iree-cpu.tiles.0.n: field required"),
        ("{backend: onnx}", "onnx", "targets.onnx: expected keys with values, got \"onnx\""),
        ("{backend: onnx}", "{flags: []}", "targets.onnx.backend: field required"),
        ("required: true", "required: yep",
         "evaluations.onnx-cpu.required: expected a valid boolean, got \"yep\""),
        ("accuracy: 0.99,", "accuracy: 99,",
         "gate.accuracy: expected less than or equal to 1"),
        ("max_abs_diff: 0.001", "max_abs_diff: .inf",
         "gate.max_abs_diff: expected a finite"),
        ("rounds: 12", "rounds: 2",
         "benchmark.rounds: expected greater than or equal to 3, got 2"),
        ("[1, 4096]", "[1, 5000]", "benchmark.curve.1: expected less than or equal to 4096"),
        ("threshold: 1.3,", "threshold: 0,",
         "benchmark.comparisons.0.threshold: expected greater than 0, got 0"),
        ("  iree-cpu:", "  IREE CPU:", "targets.IREE CPU: string should match pattern"),
        ("name: digits", "name: ../digits", "bundle.name: string should match pattern"),
        ("version: 1.0.0", "version: 1.0",
         "bundle.version: expected a word: put it in quotes, got 1.0"),
        ("version: 1.0.0", "version: one", "bundle.version: string should match pattern"),
    ],
)  # fmt: skip
def test_a_wrong_type_or_value_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert said in refusal(tmp_path, edited(old, new))


def test_a_missing_key_is_told(tmp_path: Path) -> None:
    assert "train.seed: field required" in refusal(tmp_path, edited("  seed: 42\n", ""))


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    text = edited("epochs: 12", "epochs: many").replace("accuracy: 0.99,", "acuracy: 0.99,")
    said = refusal(tmp_path, text)
    assert "train.epochs" in said
    assert "gate.acuracy" in said


def test_a_key_that_comes_twice_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, GOOD + "train: {}\n")
    assert "params.yaml is no YAML: the key 'train' comes twice" in said


@pytest.mark.parametrize("text", ["data: [\n", "\t- x", b"\xff\xfe\x00"])
def test_what_is_no_yaml_is_told(tmp_path: Path, text: str | bytes) -> None:
    assert refusal(tmp_path, text).startswith("params.yaml is no YAML: ")


@pytest.mark.parametrize("text", ["[]", "5", "null"])
def test_what_is_no_table_is_told(tmp_path: Path, text: str) -> None:
    assert "the file: expected keys with values, got" in refusal(tmp_path, text)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"params.yaml is missing"):
        load_params(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seed: 42}", "seed: -1}", "data.seed: expected greater than or equal to 0"),
        ("seed: 42\n", "seed: 4294967296\n", "train.seed: expected less than 4294967296"),
        ("threads: 0", "threads: 100000", "train.threads: expected less than or equal"),
        ("  onnx: {", "  onnx-1.2: {", "targets.onnx-1.2: string should match"),
        ("[1, 16]", "[16, 16]", "lowerings.tiled.batches: [16, 16] has a size twice"),
        (
            "[--iree-opt-level=O3]",
            "[--iree-hal-target-device=cuda]",
            "targets.iree-cpu.driver is 'cpu', but its flags say --iree-hal-target-device=cuda",
        ),
        (
            "[--iree-opt-level=O3]",
            "[--iree-hal-target-backends=vulkan-spirv]",
            "targets.iree-cpu.driver is 'cpu', but its flags say --iree-hal-target-backends=vulkan",
        ),
        (
            "source: onnx, rewrites: []",
            "source: onnx, rewrites: [winograd]",
            "lowerings.from-onnx: source: onnx is compiled as exported; rewrites, ",
        ),
        (
            "source: onnx, rewrites: []",
            "source: onnx, rewrites: [], single: [winograd]",
            "lowerings.from-onnx: source: onnx is compiled as exported; rewrites, ",
        ),
        (
            "batches: [32]",
            "batches: [32], buffers: caller",
            "lowerings.from-stablehlo: source: stablehlo is compiled as exported",
        ),
        (
            "batches: [32]",
            "batches: [32, 1]",
            "source: stablehlo has one entry function; expected one batch, got 2",
        ),
        (
            "batches: [32]",
            "batches: dynamic",
            "source: stablehlo has no dynamic batch; expected a list of one size",
        ),
        (
            "lowering: from-stablehlo",
            "lowering: from-onnx",
            "targets.xla.lowering: XLA compiles only StableHLO, and 'from-onnx' is of source onnx",
        ),
        (
            "against: onnx",
            "against: xla",
            "benchmark.comparisons.0.against: 'xla' is not bundled, and so not measured",
        ),
        (
            "target: onnx, device: cpu",
            "target: xla, device: cuda",
            "evaluations.onnx-cpu.device: 'xla' cannot run on 'cuda', on any machine; expected a",
        ),
        (
            "target: onnx, device: cpu, executor: native",
            "target: xla, device: cpu, executor: own-runtime",
            "'own-runtime' runs only modules for IREE, and 'xla' is for xla; expected native",
        ),
        (
            "device: cpu, executor",
            "device: cuda, executor",
            "evaluations.onnx-cpu.device: 'onnx' cannot run on 'cuda', on any machine",
        ),
        (
            "target: onnx, device: cpu",
            "target: iree-cpu, device: vulkan-gpu",
            "'iree-cpu' cannot run on 'vulkan-gpu', on any machine; expected a device of ['cpu']",
        ),
        (
            "executor: native",
            "executor: godot",
            "evaluations.onnx-cpu.executor: 'godot' runs only modules for IREE, and 'onnx' is for "
            "onnx; expected native",
        ),
        (
            "target: iree-cpu, batch",
            "target: iree-cpu, device: cuda, batch",
            "benchmark.comparisons.0: 'iree-cpu' cannot run on 'cuda', on any machine; expected",
        ),
    ],
)
def test_what_could_never_work_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in refusal(tmp_path, edited(old, new))


@pytest.mark.parametrize("executor", EXECUTORS)
def test_every_executor_that_there_is_can_be_named(tmp_path: Path, executor: str) -> None:
    """By a target for any CPU."""
    text = edited(
        "{target: onnx, device: cpu, executor: native",
        f"{{target: iree-cpu, device: cpu, executor: {executor}",
    ).replace("    cpu: {architecture: x86_64, features: [avx2]}\n", "")
    assert load(tmp_path, text).evaluations["onnx-cpu"].executor == executor


@pytest.mark.parametrize(
    ("device", "executor", "said"),
    [
        ("vulkan-gpu", "wine", "'wine' has no 'vulkan-gpu'; expected device: cpu"),
        ("vulkan", "qemu-aarch64", "'qemu-aarch64' has no 'vulkan'; expected device: cpu"),
        ("vulkan-swiftshader", "godot", "'godot' does not know SwiftShader; expected native"),
    ],
)
def test_a_machine_must_have_the_device(
    tmp_path: Path, device: str, executor: str, said: str
) -> None:
    row = "backend: iree, toolchain: 3.13.0, lowering: direct, driver: vulkan, flags: []"
    text = edited("  onnx: {", f"  shaders: {{{row}}}\n  onnx: {{").replace(
        "{target: onnx, device: cpu, executor: native",
        f"{{target: shaders, device: {device}, executor: {executor}",
    )
    assert refusal(tmp_path, text).endswith(f"evaluations.onnx-cpu.executor: {said}")


def test_a_machine_must_be_of_the_targets_cpu(tmp_path: Path) -> None:
    text = edited(
        "{target: onnx, device: cpu, executor: native",
        "{target: iree-cpu, device: cpu, executor: qemu-aarch64",
    )
    assert refusal(tmp_path, text).endswith(
        "evaluations.onnx-cpu.executor: 'qemu-aarch64' is of aarch64 CPUs, and 'iree-cpu' is for "
        "x86_64 ones"
    )


@pytest.mark.parametrize("table", ["targets", "evaluations"])
def test_a_table_without_a_row_is_refused(tmp_path: Path, table: str) -> None:
    kept = re.sub(rf"(?ms)^{table}:\n.*?(?=^\w)", f"{table}: {{}}\n", GOOD)
    assert f"{table}: expected at least 1 item" in refusal(tmp_path, kept)


def test_a_machine_can_be_named_only_if_there_is_one() -> None:
    assert set(get_args(Executor)) == set(EXECUTORS)


@pytest.mark.parametrize(
    ("batches", "functions"),
    [
        ("dynamic", {-1: "main"}),
        ([16], {16: "main"}),
        ([1, 16], {1: "batch_1", 16: "batch_16"}),
    ],
)
def test_an_entry_function_that_is_the_only_one_is_named_main(
    batches: Any, functions: dict[int, str]
) -> None:
    assert Lowering(rewrites=[], batches=batches).functions() == functions


def test_targets_are_bundled_unless_they_say_no(tmp_path: Path) -> None:
    targets = load(tmp_path, GOOD).targets
    assert {name for name, target in targets.items() if target.bundled} == {"iree-cpu", "onnx"}


def test_lowerings_are_of_torchs_program_unless_they_say_of_what(tmp_path: Path) -> None:
    lowerings = load(tmp_path, GOOD).lowerings
    assert [row.source for row in lowerings.values()] == ["torch", "torch", "onnx", "stablehlo"]


def test_iree_allocates_unless_a_lowering_says_that_the_caller_does(tmp_path: Path) -> None:
    lowerings = load(
        tmp_path,
        edited("tiled: {rewrites: [winograd],", "tiled: {buffers: caller, rewrites: [winograd],"),
    ).lowerings
    assert (lowerings["direct"].buffers, lowerings["tiled"].buffers) == ("iree", "caller")


def test_buffers_of_the_callers_need_batches_of_known_sizes(tmp_path: Path) -> None:
    text = edited("direct: {", "direct: {buffers: caller, ")
    assert "lowerings.direct: buffers: caller needs a list" in refusal(tmp_path, text)


def test_a_network_that_was_made_elsewhere_has_a_description(tmp_path: Path) -> None:
    text = edited(
        "{source: ludwig, file: config.yaml, about: config.yaml}",
        "{source: onnx, file: n.onnx, about: model.yaml}",
    )
    assert load(tmp_path, text).model.source == "onnx"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "source: ludwig",
            "source: onxx",
            "model.source: unknown value 'onxx', did you mean 'onnx'",
        ),
        ("about: config.yaml", "abuot: config.yaml", "unknown key 'abuot', did you mean 'about'"),
        ("about: config.yaml", "about: model.yaml", "about should be the file itself"),
    ],
)
def test_a_wrong_model_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in refusal(tmp_path, edited(old, new))


def renamed(old: str, new: str) -> str:
    """Our own params.yaml, a row of `targets` or `lowerings` under another name."""
    text = (ROOT / "params.yaml").read_text()
    assert text.count(f"\n  {old}:") >= 1
    return text.replace(f"\n  {old}:", f"\n  {new}:", 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("iree-vulkan", "iree-vulkan-portable"),
        ("iree-vulkan", "vulkan"),
        ("iree-vulkan", "gpu-any"),
        ("iree-cuda", "cuda-ampere"),
        ("iree-cpu-x86_64-v3", "iree-cpu-x86_64-v5"),
        ("iree-cpu-x86_64", "iree-cpu-x86_64-base"),
        ("winograd-cpu", "winograd-any-cpu"),
    ],
)
def test_a_renamed_row_is_told_by_its_new_name_and_by_who_names_it(
    tmp_path: Path, old: str, new: str
) -> None:
    lines = refusal(tmp_path, renamed(old, new)).splitlines()
    wrong = [line for line in lines if f" '{old}'" in line]
    assert len(wrong) == 1
    assert f"'{old}', did you mean '{new}'?" in wrong[0]


def test_every_place_that_has_the_old_name_is_told(tmp_path: Path) -> None:
    text = edited("  onnx: {backend: onnx}", "  onnx-file: {backend: onnx}")
    assert refusal(tmp_path, text) == (
        "params.yaml: evaluations.onnx-cpu.target: no target 'onnx', did you mean 'onnx-file'? "
        "(also benchmark.comparisons.0.against)"
    )


def test_a_misspelling_is_told_even_where_a_row_has_no_name_to_it(tmp_path: Path) -> None:
    text = edited("  onnx: {backend: onnx}", "  onnx: {backend: onnx}\n  onnx-2: {backend: onnx}")
    said = refusal(tmp_path, text.replace("against: onnx", "against: onxn"))
    assert "no target 'onxn', did you mean 'onnx'?" in said
