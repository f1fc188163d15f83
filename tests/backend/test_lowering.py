"""The rewrites change no result, on random networks of any channels, sizes, kernels and order."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.export import Dim

from ludus import runtimes
from ludus.compile import Sources, compiler
from ludus.config import lowerings
from ludus.config.backends.iree import IreeTarget
from ludus.config.lowerings import Lowering
from ludus.core.errors import ConfigError
from ludus.lowering.rewrites import PASSES, REWRITES, rewrite
from ludus.lowering.to_mlir import to_mlir

BOTH = ["winograd", "patches"]
CPU = ["winograd", "patches", "im2col", "transpose-dense"]
ALL = [*REWRITES, *PASSES]


def export(network, height, width, channels):
    example = torch.rand(2, channels, height, width)
    with torch.no_grad():
        return torch.export.export(network.eval(), (example,), dynamic_shapes=({0: Dim.DYNAMIC},))


def block(channels, outputs, kernel, padding=0, order="conv relu pool", bias=True):
    layers = {
        "conv": lambda: nn.Conv2d(channels, outputs, kernel, padding=padding, bias=bias),
        "relu": nn.ReLU,
        "pool": lambda: nn.MaxPool2d(2),
        "mean": lambda: nn.AvgPool2d(2),
        "dropout": lambda: nn.Dropout(0.4),
    }
    return [layers[name]() for name in order.split()]


def assert_same(network, program, names, batch=3):
    """Rewritten and original agree; returns the rewritten module and its lines."""
    module, lines = rewrite(program, names)
    example = torch.rand(batch, *program.example_inputs[0][0].shape[1:])
    with torch.no_grad():
        torch.testing.assert_close(module(example), network(example), rtol=1e-4, atol=1e-5)
    return module, lines


def operators(module):
    return [str(node.target) for node in module.graph.nodes]


@settings(max_examples=30, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(data=st.data())
def test_rewritten_networks_give_the_answers_of_the_original(data):
    draw = data.draw
    channels = [draw(st.sampled_from([1, 2, 3, 8, 11]))]
    channels += [draw(st.integers(1, 12)), draw(st.integers(1, 12))]
    kernels = [draw(st.sampled_from([1, 2, 3, 5])), 3]
    padding = [draw(st.sampled_from([0, 1, "valid"])), draw(st.sampled_from([0, 1, 2, "same"]))]
    height, width = draw(st.integers(14, 33)), draw(st.integers(14, 33))
    orders = ["conv relu pool", "conv pool relu", "conv relu dropout pool", "conv pool"]
    orders += ["conv relu mean", "conv mean relu", "conv relu mean relu", "conv mean"]
    orders += ["conv relu", "conv"]
    torch.manual_seed(draw(st.integers(0, 2**31)))
    layers = [
        layer
        for i in range(2)
        for layer in block(
            channels[i], channels[i + 1], kernels[i], padding[i],
            draw(st.sampled_from(orders)), draw(st.booleans()),
        )
    ]  # fmt: skip
    body = nn.Sequential(*layers, nn.Flatten())
    with torch.no_grad():
        features = body(torch.rand(1, channels[0], height, width)).shape[1]
    network = nn.Sequential(body, nn.Linear(features, 7), nn.Softmax(dim=-1))
    program = export(network, height, width, channels[0])
    names = draw(st.lists(st.sampled_from(ALL), unique=True))
    assert_same(network, program, names, batch=draw(st.integers(1, 5)))


@pytest.mark.parametrize(
    "names",
    [
        ["winograd-windows", "patches-windows", "split-dense"],
        ["groups", "unroll-softmax"],
        ["winograd", "patches", "transpose-dense"],
        CPU,
    ],
    ids=" ".join,
)
def test_every_rewrite_in_use_finds_its_part_of_the_digits_network(names):
    network = nn.Sequential(digits_network(), nn.Softmax(dim=-1))
    module, _ = assert_same(network, export(network, 28, 28, 1), names)
    found = " ".join(operators(module))
    assert "aten.conv2d" not in found
    assert ("aten.bmm" in found) == ("split-dense" in names)
    assert ("aten.softmax" in found) == ("unroll-softmax" not in names)
    assert found.count("aten.linear") == {"split-dense": 1, "transpose-dense": 0}.get(names[-1], 2)


def digits_network():
    body = block(1, 32, 3) + block(32, 64, 3)
    return nn.Sequential(*body, nn.Flatten(), nn.Linear(1600, 128), nn.ReLU(), nn.Linear(128, 10))


def test_the_digits_network_keeps_no_convolution_and_no_transpose_but_the_first():
    network = digits_network()
    module, lines = assert_same(network, export(network, 28, 28, 1), BOTH)
    assert [line.split(": ")[1] for line in lines] == ["patches", "winograd"]
    names = operators(module)
    assert not any("aten.conv2d" in name or "aten.max_pool" in name for name in names)
    assert sum("permute" in name for name in names) == 1


def test_rows_that_no_later_block_reads_are_not_computed():
    network = digits_network()
    module, _ = rewrite(export(network, 28, 28, 1), BOTH)
    first, second = (m for name, m in module.named_children() if "pool" in name)
    sizes = {(first.rows, first.columns), (second.rows, second.columns)}
    assert sizes == {(12, 12), (5, 5)}, "13x13 pooled outputs, of which 12x12 are read"


def test_a_block_whose_reader_stays_as_exported_is_not_cropped():
    network = nn.Sequential(*block(1, 8, 3), *block(8, 4, 5))
    program = export(network, 29, 29, 1)
    _, lines = assert_same(network, program, ["patches"])
    assert [line.split(": ")[1] for line in lines] == ["patches", "as exported"]


def test_a_block_that_is_read_twice_is_not_cropped():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Sequential(*block(1, 8, 3))
            self.second = nn.Sequential(*block(8, 8, 3))

        def forward(self, x):
            y = self.first(x)
            return self.second(y).flatten(1).sum(1) + y.flatten(1).sum(1)

    network = Twice()
    assert_same(network, export(network, 28, 28, 1), BOTH)


@pytest.mark.parametrize("name", REWRITES)
@pytest.mark.parametrize("order", ["conv relu mean", "conv mean relu", "conv mean"])
def test_a_mean_keeps_its_place_among_the_relus(name, order):
    network = nn.Sequential(*block(8, 4, 3, order=order))
    module, lines = assert_same(network, export(network, 21, 20, 8), [name])
    assert [line.split(": ")[1] for line in lines] == [name]
    assert not any("aten.avg_pool" in name for name in operators(module))


def test_im2col_takes_what_the_other_rewrites_leave():
    layers = block(8, 12, 5) + block(12, 4, 3, 1, "conv relu") + block(4, 3, 1, 0, "conv")
    network = nn.Sequential(*layers, *block(3, 4, 3, order="conv relu mean"))
    module, lines = assert_same(network, export(network, 40, 33, 8), CPU)
    assert [line.split(": ")[1] for line in lines] == ["im2col", "im2col", "im2col", "patches"]
    names = operators(module)
    assert not any("aten.conv2d" in name for name in names)
    assert sum("permute" in name for name in names) == 2, "to NHWC once, and back once"


def test_im2col_works_a_fixed_batch_off_in_pieces():
    network = nn.Sequential(*block(3, 16, 5, order="conv relu mean"))
    program = export(network, 64, 64, 3)
    module, _ = assert_same(network, program, ["im2col"], batch=5)
    (rewritten,) = (m for name, m in module.named_children() if "im2col" in name)
    assert rewritten.images == 1, "1.4 million values an image"


# What no rewrite serves, whatever follows it.
NO_BLOCKS = [
    nn.Conv2d(8, 8, 3, stride=2),
    nn.Conv2d(8, 8, 3, dilation=2),
    nn.Conv2d(8, 8, 3, groups=8),
    nn.Conv2d(8, 8, (3, 5)),
    nn.Conv2d(8, 8, 3, padding=(0, 1)),
]
# No pools that a rewrite knows: they stay, and only im2col serves the convolution before them.
NO_POOLS = [
    nn.MaxPool2d(3),
    nn.MaxPool2d(2, stride=1),
    nn.MaxPool2d(2, ceil_mode=True),
    nn.MaxPool2d(2, padding=1),
    nn.AvgPool2d(3),
    nn.AvgPool2d(2, stride=1),
    nn.AvgPool2d(2, ceil_mode=True),
    nn.AvgPool2d(2, padding=1),
    nn.AvgPool2d(2, divisor_override=3),
    nn.Sequential(nn.Tanh(), nn.MaxPool2d(2)),
    nn.Identity(),
]


@pytest.mark.parametrize("pool", [nn.MaxPool2d(2), nn.AvgPool2d(2)], ids=str)
@pytest.mark.parametrize("conv", NO_BLOCKS, ids=str)
def test_what_is_no_block_stays_as_exported(conv, pool):
    network = nn.Sequential(conv, nn.ReLU(), pool)
    module, lines = assert_same(network, export(network, 21, 20, 8), [*REWRITES])
    assert lines == []
    assert any("conv2d" in name for name in operators(module))


@pytest.mark.parametrize("pool", NO_POOLS, ids=str)
def test_without_a_pool_that_they_know_im2col_alone_serves_a_convolution(pool):
    network = nn.Sequential(nn.Conv2d(8, 8, 3), nn.ReLU(), pool)
    program = export(network, 21, 20, 8)
    others = [name for name in REWRITES if name != "im2col"]
    _, lines = assert_same(network, program, others)
    assert [line.split(": ")[1] for line in lines] == ["as exported"]
    module, lines = assert_same(network, program, [*REWRITES])
    assert [line.split(": ")[1] for line in lines] == ["im2col"]
    left = " ".join(operators(module))
    assert "aten.conv2d" not in left
    assert ("_pool2d.default" in left) == ("Pool" in str(pool))


def other_network():
    """Three convolutions of 5x5 with average pooling, for 64x64 colour images."""
    order, sizes = "conv relu mean", [(3, 16), (16, 32), (32, 64)]
    body = [layer for size in sizes for layer in block(*size, 5, order=order)]
    dense = [nn.Flatten(), nn.Linear(1024, 128), nn.ReLU(), nn.Linear(128, 10)]
    return nn.Sequential(*body, *dense, nn.Softmax(dim=-1))


def test_another_network_is_compiled_lowered_and_gives_torchs_answers(tmp_path):
    torch.manual_seed(7)
    network = other_network()
    program = export(network, 64, 64, 3)
    _, lines = rewrite(program, CPU)
    assert [line.split(": ")[1] for line in lines] == ["patches", "im2col", "im2col"]
    lowering = Lowering(rewrites=CPU, batches=[1, 16])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch and turbine warn of themselves
        to_mlir(program, lowering).save_mlir(tmp_path / "cpu.mlir")
    sources = Sources(export=tmp_path, lowered=tmp_path, lowerings={"cpu": lowering})
    local = ["target-device=local", "local-target-device-backends=llvm-cpu"]
    row = {"backend": "iree", "toolchain": "3.13.0", "lowering": "cpu", "driver": "cpu"}
    target = IreeTarget.model_validate({**row, "flags": [f"--iree-hal-{flag}" for flag in local]})
    variant = compiler("iree").build("other", target, sources, tmp_path)
    run = runtimes.load(variant, tmp_path, "cpu")
    for count in (1, 16, 19):
        images = torch.rand(count, 3, 64, 64)
        with torch.no_grad():
            expected = network(images).numpy()
        np.testing.assert_allclose(run(images.numpy()), expected, rtol=0, atol=1e-5)


def test_an_unknown_rewrite_is_refused_with_the_nearest_name():
    network = nn.Sequential(*block(8, 8, 3))
    with pytest.raises(ConfigError, match="no rewrite 'winogard', did you mean 'winograd'"):
        rewrite(export(network, 20, 20, 8), ["winogard"])


def test_params_know_every_rewrite_that_there_is():
    assert {*REWRITES, *PASSES} == set(lowerings.REWRITES)
