"""Export the trained network to every format, or import one that was made elsewhere.

    python -m stages.export

reads   params.yaml model; artifacts/model/ (program.pt2, network.json), data/prepared/test.npz
writes  artifacts/export/model.torchscript  a trace: not frozen, for the CPU and for GPUs
                         model.onnx         any batch; labels and preprocessing in its metadata
                         model.pt2          torch's ExportedProgram, any batch; lower reads it
                         network.json       inputs, outputs, labels, preprocessing
                         reference.npz      the test images, labels, and the probabilities
                                            [N, classes] of the trace on the CPU

Each export answers as the program does. The train stage, which has Ludwig, proves that the program
answers as Ludwig does.

With another `source` than ludwig the stage reads the file in artifacts/model/ and the model.yaml
that params.yaml `model` names. It writes network.json, the file under its name in the list above,
and reference.npz: inputs, the answers of the file's own runtime, and labels, if there are any.
"""

import shutil
from pathlib import Path

import numpy as np

from ludus.bundle.inputs import network_inputs
from ludus.bundle.schema import Network
from ludus.config.params import load_params
from ludus.core.arrays import read_arrays
from ludus.core.files import replaced_folder
from ludus.core.program import arguments_of, run_stage
from ludus.data.reference_set import ReferenceSet, save_reference_set


def export(model: Path, tests: Path, out: Path) -> None:
    """Write all exports of a trained network. Raises ExportError where one differs from it."""
    import torch

    from ludus.export import formats  # only now: torch takes seconds
    from ludus.export import ludwig as ludwig_export

    network = Network.model_validate_json((model / "network.json").read_bytes())
    program = torch.export.load(model / "program.pt2")
    pictures, labels = read_arrays(tests, ("images", "labels"), "run `dvc repro prepare`")
    labelled = {"inputs": pictures, "labels": labels}
    images = network_inputs(ReferenceSet(**labelled, reference=np.empty(0, np.float32)), network)
    expected = ludwig_export.run_in_chunks(program.module(), images)
    with replaced_folder(out) as folder:
        answers = formats.write(program, network, images, folder)
        for name, found in answers.items():
            ludwig_export.compare(name, found, expected, "the trained network")
        shutil.copyfile(model / "program.pt2", folder / "model.pt2")
        shutil.copyfile(model / "network.json", folder / "network.json")
        reference = ReferenceSet(**labelled, reference=answers["model.torchscript"])
        save_reference_set(reference, folder / "reference.npz")


def main() -> None:
    arguments = arguments_of(
        __doc__, model="artifacts/model", tests="data/prepared/test.npz", out="artifacts/export"
    ).parse_args()
    model = load_params().model
    if model.source != "ludwig":
        from ludus.export import importers  # only now: it wants tools of the pipeline

        file = arguments.model / Path(model.file).name
        network = importers.import_model(model.source, file, Path(model.about), arguments.out)
        print(f"{model.file}: {network.inputs[0].shape} to {network.outputs[0].shape}")
        return
    export(arguments.model, arguments.tests, arguments.out)


if __name__ == "__main__":
    run_stage(main)
