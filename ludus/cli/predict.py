"""`ludus predict`: what a bundle's network says of pictures."""

import sys
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from rich.console import Console
from rich.markup import escape

from ludus import runtimes
from ludus.bundle import preprocessing, reader
from ludus.cli.options import BundleFolder, DeviceOption, Json, VariantOption, print_json
from ludus.core.errors import DeviceError, ImageError, UsageError
from ludus.runtimes.choosing import choose

Answer = npt.NDArray[np.float32]


def predict(
    folder: BundleFolder,
    pictures: Annotated[
        list[Path], typer.Argument(metavar="IMAGE", readable=False, help="pictures")
    ],
    device: DeviceOption = None,
    variant: VariantOption = None,
    as_json: Json = False,
) -> None:
    """Run the network on pictures of any size and colour, dark or light.

    A picture that cannot be read is named, the others are answered, and the exit code is 1.
    """
    opened = reader.read_bundle(folder)
    chosen, word = choose(opened, device, variant)
    how = opened.manifest.preprocess
    if how is None:
        raise UsageError(
            f"{folder} takes only tensors: its manifest does not say how pictures become its "
            "input (preprocess is null)"
        )
    inputs: dict[int, Answer] = {}
    errors: dict[int, str] = {}
    for index, path in enumerate(pictures):
        try:
            inputs[index] = preprocessing.read_picture(path, how)
        except ImageError as error:
            errors[index] = str(error)
    answers: dict[int, Answer] = {}
    if inputs:
        outputs = runtimes.load(chosen, folder, word)(np.stack(list(inputs.values())))
        if not np.isfinite(outputs).all():
            raise DeviceError(f"{chosen.target} on '{word}' answers with NaN or infinity")
        answers = dict(zip(inputs, outputs, strict=True))
    labels = opened.manifest.labels
    if as_json:
        rows = [
            {
                "image": str(path),
                **(_row(answers[i], labels) if i in answers else {"error": errors[i]}),
            }
            for i, path in enumerate(pictures)
        ]
        print_json({"variant": chosen.target, "device": word, "answers": rows})
    else:
        _print(pictures, answers, errors, labels)
        if answers:
            print(f"({chosen.target} on {word})", file=sys.stderr)
    if errors:
        raise typer.Exit(1)


def _print(
    pictures: list[Path], answers: dict[int, Answer], errors: dict[int, str], labels: list[str]
) -> None:
    """A line for each picture, in their order: answers to standard output, errors to the other."""
    console = Console(soft_wrap=True)
    for index, path in enumerate(pictures):
        if index in answers:
            said = _description(answers[index], labels)
            console.print(f"{escape(str(path))}: {said}", highlight=False)
        else:
            sys.stdout.flush()
            print(f"error: {errors[index]}", file=sys.stderr, flush=True)


def _row(answer: Answer, labels: list[str]) -> dict[str, Any]:
    """One answer of the network, for programs: of several places, the likeliest at each."""
    if answer.ndim > 1 and labels:
        return {"labels": np.array(labels)[answer.argmax(-1)].tolist()}
    if not labels:
        return {"output": answer.tolist()}
    return {
        "label": labels[int(answer.argmax())],
        "probabilities": dict(zip(labels, map(float, answer), strict=True)),
    }


def _description(answer: Answer, labels: list[str]) -> str:
    if answer.ndim > 1 and labels:
        return escape(" ".join(np.array(labels)[answer.argmax(-1)].flat))
    if not labels:
        return f"an output of {list(answer.shape)}, which has no labels; --json prints it"
    best, second = (*np.argsort(-answer)[:2], None)[:2]
    text = f"[bold]{escape(labels[best])}[/]  {answer[best]:.1%}"
    return (
        text if second is None else f"{text}, then {escape(labels[second])}  {answer[second]:.1%}"
    )
