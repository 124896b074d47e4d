"""The digest by which weights are known."""

import pytest
import torch

from dermaflow.ml.models.save_weights import save_weights
from dermaflow.ml.models.weights import Weights, load_weights, weights_digest

TENSORS = {
    "conv": torch.arange(24.0).reshape(2, 3, 2, 2),
    "half": torch.ones(3, dtype=torch.bfloat16),
    "seen": torch.tensor(7),
}


def digest(**changes):
    return weights_digest(Weights(TENSORS | changes, {}))


def test_a_digest_outlives_the_disk_the_memory_format_and_the_description(tmp_path):
    save_weights(tmp_path / "weights", Weights(TENSORS, {"classes": ["a"]}))
    assert weights_digest(load_weights(tmp_path / "weights")) == digest()
    assert digest(conv=TENSORS["conv"].contiguous(memory_format=torch.channels_last)) == digest()


@pytest.mark.parametrize(
    "changes",
    [
        {"conv": TENSORS["conv"].nextafter(torch.tensor(9e9))},
        {"half": torch.ones(3, dtype=torch.bfloat16) * 2},
        {"seen": torch.tensor(8)},
        {"more": torch.zeros(1)},
    ],
)
def test_another_number_is_another_digest(changes):
    assert digest(**changes) != digest()
