"""ludus.config.network: what config.yaml may hold, and what Ludwig gets of it."""

from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ludus.config.network import check_config, merge, read_config
from ludus.config.training import Train
from ludus.core.errors import ConfigError
from support.paths import ROOT

ORIGINAL = ROOT / "tests/golden/original-config.yaml"
TRAIN = Train(epochs=3, batch_size=100, learning_rate=0.01, schedule="one_cycle", seed=1, threads=0)
SIZE = (28, 28)


@pytest.fixture
def config() -> dict[str, Any]:
    return read_config(ROOT / "config.yaml")[0]


def encoder(config: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = config["input_features"][0]["encoder"]
    return found


def test_the_projects_own_config_needs_no_translation() -> None:
    assert read_config(ROOT / "config.yaml")[1] == []


def test_the_original_config_says_the_same_as_the_projects(config: dict[str, Any]) -> None:
    assert read_config(ORIGINAL)[0] == config


def test_each_old_name_is_told_once() -> None:
    assert read_config(ORIGINAL)[1] == [
        "encoder: stacked_cnn is read as encoder: {type: stacked_cnn, conv_layers, fc_layers}",
        "num_filters is read as out_channels",
        "filter_size is read as kernel_size",
        "pool_size is read as pool_kernel_size",
    ]


def test_layers_beside_no_encoder_go_to_the_default_one(config: dict[str, Any]) -> None:
    old = deepcopy(config)
    feature = old["input_features"][0]
    feature.update(feature.pop("encoder"))
    feature["type"] = "image"
    assert check_config(old)[0] == config


def test_what_is_checked_is_not_changed(config: dict[str, Any]) -> None:
    encoder(config)["num_filters"] = 16
    before = deepcopy(config)
    check_config(config)
    assert config == before


def test_an_old_name_beside_the_new_one_is_refused(config: dict[str, Any]) -> None:
    encoder(config)["conv_layers"][0]["num_filters"] = 16
    with pytest.raises(ConfigError, match="old name of 'out_channels', and both are set"):
        check_config(config)


@pytest.mark.parametrize(
    ("where", "key", "message"),
    [
        ((), "trainr", "unknown key 'trainr', did you mean 'trainer'?"),
        (("trainer",), "epoch", "unknown key 'epoch' of 'trainer', did you mean 'epochs'?"),
        (("trainer", "optimizer"), "beta", "unknown key 'beta' of 'trainer.optimizer', did"),
        (("combiner",), "num_fc_layer", "of 'combiner', did you mean 'num_fc_layers'?"),
        (("input_features", 0), "encodr", "'input_features[0]', did you mean 'encoder'?"),
        (("input_features", 0, "encoder"), "conv_layer", "did you mean 'conv_layers'?"),
        (
            ("input_features", 0, "encoder", "conv_layers", 1),
            "kernel_sise",
            "'input_features[0].encoder.conv_layers[1]', did you mean 'kernel_size'?",
        ),
        (("input_features", 0, "encoder", "fc_layers", 0), "fc_size", "fc_layers[0]', did you"),
        (("output_features", 0), "los", "'output_features[0]', did you mean 'loss'?"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest(
    config: dict[str, Any], where: tuple[Any, ...], key: str, message: str
) -> None:
    place: Any = config
    for step in where:
        place = place.setdefault(step, {}) if isinstance(place, dict) else place[step]
    place[key] = 1
    with pytest.raises(ConfigError) as raised:
        check_config(config)
    assert message in str(raised.value)


def test_a_key_of_another_encoder_is_refused(config: dict[str, Any]) -> None:
    config["input_features"][0]["encoder"] = {"type": "mlp_mixer", "conv_layers": []}
    with pytest.raises(ConfigError, match="unknown key 'conv_layers'"):
        check_config(config)


@pytest.mark.parametrize(
    ("section", "types"), [("input_features", "image"), ("output_features", "category")]
)
def test_a_feature_of_another_type_is_refused(
    config: dict[str, Any], section: str, types: str
) -> None:
    config[section][0]["type"] = "audio"
    with pytest.raises(ConfigError, match=rf"'{section}\[0\].type' is 'audio'; known: {types}"):
        check_config(config)


def test_an_unknown_encoder_is_refused_with_the_nearest(config: dict[str, Any]) -> None:
    encoder(config)["type"] = "stacked_cn"
    with pytest.raises(
        ConfigError, match=r"encoder\.type' is 'stacked_cn', did you mean 'stacked_c"
    ):
        check_config(config)


@pytest.mark.parametrize("whole", [None, [], "text", {}, {"input_features": [{}]}])
def test_what_is_no_configuration_is_refused(whole: Any) -> None:
    with pytest.raises(ConfigError, match="one input feature of type image"):
        check_config(whole)


def test_a_second_feature_is_refused(config: dict[str, Any]) -> None:
    config["input_features"] *= 2
    with pytest.raises(ConfigError, match="must be a list of one feature"):
        check_config(config)


def test_a_feature_without_a_name_is_refused(config: dict[str, Any]) -> None:
    del config["output_features"][0]["name"]
    with pytest.raises(ConfigError, match=r"'output_features\[0\].name' is None"):
        check_config(config)


def test_layers_that_are_no_list_are_refused(config: dict[str, Any]) -> None:
    encoder(config)["conv_layers"] = {"out_channels": 32}
    with pytest.raises(ConfigError, match=r"conv_layers' is a dict, expected a list"):
        check_config(config)


def test_a_layer_that_is_no_table_is_refused(config: dict[str, Any]) -> None:
    encoder(config)["conv_layers"] = [32]
    with pytest.raises(ConfigError, match=r"conv_layers\[0\]' is a int, expected a table"):
        check_config(config)


@pytest.mark.parametrize("section", ["hyperopt", "defaults", "backend", "preset"])
def test_a_section_without_effect_is_refused(config: dict[str, Any], section: str) -> None:
    config[section] = {}
    with pytest.raises(ConfigError, match=f"'{section}' has no effect on this stage"):
        check_config(config)


@pytest.mark.parametrize(
    ("section", "value", "message"),
    [
        ("preprocessing", {"split": {"type": "random"}}, "'preprocessing' cannot be set here"),
        ("trainer", {"train_steps": 5}, "'trainer.train_steps' cannot be set here; set params"),
        ("trainer", {"skip_all_evaluation": True}, "'trainer.skip_all_evaluation' cannot be set"),
    ],
)
def test_what_would_not_do_what_it_says_is_refused(
    config: dict[str, Any], section: str, value: Any, message: str
) -> None:
    config[section] = value
    with pytest.raises(ConfigError, match=message):
        check_config(config)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing.yaml is missing"):
        read_config(tmp_path / "nothing.yaml")


@pytest.mark.parametrize("content", [b"a: [", b"\xff\xfe\x00"])
def test_a_file_that_is_no_yaml_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"config.yaml is no YAML"):
        read_config(path)


def test_an_error_names_the_file_it_is_in(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("input_feature: []\n")
    with pytest.raises(ConfigError, match=r"config.yaml: 'input_features' must be"):
        read_config(path)


def test_params_win_over_the_config(config: dict[str, Any]) -> None:
    config["trainer"] = {"epochs": 50, "learning_rate": 1, "early_stop": 2}
    trainer = merge(config, TRAIN, 1000, SIZE)["trainer"]
    assert (trainer["epochs"], trainer["batch_size"], trainer["learning_rate"]) == (3, 100, 0.01)
    assert trainer["early_stop"] == 2
    assert config["trainer"]["epochs"] == 50


def test_the_best_model_is_chosen_by_validation_accuracy_of_the_label(
    config: dict[str, Any],
) -> None:
    config["output_features"][0]["name"] = "digit"
    trainer = merge(config, TRAIN, 1000, SIZE)["trainer"]
    assert (trainer["validation_field"], trainer["validation_metric"]) == (
        "digit",
        "accuracy_micro",
    )


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("one_cycle", {"decay": "one_cycle", "max_lr": 0.01, "pct_start": 0.2}),
        ("cosine", {"decay": "cosine", "t_0": 30, "pct_start": 0.2}),
        ("constant", {"decay": None, "pct_start": 0.2}),
    ],
)
def test_a_schedule_covers_the_whole_training(
    config: dict[str, Any], schedule: str, expected: dict[str, Any]
) -> None:
    config["trainer"] = {"learning_rate_scheduler": {"decay": "linear", "pct_start": 0.2}}
    train = TRAIN.model_copy(update={"schedule": schedule})
    merged = merge(config, train, 1001, SIZE)  # 10 steps: Ludwig leaves out a last batch of one
    assert merged["trainer"]["learning_rate_scheduler"] == expected


def test_the_images_size_is_that_of_the_data(config: dict[str, Any]) -> None:
    config["input_features"][0]["preprocessing"] = {"height": 32, "num_channels": 1}
    merged = merge(config, TRAIN, 1000, (32, 24))
    assert merged["input_features"][0]["preprocessing"] == {
        "height": 32,
        "width": 24,
        "num_channels": 1,
        "mode": "eager",
    }


@pytest.mark.parametrize("wish", [{"height": 64}, {"standardize_image": "imagenet1k"}])
def test_another_preprocessing_is_refused(config: dict[str, Any], wish: dict[str, Any]) -> None:
    config["input_features"][0]["preprocessing"] = wish
    with pytest.raises(ConfigError, match="handed on as they were prepared, 28 x 28 grey"):
        merge(config, TRAIN, 1000, SIZE)


def test_a_key_that_comes_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text((ROOT / "config.yaml").read_text() + "output_features: []\n")
    with pytest.raises(ConfigError, match=r"is no YAML: the key 'output_features' comes twice"):
        read_config(path)


LAYER = "input_features[0].encoder.conv_layers[0]"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("out_channels", "many", f"'{LAYER}.out_channels' is \"many\", expected a whole number"),
        ("out_channels", -3, "is -3, expected a whole number, at least 1"),
        ("out_channels", True, "is true, expected a whole number, at least 1"),
        ("dropout", 4, f"'{LAYER}.dropout' is 4, expected a number, at least 0 and below 1"),
        ("dropout", float("nan"), "is .nan, expected a number"),
        ("activation", "rleu", "is \"rleu\", expected one of its values, did you mean 'relu'?"),
        ("norm", "bach", "expected one of its values, did you mean 'batch'?"),
        ("kernel_size", 0, "is 0, expected a list of 2 or a whole number, at least 1"),
        ("kernel_size", [3, "x"], "expected a list of 2 or a whole number, at least 1"),
        ("use_bias", "yes", 'is "yes", expected true or false'),
        ("pool_stride", 1.5, "is 1.5, expected a whole number, at least 1"),
        (
            "padding",
            None,
            "is null, expected a list of 2 or a whole number, at least 0 or one of its values",
        ),
    ],
)
def test_a_value_of_a_layer_that_ludwig_would_not_take_is_refused(
    config: dict[str, Any], key: str, value: Any, said: str
) -> None:
    encoder(config)["conv_layers"][0][key] = value
    with pytest.raises(ConfigError) as caught:
        check_config(config)
    assert said in str(caught.value)


INPUT, OUTPUT = ("input_features", 0), ("output_features", 0)
ENCODER, DECODER, LOSS = (*INPUT, "encoder"), (*OUTPUT, "decoder"), (*OUTPUT, "loss")
CONV, FC = (*ENCODER, "conv_layers", 0), (*ENCODER, "fc_layers", 0)
CNN, ADAM = {"type": "stacked_cnn"}, {"type": "adam"}
EMPTY = "is empty, expected a table of keys and values; or take the key out"
DATA = "cannot be set here; it is that of the data: take it out"
# Ludwig's schema allows each, and Ludwig fails on it or trains something else than it says.
NOT_TRAINED: list[tuple[tuple[Any, ...], Any, str]] = [
    ((*CONV, "out_channels"), 0, "conv_layers[0].out_channels' is 0, expected a whole number, at"),
    ((*CONV, "out_channels"), None, "is null, expected a whole number, at least 1"),
    ((*CONV, "groups"), None, "is null, expected a whole number, at least 1"),
    ((*CONV, "dropout"), 1, "is 1, expected a number, at least 0 and below 1"),
    ((*CONV, "kernel_size"), [3, 3, 3], "is [3, 3, 3], expected a list of 2 or a whole number"),
    ((*CONV, "kernel_size"), [], "is [], expected a list of 2"),
    ((*CONV, "stride"), [2], "is [2], expected a list of 2"),
    ((*CONV, "padding"), "sme", "one of its values, did you mean 'same'?"),
    ((*CONV, "padding"), [1], "is [1], expected a list of 2"),
    ((*CONV, "use_bias"), None, "is null, expected true or false"),
    ((*CONV, "norm_params"), 3, "is 3, expected a table"),
    (
        CONV,
        None,
        "conv_layers[0]' is empty, expected a table of keys and values; or take the entry",
    ),
    (CONV, {}, "conv_layers[0]' is empty"),
    ((*ENCODER, "conv_layers"), [], "conv_layers' is empty, expected a list; or take the key out"),
    ((*FC, "output_size"), None, "is null, expected a whole number, at least 1"),
    ((*FC, "dropout"), None, "is null, expected a number, at least 0 and below 1"),
    ((*FC, "dropout"), 1.0, "is 1.0, expected a number, at least 0 and below 1"),
    ((*FC, "weights_initializer"), "sparse", 'is "sparse", expected one of its values'),
    ((*FC, "weights_initializer"), "constant", 'is "constant", expected one of its values'),
    ((*FC, "weights_initializer"), "dirac", 'is "dirac", expected one of its values'),
    ((*FC, "bias_initializer"), "orthogonal", 'is "orthogonal", expected one of its values'),
    ((*FC, "bias_initializer"), "xavier_uniform", "expected one of its values, did you mean 'unif"),
    (ENCODER, {}, f"encoder' {EMPTY}"),
    (ENCODER, None, f"encoder' {EMPTY}"),
    (ENCODER, CNN | {"out_channels": 0}, "encoder.out_channels' is 0, expected a whole number"),
    (ENCODER, CNN | {"kernel_size": 0}, "encoder.kernel_size' is 0, expected a whole number"),
    (ENCODER, CNN | {"kernel_size": "x"}, 'encoder.kernel_size\' is "x", expected a whole num'),
    (ENCODER, CNN | {"stride": -1}, "encoder.stride' is -1, expected a whole number, at least 1"),
    (ENCODER, CNN | {"kernel_size": [3, 3]}, "kernel_size' is [3, 3], expected a whole number"),
    (ENCODER, CNN | {"groups": None}, "encoder.groups' is null, expected a whole number"),
    (ENCODER, CNN | {"padding": "x"}, 'encoder.padding\' is "x", expected'),
    (ENCODER, CNN | {"pool_kernel_size": 0}, "encoder.pool_kernel_size' is 0, expected"),
    (ENCODER, CNN | {"dilation": []}, "encoder.dilation' is [], expected a whole number, at least"),
    (ENCODER, CNN | {"num_conv_layers": -1}, "num_conv_layers' is -1, expected a whole number, at"),
    (ENCODER, CNN | {"num_fc_layers": -1}, "num_fc_layers' is -1, expected a whole number, at le"),
    ((*ENCODER, "num_conv_layers"), 5, "conv_layers' and 'input_features[0].encoder.num_conv_lay"),
    ((*ENCODER, "num_fc_layers"), 2, "num_fc_layers' are both set; take one of them out"),
    ((*ENCODER, "conv_dropout"), "many", 'is "many", expected a number, at least 0 and below 1'),
    ((*ENCODER, "conv_dropout"), True, "is true, expected a number"),
    ((*ENCODER, "conv_dropout"), None, "is null, expected a number"),
    ((*ENCODER, "conv_norm_params"), 3, "is 3, expected a table"),
    ((*ENCODER, "height"), 14, f"encoder.height' {DATA}"),
    ((*ENCODER, "num_channels"), 3, f"encoder.num_channels' {DATA}"),
    ((*INPUT, "name"), "label", "both features have the name 'label'; expected one for each"),
    ((*INPUT, "name"), " ", "'input_features[0].name' is ' ', expected the feature's name"),
    ((*INPUT, "tied"), "x", "tied' cannot be set here; there is no other feature: take it out"),
    (("input_features",), [], "must be a list of one feature"),
    ((*OUTPUT, "num_classes"), 3, f"num_classes' {DATA}"),
    ((*OUTPUT, "input_size"), 3, f"input_size' {DATA}"),
    ((*OUTPUT, "dependencies"), ["x"], "dependencies' cannot be set here; there is no other"),
    ((*OUTPUT, "reduce_input"), "summ", "one of its values, did you mean 'sum'?"),
    ((*OUTPUT, "top_k"), 0, "is 0, expected a whole number, at least 1"),
    (DECODER, None, f"decoder' {EMPTY}"),
    (DECODER, {"num_fc_layers": -1}, "num_fc_layers' is -1, expected a whole number, at least 0"),
    (DECODER, {"fc_output_size": 0}, "fc_output_size' is 0, expected a whole number, at least 1"),
    (DECODER, {"fc_dropout": 1}, "fc_dropout' is 1, expected a number, at least 0 and below 1"),
    (DECODER, {"num_classes": 3}, f"decoder.num_classes' {DATA}"),
    (DECODER, {"weights_initializer": "sparse"}, "expected one of its values"),
    (LOSS, None, f"loss' {EMPTY}"),
    (LOSS, {"weight": 0}, "weight' is 0, expected a number, above 0"),
    (LOSS, {"class_weights": "x"}, 'class_weights\' is "x", expected a list or a table'),
    (("combiner",), None, f"'combiner' {EMPTY}"),
    (("combiner",), {}, f"'combiner' {EMPTY}"),
    (("combiner",), {"num_fc_layers": 1}, "'combiner' has no type; add one such as type: concat"),
    (("combiner",), {"type": "sequence"}, "is 'sequence', which cannot combine one image"),
    (("combiner",), {"type": "comparator"}, "is 'comparator', which cannot combine one image"),
    (("combiner",), {"type": "transformer", "hidden_size": 0}, "hidden_size' is 0, expected a"),
    (("trainer",), None, f"'trainer' {EMPTY}"),
    (("trainer",), {}, f"'trainer' {EMPTY}"),
    (("trainer", "eval_batch_size"), -1, "is -1, expected a whole number, at least 1 or one of"),
    (("trainer", "gradient_accumulation_steps"), 0, "is 0, expected a whole number, at least 1"),
    (("trainer", "effective_batch_size"), 0, "is 0, expected a whole number, at least 1"),
    (("trainer", "optimizer"), None, f"'trainer.optimizer' {EMPTY}"),
    (("trainer", "optimizer"), {"eps": 1e-8}, "'trainer.optimizer' has no type; add one such as"),
    (("trainer", "optimizer"), ADAM | {"betas": [2, 2]}, "betas' is [2, 2], expected a list of 2"),
    (("trainer", "optimizer"), ADAM | {"betas": [0.9]}, "betas' is [0.9], expected a list of 2"),
    (("trainer", "optimizer"), ADAM | {"betas": ["x", 0]}, "expected a list of 2"),
    (("trainer", "gradient_clipping"), {}, f"'trainer.gradient_clipping' {EMPTY}"),
    (("trainer", "gradient_clipping"), {"clipvalue": -1}, "is -1, expected a number, above 0"),
    (("trainer", "learning_rate_scheduler"), {"warmup_fraction": 5}, "is 5, expected a number, a"),
]


def put(config: dict[str, Any], at: tuple[Any, ...], value: Any) -> None:
    """Set a value; tables that lead to it and are missing are made."""
    place: Any = config
    for step in at[:-1]:
        place = place.setdefault(step, {}) if isinstance(place, dict) else place[step]
    place[at[-1]] = value


@pytest.mark.parametrize(("at", "value", "said"), NOT_TRAINED)
def test_a_value_that_ludwig_would_fail_on_or_train_otherwise_is_refused(
    config: dict[str, Any], at: tuple[Any, ...], value: Any, said: str
) -> None:
    put(config, at, value)
    with pytest.raises(ConfigError) as caught:
        check_config(config)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("at", "value"),
    [
        ((*CONV, "kernel_size"), [3, 5]),
        ((*CONV, "padding"), "same"),
        ((*CONV, "padding"), 0),
        ((*CONV, "dropout"), 0),
        ((*CONV, "activation"), None),
        ((*CONV, "pool_kernel_size"), None),
        ((*ENCODER, "fc_layers"), []),
        (ENCODER, CNN | {"num_conv_layers": 0}),
        (ENCODER, CNN | {"out_channels": None, "pool_stride": None}),
        (("trainer",), {"eval_batch_size": "auto", "gradient_accumulation_steps": "auto"}),
        (("trainer",), {"eval_batch_size": None}),
        (ENCODER, CNN | {"num_conv_layers": 2, "num_fc_layers": 1, "kernel_size": 3}),
        ((*FC, "bias_initializer"), "ones"),
        ((*FC, "weights_initializer"), "xavier_normal"),
        ((*INPUT, "preprocessing"), {"height": 28, "num_channels": 1}),
        ((*INPUT, "preprocessing"), None),
        (DECODER, {"num_fc_layers": 1, "fc_output_size": 32, "fc_dropout": 0.5}),
        (LOSS, {"weight": 0.5}),
        (("combiner",), {"type": "concat", "num_fc_layers": 1, "output_size": 32}),
        (("trainer",), {"optimizer": ADAM | {"betas": [0.9, 0.999]}, "early_stop": -1}),
        (("trainer",), {"gradient_clipping": None, "eval_batch_size": 100}),
        (("trainer",), {"gradient_clipping": {"clipglobalnorm": 0.5, "clipvalue": None}}),
        (("trainer",), {"learning_rate_scheduler": {"warmup_fraction": 0.1}}),
    ],
)
def test_a_value_that_ludwig_trains_with_is_taken(
    config: dict[str, Any], at: tuple[Any, ...], value: Any
) -> None:
    put(config, at, value)
    check_config(config)


@pytest.mark.parametrize("key", ["conv_layers", "fc_layers"])
def test_layers_that_are_null_are_refused(config: dict[str, Any], key: str) -> None:
    encoder(config)[key] = True
    with pytest.raises(ConfigError, match=f"{key}' is a bool, expected a list"):
        check_config(config)
    encoder(config)[key] = None
    with pytest.raises(ConfigError, match=f"{key}' is empty, expected a list; or take the key out"):
        check_config(config)


@pytest.mark.parametrize(
    ("value", "good"), [(3, True), ([3, 5], True), (3.0, True), ("3", False), ([0], False)]
)
def test_a_size_may_be_one_for_each_dimension(
    config: dict[str, Any], value: Any, good: bool
) -> None:
    encoder(config)["conv_layers"][0]["kernel_size"] = value
    if good:
        check_config(config)
    else:
        with pytest.raises(ConfigError, match="kernel_size"):
            check_config(config)


@pytest.mark.parametrize(
    "trainer",
    [
        {"early_stop": "soon"},
        {"optimizer": {"type": "adma"}},
        {"should_shuffle": "often"},
        {"gradient_clipping": {"clipglobalnorm": "x"}},
    ],
)
def test_a_value_of_the_trainer_that_ludwig_would_not_take_is_refused(
    config: dict[str, Any], trainer: dict[str, Any]
) -> None:
    config["trainer"] = trainer
    with pytest.raises(ConfigError, match=r"'trainer\."):
        check_config(config)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [at] if at else []
    if not isinstance(value, dict | list):
        return found
    for key, part in value.items() if isinstance(value, dict) else enumerate(value):
        found += places(part, (*at, key))
    return found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
GOOD = read_config(ROOT / "config.yaml")[0]


@settings(deadline=None, max_examples=300)
@given(place=st.sampled_from(places(GOOD)), value=JSON)
def test_any_value_at_any_place_is_taken_or_refused(place: tuple[Any, ...], value: Any) -> None:
    config: Any = deepcopy(GOOD)
    table = config
    for step in place[:-1]:
        table = table[step]
    table[place[-1]] = value
    with suppress(ConfigError):
        check_config(config)
