"""Checks that the layers that Ludwig built are those that the configuration declares.

Ludwig has silently dropped keys of a layer before (`num_filters` since 0.4). So the layers are read
from torch's modules, and compared with every number in the configuration.
"""

from collections.abc import Iterator
from typing import Any

import torch.nn as nn

from ludus.core.errors import ConfigError

# The key of a layer, and the encoder's key that is its default.
CONV_KEYS = {
    "out_channels": "out_channels",
    "kernel_size": "kernel_size",
    "stride": "stride",
    "padding": "padding",
    "dilation": "dilation",
    "groups": "groups",
    "use_bias": "conv_use_bias",
    "dropout": "conv_dropout",
    "pool_function": "pool_function",
    "pool_kernel_size": "pool_kernel_size",
    "pool_stride": "pool_stride",
    "pool_padding": "pool_padding",
    "pool_dilation": "pool_dilation",
}
FC_KEYS = {"output_size": "output_size", "use_bias": "fc_use_bias", "dropout": "fc_dropout"}
MEANS = {"average": "avg", "mean": "avg"}


def check_built(config: dict[str, Any], encoder: nn.Module, head: nn.Module, classes: int) -> None:
    """Compare a stacked CNN and its head with config; other encoders are not checked.

    encoder and head are the modules of the input and of the output feature. Raises ConfigError
    with the layer, the number declared and the number built.
    """
    declared = config["input_features"][0].get("encoder") or {}
    if declared.get("type", "stacked_cnn") == "stacked_cnn":
        convs = [_built_conv(layer) for layer in _layers_around(encoder, nn.Conv2d)]
        dense = [_built_dense(layer) for layer in _layers_around(encoder, nn.Linear)]
        _compare(declared, "conv_layers", CONV_KEYS, convs)
        _compare(declared, "fc_layers", FC_KEYS, dense)
        widths = [1, *(conv["out_channels"] for conv in convs)]
        for index, conv in enumerate(convs):
            _same(f"conv_layers[{index}]", "in_channels", widths[index], conv["in_channels"])
    last = [module for module in head.modules() if isinstance(module, nn.Linear)][-1]
    _same("output_features[0]", "classes", classes, last.out_features)


def _compare(
    declared: dict[str, Any], name: str, keys: dict[str, str], built: list[dict[str, Any]]
) -> None:
    layers = declared.get(name)
    if layers is None:  # then Ludwig's defaults say how many
        layers = [{} for _ in built]
    _same(name, "number of layers", len(layers), len(built))
    for index, (layer, got) in enumerate(zip(layers, built, strict=True)):
        for key, default in keys.items():
            wanted = layer.get(key, declared.get(default))
            if wanted is not None:
                _same(f"{name}[{index}]", key, wanted, got[key])


def _same(layer: str, key: str, declared: Any, built: Any) -> None:
    if _plain(declared) != _plain(built):
        raise ConfigError(
            f"config.yaml declares {key} {declared} for {layer}, but Ludwig built {built}; "
            "it reads this key otherwise: see its documentation of the encoder"
        )


def _plain(value: Any) -> Any:
    """One form for equal values: 3 and (3, 3), "average" and "avg"."""
    if isinstance(value, str):
        return MEANS.get(value, value)
    if isinstance(value, bool) or not isinstance(value, int | float | list | tuple):
        return value
    pair = tuple(value) if isinstance(value, list | tuple) else (value, value)
    return (float(pair[0]), float(pair[-1]))


def _layers_around(module: nn.Module, kind: type[nn.Module]) -> Iterator[list[nn.Module]]:
    """The modules of each of Ludwig's layers that begins with a module of kind, in order."""
    for layer in module.modules():
        inner = list(layer.children())
        if isinstance(layer, nn.ModuleList) and inner and isinstance(inner[0], kind):
            yield inner


def _built_conv(layer: list[nn.Module]) -> dict[str, Any]:
    conv = layer[0]
    assert isinstance(conv, nn.Conv2d)
    pools = [module for module in layer if isinstance(module, nn.MaxPool2d | nn.AvgPool2d)]
    pool = pools[0] if pools else None
    return {
        "in_channels": conv.in_channels,
        "out_channels": conv.out_channels,
        "kernel_size": conv.kernel_size,
        "stride": conv.stride,
        "padding": conv.padding,
        "dilation": conv.dilation,
        "groups": conv.groups,
        "use_bias": conv.bias is not None,
        "dropout": _dropout(layer),
        "pool_function": pool and ("max" if isinstance(pool, nn.MaxPool2d) else "avg"),
        "pool_kernel_size": getattr(pool, "kernel_size", None),
        "pool_stride": getattr(pool, "stride", None),
        "pool_padding": getattr(pool, "padding", None),
        "pool_dilation": getattr(pool, "dilation", 1),
    }


def _built_dense(layer: list[nn.Module]) -> dict[str, Any]:
    dense = layer[0]
    assert isinstance(dense, nn.Linear)
    return {
        "output_size": dense.out_features,
        "use_bias": dense.bias is not None,
        "dropout": _dropout(layer),
    }


def _dropout(layer: list[nn.Module]) -> float:
    return max((module.p for module in layer if isinstance(module, nn.Dropout)), default=0.0)
