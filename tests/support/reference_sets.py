"""Labelled images with the reference's answers, made of the golden bundle's."""

import numpy as np

from ludus.bundle.reader import Bundle
from ludus.data.reference_set import ReferenceSet


def repeated(bundle: Bundle, times: int = 30) -> ReferenceSet:
    """The golden images again and again. 30 times ten are more than one step of what runs them,
    and the last step is of another size."""
    golden = bundle.golden()
    return ReferenceSet(
        inputs=np.tile(golden.inputs, (times, 1, 1)),
        labels=np.tile(np.array(bundle.manifest.golden.labels, dtype=np.uint8), times),
        reference=np.tile(golden.reference, (times, 1)),
    )
