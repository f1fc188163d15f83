"""Converts a reference set to the network's inputs."""

import numpy as np
import numpy.typing as npt

from ludus.bundle.preprocessing import normalise
from ludus.bundle.schema import Network
from ludus.core.errors import DataError
from ludus.core.pictures import Preprocess
from ludus.data.reference_set import ReferenceSet


def network_inputs(tests: ReferenceSet, network: Network) -> npt.NDArray[np.float32]:
    """The network's inputs from a reference set, float32 [N, ...].

    Raises DataError for inputs of another shape, or drawings for a network that takes none.
    """
    how, wanted = network.preprocess, network.inputs[0].shape[1:]
    tensors = tests.inputs
    if tests.are_drawings and isinstance(how, Preprocess):
        tensors = normalise(tests.inputs, how)
    if tensors.dtype != np.float32 or list(tensors.shape[1:]) != wanted:
        raise DataError(
            f"the test inputs are {tests.inputs.dtype} {list(tests.inputs.shape)}, "
            f"and the network takes float32 {[-1, *wanted]}"
        )
    return np.asarray(tensors, np.float32)
