"""Candidates for a target's row: other lowerings, batches, flags and tiles."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import ValidationError

from ludus.config.backends.iree import IreeTarget
from ludus.config.lowerings import Lowering
from ludus.config.params import Params
from ludus.tuning import inner_loops

Batches = list[int] | Literal["dynamic"]

# Batch sizes with an entry function each, the most promising first.
ENTRY_POINTS: dict[str, list[Batches]] = {
    "cpu": [[1, 16], [1, 8, 32], [1, 4, 16], [1, 4, 8], [1, 8], [1, 32], "dynamic"],
    "gpu": [[1, 16, 256], [1, 16, 256, 4096], [1, 64, 256], [1, 256], "dynamic"],
}
# Flags of the compiler that have changed a network's speed; each is tried on top of the row's own.
FLAGS = [
    "--iree-opt-data-tiling",
    "--iree-opt-generalize-matmul",
    "--iree-dispatch-creation-enable-aggressive-reshape-movement",
    "--iree-opt-level=O3",
    "--iree-opt-level=O2",
]
CPU_FLAGS = ["--iree-llvmcpu-disable-distribution", "--iree-llvmcpu-use-fast-min-max-ops"]
GPU_FLAGS = ["--iree-dispatch-creation-enable-aggressive-fusion"]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A row of `targets` as it could be, and the row of `lowerings` that it names."""

    change: str  # description of the change to the row that it was made from
    target: IreeTarget
    lowering: Lowering

    @property
    def key(self) -> tuple[str, str]:
        """Equal for rows that say the same."""
        return self.target.model_dump_json(), self.lowering.model_dump_json()


Dimension = Callable[[Candidate], list[Candidate]]


def present(name: str, params: Params) -> Candidate:
    """A target's row as it stands; it must be IREE's."""
    target = params.targets[name]
    if not isinstance(target, IreeTarget):
        raise TypeError(f"{name} is no target of IREE's")
    lowering = params.lowerings[target.lowering]
    return Candidate(change="the present row", target=target, lowering=lowering)


def dimensions(params: Params) -> list[Dimension]:
    """What is searched, one after the other, the most promising first."""
    return [
        lambda now: other_lowerings(now, params),
        lambda now: other_batches(now, params),
        other_flags,
        other_tiles,
    ]


def other_lowerings(now: Candidate, params: Params) -> list[Candidate]:
    """The lowerings of torch's program that no row uses, or a row for a device of the same kind."""
    kinds: dict[str, set[str]] = {}
    for target in params.targets.values():
        if isinstance(target, IreeTarget):
            kinds.setdefault(target.lowering, set()).add(_kind(target))
    return [
        Candidate(
            change=f"lowering {name}",
            target=now.target.model_copy(update={"lowering": name}),
            lowering=lowering,
        )
        for name, lowering in params.lowerings.items()
        if name != now.target.lowering
        and lowering.source == "torch"
        and _kind(now.target) in kinds.get(name, {_kind(now.target)})
    ]


def other_batches(now: Candidate, params: Params) -> list[Candidate]:
    """The same rewrites for other batch sizes, where the row allows them."""
    return [
        candidate
        for batches in ENTRY_POINTS[_kind(now.target)]
        if batches != now.lowering.batches
        and (candidate := _with_batches(now, batches, params)) is not None
    ]


def other_flags(now: Candidate) -> list[Candidate]:
    """One more flag, or another value of one."""
    more = CPU_FLAGS if _kind(now.target) == "cpu" else GPU_FLAGS
    return [
        replace(now, change=flag, target=_with_flag(now.target, flag))
        for flag in [*FLAGS, *more]
        if flag not in now.target.flags
    ]


def other_tiles(now: Candidate) -> list[Candidate]:
    """Other inner loops, where the target's instructions are known."""
    if now.target.cpu is None:
        return []
    return [
        replace(now, change=change, target=now.target.model_copy(update={"tiles": tiles}))
        for change, tiles in inner_loops.proposals(now.target.tiles, now.target.cpu)
    ]


def _with_batches(now: Candidate, batches: Batches, params: Params) -> Candidate | None:
    row = {**now.lowering.model_dump(exclude_unset=True), "batches": batches}
    try:
        lowering = Lowering.model_validate(row)
    except ValidationError:  # of what else the row says
        return None
    name = _name(now, lowering, params)
    return Candidate(
        change=f"batches {batches}",
        target=now.target.model_copy(update={"lowering": name}),
        lowering=lowering,
    )


def _name(now: Candidate, lowering: Lowering, params: Params) -> str:
    """The row of `lowerings` that is this one, or a name for a new one: winograd-cpu-1-8-32."""
    for known, row in params.lowerings.items():
        if row == lowering:
            return known
    base = now.target.lowering
    if base not in params.lowerings:  # a new one itself, which ends in its own batches
        base = base.removesuffix(_suffix(now.lowering.batches))
    name = base + _suffix(lowering.batches)
    while name in params.lowerings:
        name += "-tuned"
    return name


def _suffix(batches: Batches) -> str:
    parts = [batches] if isinstance(batches, str) else batches
    return "".join(f"-{part}" for part in parts)


def _with_flag(target: IreeTarget, flag: str) -> IreeTarget:
    """In the place of the same flag with another value, else before the last."""
    name = flag.partition("=")[0]
    flags = [flag if known.partition("=")[0] == name else known for known in target.flags]
    if flag not in flags:
        flags.insert(max(len(flags) - 1, 0), flag)
    return target.model_copy(update={"flags": flags})


def _kind(target: IreeTarget) -> str:
    return "cpu" if target.driver == "cpu" else "gpu"
