"""What Ludwig's own schema allows in config.yaml, and Ludwig 0.17.10 cannot build or train.

Each was tried by a training of one epoch on a few images: Ludwig failed on it, after half a minute
of imports, or trained a network that learns nothing or is another than was declared.
"""

from ludus.config.network_values import Schema

PAIR = {"minItems": 2, "maxItems": 2}  # a list of one value for each dimension
SIZE: Schema = {"type": ["array", "integer"], "minimum": 1, **PAIR}
POOL: Schema = {"type": ["array", "integer", "null"], "minimum": 1, **PAIR}
WIDTH: Schema = {"type": "integer", "minimum": 0}
SPACE: Schema = {"type": ["array", "integer"], "minimum": 0, **PAIR}
SHARE: Schema = {"type": "number", "minimum": 0, "exclusiveMaximum": 1}  # 1 drops everything
COUNT: Schema = {"type": "integer", "minimum": 1}
ANY_COUNT: Schema = {"type": ["integer", "null"], "minimum": 1}
LAYERS: Schema = {"type": ["integer", "null"], "minimum": 0}
CLIP: Schema = {"type": ["number", "null"], "exclusiveMinimum": 0}  # below 0 it climbs
BATCH: Schema = {"anyOf": [COUNT, {"enum": ["auto"]}]}
TABLE: Schema = {"type": ["object", "null"]}
FLAG: Schema = {"type": "boolean"}  # null is no bias, and reads as if it were the default
# constant and sparse want an argument that there is no key for, dirac wants three dimensions.
WEIGHTS: Schema = {
    "enum": [
        "eye", "identity", "kaiming_normal", "kaiming_uniform", "normal", "ones", "orthogonal",
        "uniform", "xavier_normal", "xavier_uniform", "zeros", None,
    ]
}  # fmt: skip
BIAS: Schema = {"enum": ["normal", "ones", "uniform", "zeros", None]}  # of one dimension
REDUCE: Schema = {
    "enum": ["attention", "attention_pooling", "avg", "concat", "last", "max", "mean", "none",
             "sum", None]
}  # fmt: skip

# By key, wherever it stands.
LIMITS: dict[str, Schema] = {
    "out_channels": ANY_COUNT, "output_size": COUNT, "fc_output_size": COUNT,
    "hidden_size": COUNT, "top_k": COUNT, "num_fc_layers": LAYERS, "num_conv_layers": LAYERS,
    "kernel_size": COUNT, "stride": COUNT, "dilation": COUNT, "pool_dilation": COUNT,
    "pool_kernel_size": ANY_COUNT, "pool_stride": ANY_COUNT, "pool_padding": WIDTH,
    "padding": {"anyOf": [WIDTH, {"enum": ["same", "valid"]}]}, "groups": COUNT,
    "dropout": SHARE, "conv_dropout": SHARE, "fc_dropout": SHARE,
    "use_bias": FLAG, "conv_use_bias": FLAG, "fc_use_bias": FLAG,
    "weights_initializer": WEIGHTS, "fc_weights_initializer": WEIGHTS,
    "bias_initializer": BIAS, "fc_bias_initializer": BIAS,
    "norm_params": TABLE, "conv_norm_params": TABLE, "fc_norm_params": TABLE,
    "reduce_input": REDUCE, "reduce_dependencies": REDUCE,
    "weight": {"type": "number", "exclusiveMinimum": 0},  # of the loss
    "class_weights": {"type": ["array", "object", "null"]},
    "eval_batch_size": {"anyOf": [ANY_COUNT, {"enum": ["auto"]}]},
    "gradient_accumulation_steps": BATCH, "effective_batch_size": BATCH,
    "clipglobalnorm": CLIP, "clipnorm": CLIP, "clipvalue": CLIP,
    "warmup_fraction": {"type": "number", "minimum": 0, "maximum": 1},
    "betas": {"type": "array", "items": SHARE, **PAIR},
}  # fmt: skip
# Of a layer in a list, where a size may be one for each dimension; null is for all layers alone.
LAYER_LIMITS: dict[str, Schema] = {
    "out_channels": COUNT, "kernel_size": SIZE, "stride": SIZE, "dilation": SIZE,
    "pool_dilation": SIZE, "pool_kernel_size": POOL, "pool_padding": SPACE,
    "padding": {"anyOf": [SPACE, {"enum": ["same", "valid"]}]},
}  # fmt: skip
# Keys that Ludwig sets itself, whatever stands there.
OF_THE_DATA = ("height", "width", "num_channels", "num_classes", "input_size")
# Keys that name other features, of which there are none.
OF_FEATURES = ("tied", "dependencies")
# What is null and means something: nothing is clipped, no schedule, no preprocessing.
MAY_BE_NULL = ("gradient_clipping", "learning_rate_scheduler", "preprocessing")
MAY_BE_EMPTY = ("fc_layers",)  # no such layer, which an encoder cannot be told otherwise
NEEDS_TYPE = ("combiner", "trainer.optimizer")
# Combiners of sequences, of several features, and one that wants a package.
NO_COMBINER = ("comparator", "sequence", "sequence_concat", "tabpfn_v2")
# Two ways to say how many layers there are, of which Ludwig takes one.
EITHER = (("conv_layers", "num_conv_layers"), ("fc_layers", "num_fc_layers"))


def limit_of(place: str) -> Schema | None:
    """The closer limit of a value, by its place: "input_features[0].encoder.out_channels"."""
    inside, _, key = place.removesuffix(".type").rpartition(".")
    if place.endswith(".type") and not key.endswith("_initializer"):
        return None
    return (LAYER_LIMITS.get(key) if inside.endswith("]") else None) or LIMITS.get(key)
