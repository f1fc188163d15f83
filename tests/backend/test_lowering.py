"""The rewrites change no result, on random networks of any channels, sizes, kernels and order."""

import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.export import Dim

from ludus.errors import ConfigError
from ludus.lowering import PASSES, REWRITES, rewrite

BOTH = ["winograd", "patches"]
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


@settings(max_examples=15, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(data=st.data())
def test_rewritten_networks_give_the_answers_of_the_original(data):
    draw = data.draw
    channels = [draw(st.sampled_from([1, 2, 3, 8, 11]))]
    channels += [draw(st.integers(1, 12)), draw(st.integers(1, 12))]
    kernels = [draw(st.sampled_from([1, 2, 3, 5])), 3]
    padding = [draw(st.sampled_from([0, 1, "valid"])), draw(st.sampled_from([0, 1, 2, "same"]))]
    height, width = draw(st.integers(14, 33)), draw(st.integers(14, 33))
    orders = ["conv relu pool", "conv pool relu", "conv relu dropout pool", "conv pool"]
    orders += ["conv relu"]
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


@pytest.mark.parametrize(
    "layers",
    [
        [nn.Conv2d(8, 8, 3, stride=2), nn.ReLU(), nn.MaxPool2d(2)],
        [nn.Conv2d(8, 8, 3, dilation=2), nn.ReLU(), nn.MaxPool2d(2)],
        [nn.Conv2d(8, 8, 3, groups=8), nn.ReLU(), nn.MaxPool2d(2)],
        [nn.Conv2d(8, 8, 3), nn.ReLU(), nn.MaxPool2d(3)],
        [nn.Conv2d(8, 8, 3), nn.ReLU(), nn.MaxPool2d(2, stride=1)],
        [nn.Conv2d(8, 8, 3), nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True)],
        [nn.Conv2d(8, 8, 3), nn.ReLU(), nn.MaxPool2d(2, padding=1)],
        [nn.Conv2d(8, 8, 3), nn.ReLU(), nn.AvgPool2d(2)],
        [nn.Conv2d(8, 8, 3), nn.Tanh(), nn.MaxPool2d(2)],
        [nn.Conv2d(8, 8, (3, 5)), nn.ReLU(), nn.MaxPool2d(2)],
        [nn.Conv2d(8, 8, 3), nn.ReLU()],
    ],
    ids=lambda layers: " ".join(map(str, layers)),
)
def test_what_is_no_block_stays_as_exported(layers):
    network = nn.Sequential(*layers)
    module, lines = assert_same(network, export(network, 21, 20, 8), BOTH)
    assert lines == []
    assert any("conv2d" in name for name in operators(module))


def test_an_unknown_rewrite_is_refused_with_the_nearest_name():
    network = nn.Sequential(*block(8, 8, 3))
    with pytest.raises(ConfigError, match="no rewrite 'winogard', did you mean 'winograd'"):
        rewrite(export(network, 20, 20, 8), ["winogard"])
