"""Checks between the rows of params.yaml: each name must exist and fit the row that uses it."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from ludus.config.backends import BACKENDS
from ludus.config.backends.base import BuiltTarget, LoweredTarget
from ludus.config.benchmark import Comparison
from ludus.config.evaluations import Evaluation
from ludus.config.lowerings import NONE, Lowering
from ludus.core.errors import nearest
from ludus.core.types import Device

# The executors whose only device is a CPU, with its architecture.
CPU_ONLY = {"qemu-aarch64": "aarch64", "qemu-riscv64": "riscv64", "wine": "x86_64"}


def faults(
    lowerings: Mapping[str, Lowering],
    targets: Mapping[str, BuiltTarget],
    evaluations: Mapping[str, Evaluation],
    comparisons: Sequence[Comparison],
) -> Iterator[str]:
    """A line for each fault: its place, what is wrong, and the nearest known name."""
    if NONE in lowerings:
        yield f"lowerings.{NONE}: the name means the exported file itself; choose another"
    for name, lowering in lowerings.items():
        batches = lowering.batches
        if len(set(batches)) != len(batches) and batches != "dynamic":
            yield f"lowerings.{name}.batches: {batches} has a size twice"
    for name, target in targets.items():
        yield from (f"targets.{name}.{fault}" for fault in target.faults())
    yield from _names(lowerings, targets, evaluations, comparisons)
    for name, target in targets.items():
        if isinstance(target, LoweredTarget):
            lowered = lowerings.get(target.lowering)
            if reason := lowered and target.why_not_of(lowered):
                yield f"targets.{name}.lowering: {reason}"
    for name, row in evaluations.items():
        if row.target in targets:
            target = targets[row.target]
            yield from _device(target, row.target, row.device, f"evaluations.{name}.device")
            yield from _executor(target, row, f"evaluations.{name}.executor")
    for number, pair in enumerate(comparisons):
        where = f"benchmark.comparisons.{number}"
        against = pair.against, pair.against_device or pair.device
        for key, (name, device) in (("target", (pair.target, pair.device)), ("against", against)):
            if name in targets:
                if not targets[name].bundled:
                    yield f"{where}.{key}: '{name}' is not bundled, and so not measured"
                yield from _device(targets[name], name, device, where)


def _names(
    lowerings: Mapping[str, Lowering],
    targets: Mapping[str, BuiltTarget],
    evaluations: Mapping[str, Evaluation],
    comparisons: Sequence[Comparison],
) -> Iterator[str]:
    """Unknown names: one line each, with all the places that use it."""
    lowered = {
        f"targets.{name}.lowering": target.lowering
        for name, target in targets.items()
        if isinstance(target, LoweredTarget)
    }
    named = {f"evaluations.{name}.target": row.target for name, row in evaluations.items()}
    for number, pair in enumerate(comparisons):
        named[f"benchmark.comparisons.{number}.target"] = pair.target
        named[f"benchmark.comparisons.{number}.against"] = pair.against
    yield from _lost("lowering", lowered, lowerings)
    yield from _lost("target", named, targets)


def _lost(what: str, named: dict[str, str], known: Collection[str]) -> Iterator[str]:
    """named: names by place. A row that nothing names is likely the one meant, renamed."""
    unnamed = set(known) - set(named.values())
    for word in dict.fromkeys(named.values()):
        if word not in known:
            places = [place for place, name in named.items() if name == word]
            also = f" (also {', '.join(places[1:])})" if places[1:] else ""
            hint = nearest(word, set(known), unnamed, renamed=len(places) > 1)
            yield f"{places[0]}: no {what} '{word}'{hint}{also}"


def _device(target: BuiltTarget, name: str, device: Device, where: str) -> Iterator[str]:
    """Check that a target can run on a device, on some machine."""
    fits = BACKENDS[target.backend].kinds(target.hal_driver)
    if device.split("-")[0] not in fits:
        yield (
            f"{where}: '{name}' cannot run on '{device}', on any machine; "
            f"expected a device of {sorted(fits)}"
        )


def _executor(target: BuiltTarget, row: Evaluation, where: str) -> Iterator[str]:
    """Check that an executor supports the target's backend and the device."""
    if row.executor == "native":
        return
    if BACKENDS[target.backend].native_only:
        yield (
            f"{where}: '{row.executor}' runs only modules for IREE, and "
            f"'{row.target}' is for {target.backend}; expected native"
        )
        return
    if row.executor in CPU_ONLY and row.device != "cpu":
        yield f"{where}: '{row.executor}' has no '{row.device}'; expected device: cpu"
        return
    wanted = CPU_ONLY.get(row.executor, target.architecture)
    if target.architecture not in (None, wanted):
        yield (
            f"{where}: '{row.executor}' is of {wanted} CPUs, and '{row.target}' is for "
            f"{target.architecture} ones"
        )
    if row.device == "vulkan-swiftshader":
        yield f"{where}: '{row.executor}' does not know SwiftShader; expected native"
