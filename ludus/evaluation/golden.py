"""The golden inputs of a bundle, run on a device of this machine."""

import numpy as np

from ludus import runtimes
from ludus.bundle.inputs import network_inputs
from ludus.bundle.reader import Bundle
from ludus.bundle.schema import Variant
from ludus.core.errors import GoldenError


def check_golden_answers(bundle: Bundle, variant: Variant, device: str) -> float:
    """Run the golden inputs. Returns the largest difference; raises GoldenError if too large."""
    golden = bundle.golden()
    run = runtimes.load(variant, bundle.folder, device)
    answers, expected = run(network_inputs(golden, bundle.manifest)), golden.reference
    allowed = bundle.manifest.golden.max_abs_diff
    if answers.shape != expected.shape:  # which numpy would broadcast without a word
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
