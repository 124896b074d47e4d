"""The classifier: its two shapes, and the way to disk and back."""

from pathlib import Path

import pytest
import torch
from torch import nn
from torchvision.models import ResNet

from dermaflow.data.images.preprocess import Preprocess
from dermaflow.errors import WeightsError
from dermaflow.ml.models.classifier import build_resnet50, describe, load_classifier
from dermaflow.ml.models.save_weights import save_weights
from dermaflow.ml.models.weights import Weights, load_weights

CLASSES = ("bkl", "mel", "nv")
PREPROCESS = Preprocess(height=32, width=32)


@pytest.fixture(scope="module")
def network() -> ResNet:
    torch.manual_seed(0)
    return build_resnet50(len(CLASSES)).eval()


@pytest.fixture
def weights(network: ResNet) -> Weights:
    return Weights(dict(network.state_dict()), describe(CLASSES, PREPROCESS, "torchvision"))


def test_both_strides_have_the_same_weights_and_shapes_but_another_strided_convolution() -> None:
    torchvision, caffe = build_resnet50(3), build_resnet50(3, "caffe")
    shapes = [
        {name: tensor.shape for name, tensor in network.state_dict().items()}
        for network in (torchvision, caffe)
    ]
    assert shapes[0] == shapes[1]
    strided = {
        name: {
            key
            for key, module in network.named_modules()
            if isinstance(module, nn.Conv2d) and module.stride == (2, 2) and ".conv" in key
        }
        for name, network in (("torchvision", torchvision), ("caffe", caffe))
    }
    layers = ("layer2", "layer3", "layer4")
    assert strided["torchvision"] == {f"{layer}.0.conv2" for layer in layers}
    assert strided["caffe"] == {f"{layer}.0.conv1" for layer in layers}

    caffe.load_state_dict(torchvision.state_dict())
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        logits = torchvision.eval()(images), caffe.eval()(images)
    assert logits[0].shape == logits[1].shape == (2, 3)
    assert not torch.allclose(*logits)


@pytest.mark.parametrize("stride", ["torchvision", "caffe"])
def test_round_trip_over_disk_gives_equal_logits(stride: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = build_resnet50(3, stride).eval().to(memory_format=torch.channels_last)
    config = describe(CLASSES, PREPROCESS, stride)
    save_weights(tmp_path / "classifier", Weights(network.state_dict(), config))
    rebuilt = load_classifier(load_weights(tmp_path / "classifier"))
    assert rebuilt.classes == CLASSES
    assert rebuilt.preprocess == PREPROCESS
    assert not rebuilt.network.training
    pixels = torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8)
    with torch.inference_mode():
        images = PREPROCESS.to_input(pixels)
        assert torch.equal(rebuilt.network(images), network(images))
    assert sorted(path.name for path in (tmp_path / "classifier").iterdir()) == [
        "config.json",
        "model.safetensors",
    ]


@pytest.mark.parametrize(
    "config",
    [
        {},
        {**describe(("a", "b"), PREPROCESS, "torchvision")},
        {**describe(CLASSES, PREPROCESS, "torchvision"), "preprocess": {"colour": "grey"}},
    ],
)
def test_description_of_another_network_is_refused(
    weights: Weights, config: dict[str, object]
) -> None:
    with pytest.raises(WeightsError, match="disagree"):
        load_classifier(Weights(weights.tensors, config))
