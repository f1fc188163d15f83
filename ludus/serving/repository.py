"""A model repository of Triton's: one folder a model, and in it a bundle for each version.

models/digits/config.pbtxt      made from the manifest
models/digits/labels.txt        one label a line, for Triton's classification
models/digits/1/                the bundle
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from ludus.bundle.reader import Bundle
from ludus.bundle.schema import Manifest, Network, Tensor
from ludus.core.errors import UsageError
from ludus.core.files import write_text

# The input for pictures as files, beside the manifest's; native/triton/src/served.rs has it too.
ENCODED = "encoded_picture"


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a model is served: its device and its limits."""

    device: str = "auto"  # a device word, or a variant's target
    instances: int = 1  # calls of the network at a time
    max_batch: int = 1024  # images a call, and a request
    queue: int = 1024  # requests that wait; the next is answered with 503
    timeout: float = 2.0  # seconds that a request waits at most; then it is answered with 503


@dataclass(frozen=True, kw_only=True)
class Served:
    """A bundle as a version of a model."""

    name: str
    version: int
    bundle: Bundle


def write_repository(bundles: list[Bundle], options: Options, folder: Path) -> list[Served]:
    """Write the repository of these bundles into an empty folder.

    Bundles of one name become versions 1, 2 and so on of one model, in their order. Raises
    UsageError where they differ in what clients see.
    """
    served: list[Served] = []
    for bundle in bundles:
        manifest = bundle.manifest
        former = [each for each in served if each.name == manifest.name]
        for other in former[:1]:
            _check_same_interface(other.bundle, bundle)
        version = len(former) + 1
        shutil.copytree(bundle.folder, folder / manifest.name / str(version))
        if not former:
            write_text(folder / manifest.name / "config.pbtxt", config(manifest, options))
            write_text(folder / manifest.name / "labels.txt", "\n".join([*manifest.labels, ""]))
        served.append(Served(name=manifest.name, version=version, bundle=bundle))
    return served


def config(manifest: Manifest, options: Options) -> str:
    """config.pbtxt: Triton's ModelConfig as protobuf's text.

    Requests wait in the backend (native/triton/src/queue.rs) and not in Triton's dynamic batcher,
    which under a queue policy leaves some of them lying for half a second; docs/how-to/serve.md.
    """
    tensor = manifest.inputs[0]
    if tensor.name == ENCODED:
        raise UsageError(
            f"the input of {manifest.name} is called '{ENCODED}', as the one for pictures as files "
            "is; give it another name"
        )
    inputs = [_port(tensor, "optional: true")]
    if manifest.preprocess is None:
        inputs = [_port(tensor)]
    else:
        inputs.append(f'{{ name: "{ENCODED}" data_type: TYPE_STRING dims: [1] optional: true }}')
    output = _port(manifest.outputs[0], *_labels(manifest))
    return f"""\
backend: "ludus"
max_batch_size: {options.max_batch}
input [ {", ".join(inputs)} ]
output [ {output} ]
{_parameter("device", options.device)}
{_parameter("network", _network(manifest))}
{_parameter("instances", str(options.instances))}
{_parameter("queue", str(options.queue))}
{_parameter("timeout", str(options.timeout))}
instance_group [ {{ kind: KIND_MODEL count: 1 }} ]
version_policy {{ all {{ }} }}
"""


def _port(tensor: Tensor, *more: str) -> str:
    dims = ", ".join(map(str, tensor.shape[1:]))
    fields = [f"name: {_quoted(tensor.name)}", "data_type: TYPE_FP32", f"dims: [{dims}]", *more]
    return f"{{ {' '.join(fields)} }}"


def _parameter(key: str, value: str) -> str:
    return f'parameters {{ key: "{key}" value: {{ string_value: {_quoted(value)} }} }}'


def _network(manifest: Manifest) -> str:
    """What a client needs to know, as JSON: native/godot/src/remote.rs asks for it."""
    return manifest.model_dump_json(include=set(Network.model_fields))


def _labels(manifest: Manifest) -> list[str]:
    """Triton's classification is of the whole output; of several places it would mean nothing."""
    fits = manifest.labels and len(manifest.outputs[0].shape) == 2
    return ['label_filename: "labels.txt"'] if fits else []


def _quoted(text: str) -> str:
    """A string of protobuf's text, whose escapes are those of JSON here."""
    return json.dumps(text, ensure_ascii=False)


def _check_same_interface(one: Bundle, other: Bundle) -> None:
    for key in ("inputs", "outputs", "labels", "preprocess"):
        if getattr(one.manifest, key) != getattr(other.manifest, key):
            raise UsageError(
                f"{one.folder} and {other.folder} are both called '{one.manifest.name}', and "
                f"differ in {key}; versions of a model take and give the same: give one another "
                "name (params.yaml bundle.name)"
            )
