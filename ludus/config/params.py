"""params.yaml as typed objects: every key known, every name that points somewhere checked.

A misspelt key, a wrong type or a name that leads nowhere raises ConfigError, which says where it
stands and which known name is nearest.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from ludus.core.errors import ConfigError, nearest
from ludus.core.strict_yaml import read_yaml
from ludus.core.types import ANY, Cpu, Device, Driver, Executor, Gate, Name, Seed, Strict
from ludus.process import toolchains

# What --iree-hal-target-device must say for the driver that a row names.
HAL_TARGETS = {"cpu": "local", "vulkan": "vulkan", "cuda": "cuda", "rocm": "hip", "metal": "metal"}
# What --iree-hal-target-backends may say for it: IREE's word before it had target devices.
HAL_BACKENDS = {
    "cpu": {"llvm-cpu", "vmvx"},
    "vulkan": {"vulkan-spirv"},
    "cuda": {"cuda"},
    "rocm": {"rocm"},
    "metal": {"metal-spirv"},
}
# The devices that the other runtimes can be used on.
RUNS_ON = {"onnx": {"cpu"}, "torch": {"cpu", "cuda"}, "ncnn": {"cpu", "vulkan"}, "xla": {"cpu"}}
# The executors with no device but their CPU, and which that is.
CPU_ALONE = {"qemu-aarch64": "aarch64", "qemu-riscv64": "riscv64", "wine": "x86_64"}
# Of `ludus.lowering.rewrites`, which needs torch.
REWRITES = {
    "winograd",
    "patches",
    "winograd-windows",
    "patches-windows",
    "groups",
    "im2col",
    "transpose-dense",
    "split-dense",
    "unroll-softmax",
}


class Model(Strict):
    """Where the network comes from: trained here by Ludwig, or a file that was made elsewhere."""

    source: Literal["ludwig", "onnx", "torch", "stablehlo"]
    file: str  # Ludwig's config, an ONNX file, torch's ExportedProgram, MLIR
    about: str  # what describes it: model.yaml, or Ludwig's config itself

    @model_validator(mode="after")
    def _described(self) -> Self:
        if self.source == "ludwig" and self.about != self.file:
            raise ValueError("about should be the file itself, which tells ludwig all")
        return self


class Data(Strict):
    sources: Annotated[list[Literal["ludwig", "npm", "folder"]], Field(min_length=1)]
    folder: str
    validation: Annotated[int, Field(ge=10, le=30_000)]
    seed: Seed


class Ray(Strict):
    """The Ray cluster that a training or a search runs on, and what each worker takes of it."""

    address: Annotated[str, Field(pattern=r"^(local|[^\s:/]+:[0-9]{1,5})$")] = "local"
    workers: Annotated[int, Field(ge=1, le=1024)] = 2
    cpus: Annotated[int, Field(ge=1, le=1024)] = 1  # of each worker
    gpus: Annotated[int, Field(ge=0, le=1)] = 0
    restarts: Annotated[int, Field(ge=0, le=1000)] = 3  # after as many failures it is given up
    wait: Annotated[int, Field(ge=1)] = 300  # seconds, for a place where others take it


class Train(Strict):
    epochs: Annotated[int, Field(ge=1)]
    batch_size: Annotated[int, Field(ge=1)]
    learning_rate: Annotated[float, Field(gt=0)]
    schedule: Literal["one_cycle", "cosine", "constant"]
    seed: Seed
    threads: Annotated[int, Field(ge=0, le=1024)]
    backend: Literal["local", "ray"] = "local"
    ray: Ray = Ray()

    @property
    def workers(self) -> int:
        """Processes that train, each on its share of every batch."""
        return self.ray.workers if self.backend == "ray" else 1

    @model_validator(mode="after")
    def _batch_divides(self) -> Self:
        if self.batch_size % self.workers:
            raise ValueError(
                f"batch_size {self.batch_size} cannot be shared by ray.workers "
                f"{self.workers} alike; expected a multiple of it"
            )
        return self


class BundleParams(Strict):
    name: Name
    version: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
    golden: Annotated[int, Field(ge=10, le=1000)]


class Lowering(Strict):
    """What MLIR is made of, by which rewrites, and the batches that it has entry functions for."""

    source: Literal["torch", "onnx", "stablehlo"] = (
        "torch"  # `ludus.lowering.from_onnx` makes the others
    )
    rewrites: list[str]
    single: list[str] | None = None  # in place of `rewrites`, for a batch of one image
    batches: Annotated[
        Annotated[Literal["dynamic"], Tag("word")]
        | Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1), Tag("list")],
        Discriminator(lambda value: "word" if isinstance(value, str) else "list"),
    ]
    buffers: Literal["iree", "caller"] = "iree"  # who allocates results and transients

    @model_validator(mode="after")
    def _sizes_known(self) -> Self:
        if self.buffers == "caller" and self.batches == "dynamic":
            raise ValueError("buffers: caller needs a list of batches, since their sizes follow")
        return self

    @model_validator(mode="after")
    def _rewrites_known(self) -> Self:
        for name in [*self.rewrites, *(self.single or [])]:
            if name not in REWRITES:
                raise ValueError(f"no rewrite '{name}'{nearest(name, REWRITES)}")
        return self

    @model_validator(mode="after")
    def _as_exported(self) -> Self:
        """Only torch's program can be rewritten, and given several entry functions."""
        if self.source == "torch":
            return self
        if self.rewrites or self.single or self.buffers != "iree":
            raise ValueError(
                f"source: {self.source} is compiled as exported; rewrites, single and buffers are "
                f"for source: torch; expected rewrites: []"
            )
        if self.batches == "dynamic" and self.source == "stablehlo":
            raise ValueError("source: stablehlo has no dynamic batch; expected a list of one size")
        if self.batches != "dynamic" and len(self.batches) > 1:
            raise ValueError(
                f"source: {self.source} has one entry function; expected one batch, got "
                f"{len(self.batches)}"
            )
        return self

    def functions(self) -> dict[int, str]:
        """The entry function for each batch: `main` where it is the only one."""
        if self.batches == "dynamic":
            return {ANY: "main"}
        if len(self.batches) == 1:
            return {self.batches[0]: "main"}
        return {batch: f"batch_{batch}" for batch in self.batches}

    def rewrites_for(self, batch: int) -> list[str]:
        """Those for a batch of this many images."""
        return self.single if batch == 1 and self.single is not None else self.rewrites


class Tile(Strict):
    """Sizes of a matmul's inner loops, for one that they divide; see ludus/compile/tiles.py."""

    batched: bool = False
    m: Annotated[int, Field(ge=1, le=64)]  # rows; 1 is for the product of one row
    n: Annotated[int, Field(ge=1, le=1024)]  # columns
    k: Annotated[int, Field(ge=1, le=64)]  # products added up at a time


class BuiltTarget(Strict):
    """What rows of every backend have."""

    bundled: bool = True  # false: built and evaluated, but neither bundled nor benchmarked


class IreeTarget(BuiltTarget):
    """A module for IREE: MLIR of one lowering, compiled with these flags for one HAL driver."""

    backend: Literal["iree"]
    toolchain: str
    lowering: str
    driver: Driver
    cpu: Cpu | None = None
    tiles: list[Tile] = Field(default_factory=list)
    flags: list[str]


class XlaTarget(BuiltTarget):
    """StableHLO, which XLA compiles when it is loaded."""

    backend: Literal["xla"]
    lowering: str


class OtherTarget(BuiltTarget):
    """A file for another runtime, made from the export; `flags` go to its converter, if any."""

    backend: Literal["onnx", "ncnn", "torch"]
    flags: list[str] = Field(default_factory=list)


Target = Annotated[IreeTarget | XlaTarget | OtherTarget, Field(discriminator="backend")]


class Evaluation(Strict):
    """Where a target is run: one row of `evaluations`."""

    target: str
    device: Device
    executor: Executor
    required: bool


class Comparison(Strict):
    """A speed to be reached: a target's, against another's in the same rounds.

    `floor` and `aim` are times as fast, through the Python runners: 2.0 is twice as fast.
    """

    target: str
    device: Device = "cpu"
    batch: Literal[1, 256, 4096]
    against: str
    against_device: Device | None = None  # None: the same
    floor: Annotated[float, Field(gt=0)]
    aim: Annotated[float, Field(gt=0)]


class Benchmark(Strict):
    """How the benchmark measures, in its short form; see `ludus.benchmark`."""

    seconds: Annotated[float, Field(gt=0)] = 1.5
    rounds: Annotated[int, Field(ge=3)] = 10
    curve: list[Annotated[int, Field(ge=1, le=4096)]] = Field(default=[1, 8, 64, 256])
    curve_seconds: Annotated[float, Field(gt=0)] = 0.4
    curve_rounds: Annotated[int, Field(ge=3)] = 3
    slowest_call: Annotated[float, Field(gt=0)] = 0.05
    processes: Annotated[int, Field(ge=1, le=100)] = 1
    max_abs_diff: Annotated[float, Field(ge=0)] = 0.001
    seed: Seed = 42
    comparisons: list[Comparison] = Field(default_factory=list)


class Params(Strict):
    model: Model = Model(source="ludwig", file="config.yaml", about="config.yaml")
    data: Data
    train: Train
    bundle: BundleParams
    lowerings: dict[Name, Lowering]
    targets: Annotated[dict[Name, Target], Field(min_length=1)]
    evaluations: Annotated[dict[Name, Evaluation], Field(min_length=1)]
    gate: Gate
    benchmark: Benchmark = Benchmark()


def load_params(path: Path = Path("params.yaml")) -> Params:
    """Read and check params.yaml. Raises ConfigError with every fault found."""
    params = read_yaml(Params, path)
    _check_names(params, path)
    return params


def _check_names(params: Params, path: Path) -> None:
    """What a row names must exist, and fit the row that names it."""
    for name, lowering in params.lowerings.items():
        batches = lowering.batches
        if len(set(batches)) != len(batches) and batches != "dynamic":
            raise ConfigError(f"{path}: lowerings.{name}.batches: {batches} has a size twice")
    for name, target in params.targets.items():
        if isinstance(target, IreeTarget):
            _check_driver(target, f"{path}: targets.{name}")
            _check_toolchain(target.toolchain, f"{path}: targets.{name}.toolchain")
        if isinstance(target, IreeTarget | XlaTarget):
            _check_lowering(params, target, f"{path}: targets.{name}.lowering")
    for name, evaluation in params.evaluations.items():
        if evaluation.target not in params.targets:
            hint = nearest(evaluation.target, set(params.targets))
            raise ConfigError(
                f"{path}: evaluations.{name}.target: no target '{evaluation.target}'{hint}"
            )
        where = f"{path}: evaluations.{name}"
        _check_device(params, evaluation.target, evaluation.device, f"{where}.device")
        _check_executor(params, evaluation, f"{where}.executor")
    for number, row in enumerate(params.benchmark.comparisons):
        where = f"{path}: benchmark.comparisons.{number}"
        for key, named in (("target", row.target), ("against", row.against)):
            if named not in params.targets:
                hint = nearest(named, set(params.targets))
                raise ConfigError(f"{where}.{key}: no target '{named}'{hint}")
            if not params.targets[named].bundled:
                raise ConfigError(f"{where}.{key}: '{named}' is not bundled, and so not measured")
        _check_device(params, row.target, row.device, where)
        _check_device(params, row.against, row.against_device or row.device, where)


def _check_device(params: Params, name: str, device: Device, where: str) -> None:
    """A target must be able to run on a device, on some machine."""
    target = params.targets[name]
    fits = {target.driver} if isinstance(target, IreeTarget) else RUNS_ON[target.backend]
    if device.split("-")[0] not in fits:
        raise ConfigError(
            f"{where}: '{name}' cannot run on '{device}', on any machine; "
            f"expected a device of {sorted(fits)}"
        )


def _check_executor(params: Params, evaluation: Evaluation, where: str) -> None:
    """An executor must have what the target's backend is, and the device."""
    target = params.targets[evaluation.target]
    if evaluation.executor != "native" and not isinstance(target, IreeTarget):
        raise ConfigError(
            f"{where}: '{evaluation.executor}' runs modules for IREE alone, and "
            f"'{evaluation.target}' is for {target.backend}; expected native"
        )
    if evaluation.executor in CPU_ALONE and evaluation.device != "cpu":
        raise ConfigError(
            f"{where}: '{evaluation.executor}' has no '{evaluation.device}'; expected device: cpu"
        )
    cpu = target.cpu.architecture if isinstance(target, IreeTarget) and target.cpu else None
    wanted = CPU_ALONE.get(evaluation.executor, cpu)
    if cpu not in (None, wanted):
        raise ConfigError(
            f"{where}: '{evaluation.executor}' is of {wanted} CPUs, and '{evaluation.target}' is "
            f"for {cpu} ones"
        )
    if evaluation.executor != "native" and evaluation.device == "vulkan-swiftshader":
        raise ConfigError(
            f"{where}: '{evaluation.executor}' does not know SwiftShader; expected native"
        )


def _check_toolchain(version: str, where: str) -> None:
    """A toolchain must have its requirements, where there is a checkout that could have them."""
    known = set(toolchains.versions())
    if known and version not in known:
        raise ConfigError(
            f"{where}: there is no requirements/iree-{version}.txt{nearest(version, known)} "
            "(docs/reference/toolchains.md says how one is added)"
        )


def _check_lowering(params: Params, target: IreeTarget | XlaTarget, where: str) -> None:
    """A target's lowering must be there, and for XLA be StableHLO."""
    if target.lowering not in params.lowerings:
        hint = nearest(target.lowering, set(params.lowerings))
        raise ConfigError(f"{where}: no lowering '{target.lowering}'{hint}")
    source = params.lowerings[target.lowering].source
    if isinstance(target, XlaTarget) and source != "stablehlo":
        raise ConfigError(
            f"{where}: XLA compiles StableHLO alone, and '{target.lowering}' is of source "
            f"{source}; expected one of source: stablehlo"
        )


def _check_driver(target: IreeTarget, where: str) -> None:
    """The flags must compile for the driver that the row names."""
    fits = {
        "--iree-hal-target-device": {HAL_TARGETS[target.driver]},
        "--iree-hal-target-backends": HAL_BACKENDS[target.driver],
    }
    for flag in target.flags:
        name, _, value = flag.partition("=")
        if name in fits and value not in fits[name]:
            raise ConfigError(f"{where}.driver is '{target.driver}', but its flags say {flag}")
