"""Export the trained network; prove that each export answers as Ludwig does.

    python -m stages.export

reads   artifacts/model/, data/prepared/test.npz
writes  artifacts/export/model.torchscript  a trace: not frozen, for the CPU and for GPUs
                         model.onnx         any batch; labels and preprocessing in its metadata
                         model.pt2          torch's ExportedProgram, any batch; what is lowered
                         network.json       inputs, outputs, labels, preprocessing
                         reference.npz      the test images, labels, and the probabilities
                                            [N, classes] of the trace on the CPU
"""

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ludus.errors import ExportError
from ludus.files import replaced_folder
from ludus.images import normalise
from ludus.stage import run_stage

LARGEST_DIFFERENCE = 1e-5  # of any probability, to Ludwig's own answer

Answers = npt.NDArray[np.float32]


def export(model: Path, tests: Path, out: Path) -> None:
    """Write all exports of a Ludwig model. Raises ExportError where one differs from it."""
    from ludus import ludwig_export as ludwig  # only now: it takes half a minute

    trained = ludwig.load(model)
    network = ludwig.describe(trained)
    with np.load(tests) as arrays:
        labelled = {name: arrays[name] for name in ("images", "labels")}
    images = normalise(labelled["images"], network.preprocess)
    expected = ludwig.answers(trained, images)
    with replaced_folder(out) as folder:
        answers = ludwig.write(trained, network, images, folder)
        for name, found in answers.items():
            _compare(name, found, expected)
        (folder / "network.json").write_text(network.model_dump_json(indent=1) + "\n")
        reference = {**labelled, "probabilities": answers["model.torchscript"]}
        np.savez(folder / "reference.npz", **reference)


def _compare(name: str, answers: Answers, expected: Answers) -> None:
    """Answers [N, classes] must be the expected ones."""
    differences = np.abs(answers - expected)
    image, output = np.unravel_index(int(differences.argmax()), differences.shape)
    largest = float(differences[image, output])
    print(f"{name}: largest difference to Ludwig {largest:.1e}")
    if not largest <= LARGEST_DIFFERENCE:
        raise ExportError(
            f"{name} differs from Ludwig by {largest:.3g}, more than {LARGEST_DIFFERENCE:g}: test "
            f"image {image}, output {output} is {answers[image, output]:.6f}, "
            f"expected {expected[image, output]:.6f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=Path("artifacts/model"))
    parser.add_argument("--tests", type=Path, default=Path("data/prepared/test.npz"))
    parser.add_argument("--out", type=Path, default=Path("artifacts/export"))
    arguments = parser.parse_args()
    export(arguments.model, arguments.tests, arguments.out)


if __name__ == "__main__":
    run_stage(main)
