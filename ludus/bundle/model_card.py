"""The README.md of a bundle: what the network is, its measured quality, and how to run it."""

from ludus.bundle.schema import Figures, Golden, Manifest, Variant

MOST_LABELS = 100  # that are listed


def model_card(manifest: Manifest) -> str:
    """Markdown with a table of the variants."""
    rows = [
        _row(variant, figures) for variant in manifest.variants for figures in variant.evaluations
    ]
    inputs, outputs = manifest.inputs[0], manifest.outputs[0]
    things = "images" if manifest.preprocess else "inputs"
    return "\n".join(
        [
            f"# {manifest.name} {manifest.version}",
            "",
            f"Input `{inputs.name}`: {inputs.datatype} {inputs.shape}; -1 is any number of "
            f"{things}. "
            f"Output `{outputs.name}`: {outputs.datatype} {outputs.shape}{_labels(manifest)}.",
            "",
            "| variant | evaluation | on | status | accuracy | agreement | largest difference |",
            "|---|---|---|---|---|---|---|",
            *rows,
            "",
            f"{_measured_on(manifest)} `verified`: run on the machine that built this, on all "
            f"{things}, within every threshold. `attested`: run on another machine, on this very "
            "file. `not run`: built, and not run on the machine that built this.",
            "",
            "Check it with `ludus verify .`; only its files with `sha256sum --check SHA256SUMS`.",
            "",
        ]
    )


def _labels(manifest: Manifest) -> str:
    if len(manifest.labels) > MOST_LABELS:
        return f", for {len(manifest.labels)} labels"
    return f", for the labels {', '.join(manifest.labels)}" if manifest.labels else ""


def _measured_on(manifest: Manifest) -> str:
    """What the figures were measured against: for a trained network, or for an imported one."""
    if isinstance(manifest.golden, Golden):
        return (
            "Accuracy is measured on the official test images, which training and model selection "
            "never use. Agreement and largest difference are relative to the reference, "
            "TorchScript on the CPU."
        )
    return (
        "Agreement and largest difference are relative to the runtime of the file's own format. "
        "Accuracy is measured on the labelled data that came with the network, if any."
    )


def _row(variant: Variant, figures: Figures) -> str:
    numbers = ["", "", ""]
    if figures.agreement is not None:
        numbers = [
            "" if figures.accuracy is None else f"{figures.accuracy:.4f}",
            f"{figures.agreement:.4f}",
            f"{figures.max_abs_diff:.1e}",
        ]
    cells = [variant.target, figures.evaluation, figures.device, figures.status]
    return f"| {' | '.join([*cells, *numbers])} |"
