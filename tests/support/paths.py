"""Where things are."""

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
GOLDEN = TESTS / "golden"
BUNDLE = GOLDEN / "bundle"  # of a classifier of digits, ten golden images
TENSORS = GOLDEN / "tensor-bundle"  # of a network that is no classifier
DIGITS = ROOT / "artifacts" / "bundle"  # what the pipeline made, where it was run
SMALL_DIGITS = TESTS / "support" / "digits.npz"  # pipeline/README.md
# `ludus` of this checkout, without looking for it on PATH.
LUDUS = [sys.executable, "-c", "from ludus.cli.app import main; main()"]
