"""Chooses the variant of a bundle that this machine runs."""

from ludus import runtimes
from ludus.bundle.reader import Bundle
from ludus.bundle.schema import Variant
from ludus.core.errors import DeviceError
from ludus.runtimes import devices


def choose(bundle: Bundle, device: str | None, target: str | None = None) -> tuple[Variant, str]:
    """The variant to run and the device to run it on.

    device: a name in DEVICES, or None for the first variant, in the bundle's order, that this
    machine runs. target: a variant's target, which need not run here. A named device or target
    never falls back to another. Raises UsageError, or DeviceError with all reasons.
    """
    if device is not None:
        devices.known_device(device)
    if target is not None:
        variant = bundle.variant(target)
        return variant, device or variant.driver or "cpu"
    reasons = []
    for variant in bundle.manifest.variants:
        word = device or variant.driver or "cpu"
        reason = runtimes.why_not(variant, word)
        if reason is None:
            return variant, word
        reasons.append(f"  {variant.target}: {reason}")
    lines = "\n".join(reasons)
    raise DeviceError(f"no variant of {bundle.folder} runs on '{device or 'auto'}':\n{lines}")
