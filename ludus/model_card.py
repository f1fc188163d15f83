"""The README.md of a bundle: what the network is, how good, and how to run it."""

from ludus.manifest import Figures, Manifest, Variant


def model_card(manifest: Manifest) -> str:
    """Markdown with a table of the variants."""
    rows = [
        _row(variant, figures) for variant in manifest.variants for figures in variant.evaluations
    ]
    inputs, outputs = manifest.inputs[0], manifest.outputs[0]
    return "\n".join(
        [
            f"# {manifest.name} {manifest.version}",
            "",
            f"Input `{inputs.name}`: {inputs.datatype} {inputs.shape}; -1 is any number of images. "
            f"Output `{outputs.name}`: {outputs.datatype} {outputs.shape}, for the labels "
            f"{', '.join(manifest.labels)}.",
            "",
            "| variant | evaluation | on | status | accuracy | agreement | largest difference |",
            "|---|---|---|---|---|---|---|",
            *rows,
            "",
            "Accuracy is on the official test images, never trained on or chosen by; agreement and "
            "largest difference are to the reference, TorchScript on the CPU. `verified`: run by "
            "who built this, all images, above every floor. `attested`: run on another machine, on "
            "this very file. `not run`: built, and not run by who built this.",
            "",
            "Check it with `ludus verify .`; the files alone with `sha256sum --check SHA256SUMS`.",
            "",
        ]
    )


def _row(variant: Variant, figures: Figures) -> str:
    numbers = ["", "", ""]
    if figures.accuracy is not None:
        numbers = [
            f"{figures.accuracy:.4f}",
            f"{figures.agreement:.4f}",
            f"{figures.max_abs_diff:.1e}",
        ]
    words = [variant.target, figures.evaluation, figures.device, figures.status]
    return f"| {' | '.join([*words, *numbers])} |"
