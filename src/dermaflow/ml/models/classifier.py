"""ResNet-50: building it, describing it, and rebuilding it from saved weights."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn
from torchvision.models import ResNet, resnet50

from dermaflow.data.images.preprocess import Preprocess
from dermaflow.errors import WeightsError
from dermaflow.ml.models.weights import Weights

Stride = Literal["torchvision", "caffe"]


@dataclass(frozen=True)
class Classifier:
    """A network in evaluation mode with all that is needed to use it.

    Attributes:
        network: float32 (N, 3, H, W) to logits (N, classes).
        preprocess: from bytes or uint8 images to the network's input.
        classes: class codes in the order of the logits.
    """

    network: nn.Module
    preprocess: Preprocess
    classes: tuple[str, ...]


def build_resnet50(classes: int, stride: Stride = "torchvision") -> ResNet:
    """ResNet-50 (He et al. 2016, arXiv:1512.03385) with a new head of ``classes`` outputs.

    Args:
        stride: which convolution of a strided bottleneck has stride 2: torchvision's 3x3
            ("v1.5") or the original Caffe network's first 1x1. Weights fit either shape, but
            give sensible features only in the one they were trained in.
    """
    network = resnet50(weights=None, num_classes=classes)
    if stride == "caffe":
        for layer in (network.layer2, network.layer3, network.layer4):
            layer[0].conv1.stride = (2, 2)
            layer[0].conv2.stride = (1, 1)
    return network


def describe(classes: Iterable[str], preprocess: Preprocess, stride: Stride) -> dict[str, Any]:
    """The JSON beside the weights, from which ``load_classifier`` rebuilds the network."""
    return {
        "architecture": "resnet50",
        "stride": stride,
        "classes": list(classes),
        "preprocess": preprocess.to_dict(),
    }


def load_classifier(weights: Weights, device: torch.device | str = "cpu") -> Classifier:
    """Rebuild a saved classifier, in evaluation mode, channels_last.

    Raises:
        WeightsError: description and tensors do not belong together.
    """
    try:
        classes = tuple(weights.config["classes"])
        network = build_resnet50(len(classes), weights.config["stride"])
        network.load_state_dict(weights.tensors)
        preprocess = Preprocess.from_dict(weights.config["preprocess"])
    except (KeyError, TypeError, RuntimeError) as error:
        raise WeightsError(f"classifier weights and description disagree: {error}") from error
    network = network.eval().to(device, memory_format=torch.channels_last)
    return Classifier(network, preprocess, classes)
