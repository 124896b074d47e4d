"""The moving average against its formula."""

import torch
from torch import nn

from dermaflow.ml.training.ema import Ema


def test_average_follows_its_formula_with_warm_up():
    module = nn.Linear(1, 1, bias=False)
    nn.init.constant_(module.weight, 0.0)
    ema = Ema(module, decay=0.5)
    ema.update_parameters(module)  # the first update copies
    expected = 0.0
    for count, value in enumerate([1.0, 2.0, -4.0, 8.0], start=1):
        nn.init.constant_(module.weight, value)
        ema.update_parameters(module)
        decay = min(0.5, (1 + count) / (10 + count))
        expected = decay * expected + (1 - decay) * value
        assert torch.isclose(ema.module.weight, torch.tensor(expected)).all()


def test_buffers_are_averaged_and_counters_copied():
    module = nn.BatchNorm1d(2)
    ema = Ema(module, decay=0.9)
    ema.update_parameters(module)
    module.train()(torch.randn(64, 2) + 5)
    ema.update_parameters(module)
    assert 0 < ema.module.running_mean.mean() <= module.running_mean.mean()
    assert ema.module.num_batches_tracked == module.num_batches_tracked == 1


def test_copied_weights_do_not_change_with_later_updates():
    module = nn.Linear(2, 2)
    ema = Ema(module, decay=0.0)
    ema.update_parameters(module)
    kept = ema.copy_weights()
    before = kept["weight"].clone()
    nn.init.constant_(module.weight, 7.0)
    ema.update_parameters(module)
    assert torch.equal(kept["weight"], before)
    assert torch.equal(ema.copy_weights()["weight"], torch.full((2, 2), 7.0))
