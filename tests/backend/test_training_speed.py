"""ludus.training.speed: quicker, and the same as what it takes the place of."""

import gc

import pytest
import torch
import yaml
from torch import nn

from ludus.training.speed import QuickDropout, quick_imports, quicken


@pytest.mark.parametrize("share", [0.0, 1e-6, 0.1, 0.4, 0.5, 0.9, 1.0])
def test_the_share_that_is_dropped_is_that_asked_for(share: float) -> None:
    torch.manual_seed(3)
    out = QuickDropout(share)(torch.ones(100, 64, 11, 11))
    assert (out == 0).float().mean().item() == pytest.approx(share, abs=0.002)


def test_what_is_kept_is_scaled_as_torch_does() -> None:
    out = QuickDropout(0.4)(torch.ones(1000))
    torch.testing.assert_close(out.unique(), torch.tensor([0.0, 1 / 0.6]))


def test_the_gradient_flows_where_the_mask_lets_it() -> None:
    images = torch.ones(7, 3, 5, 5, requires_grad=True)
    out = QuickDropout(0.5)(images)
    out.sum().backward()
    torch.testing.assert_close(images.grad, out.detach())


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_memorys_order_stays(layout: torch.memory_format) -> None:
    images = torch.rand(4, 6, 5, 5).contiguous(memory_format=layout)
    out = QuickDropout(0.4)(images)
    assert out.is_contiguous(memory_format=layout)
    kept = out != 0
    torch.testing.assert_close(out[kept], images[kept] / 0.6)


def test_the_mask_follows_torchs_seed() -> None:
    torch.manual_seed(5)
    first, other = (QuickDropout(0.4)(torch.ones(50)) for _ in range(2))
    torch.manual_seed(5)
    assert torch.equal(QuickDropout(0.4)(torch.ones(50)), first)
    assert not torch.equal(first, other)


def test_nothing_is_dropped_when_not_training() -> None:
    images = torch.rand(4, 3)
    assert torch.equal(QuickDropout(0.4).eval()(images), images)


def test_every_dropout_of_a_model_is_replaced_and_no_weight_changes() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Sequential(nn.Dropout(0.3)), nn.Dropout(0.2))
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    quicken(model)
    dropouts = [module for module in model.modules() if isinstance(module, nn.Dropout)]
    assert [(type(module), module.p) for module in dropouts] == [
        (QuickDropout, 0.3),
        (QuickDropout, 0.2),
    ]
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, before[name])


def test_after_quick_imports_all_is_as_before() -> None:
    loader = yaml.SafeLoader
    with quick_imports():
        assert not gc.isenabled()
    assert yaml.SafeLoader is loader
    assert gc.isenabled()
