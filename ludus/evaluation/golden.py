"""Runs the golden inputs of a bundle on a device of this machine."""

from typing import Any

import numpy as np

from ludus import runtimes
from ludus.bundle.inputs import network_inputs
from ludus.bundle.reader import Bundle
from ludus.bundle.schema import Variant
from ludus.core.errors import GoldenError, LudusError
from ludus.runtimes import devices


def check_golden_answers(bundle: Bundle, variant: Variant, device: str) -> float:
    """Run the golden inputs. Returns the largest difference; raises GoldenError if too large."""
    golden = bundle.golden()
    run = runtimes.load(variant, bundle.folder, device)
    answers, expected = run(network_inputs(golden, bundle.manifest)), golden.reference
    allowed = bundle.manifest.golden.max_abs_diff
    if answers.shape != expected.shape:  # numpy would broadcast silently
        raise GoldenError(
            f"{variant.target} on '{device}' answers in the shape {list(answers.shape)}, "
            f"expected {list(expected.shape)}"
        )
    difference = float(np.abs(answers - expected).max())
    if not difference <= allowed:
        raise GoldenError(
            f"{variant.target} on '{device}' differs from the golden answers by {difference:.3g}, "
            f"more than {allowed:g}"
        )
    return difference


def verify_bundle(bundle: Bundle) -> list[dict[str, Any]]:
    """Check the golden answers of each variant on each device here: target, device, status.

    The difference is the largest of any output, if verified; the detail says the same as text, or
    why it failed or was not run.
    """
    return [
        _verify(bundle, variant, word)
        for variant in bundle.manifest.variants
        for word in _devices_here(variant)
    ]


def _devices_here(variant: Variant) -> list[str]:
    """The devices of this machine that run a variant; if there is none, the one it was made for."""
    # "vulkan" is the first of the Vulkan devices, each of which also has a name of its own.
    names = [word for word in devices.DEVICES if word != "vulkan"]
    here = [word for word in names if runtimes.why_not(variant, word) is None]
    return here or [variant.driver or "cpu"]


def _verify(bundle: Bundle, variant: Variant, word: str) -> dict[str, Any]:
    row = {"target": variant.target, "device": word, "difference": None}
    reason = runtimes.why_not(variant, word)
    if reason is not None:
        return {**row, "status": "not run", "detail": reason}
    try:
        difference = check_golden_answers(bundle, variant, word)
    except (LudusError, RuntimeError, ValueError) as error:
        return {**row, "status": "failed", "detail": str(error)}
    detail = f"largest difference {difference:.1e}"
    return {**row, "status": "verified", "difference": difference, "detail": detail}
