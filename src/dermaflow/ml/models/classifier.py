"""ResNet-50: building it, giving it its first weights, and rebuilding it from saved ones."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn
from torchvision.models import ResNet, get_model_weights, resnet50

from dermaflow.data.images.preprocess import Preprocess
from dermaflow.errors import WeightsError
from dermaflow.io.seeding import derive_seed
from dermaflow.ml.models.weights import Weights, load_tensors
from dermaflow.params.train import BackboneParams

logger = logging.getLogger(__name__)

Stride = Literal["torchvision", "caffe"]

# The parts a fine-tuning may freeze, from the image to the head.
PARTS: dict[str, tuple[str, ...]] = {
    "stem": ("conv1", "bn1"),
    "layer1": ("layer1",),
    "layer2": ("layer2",),
    "layer3": ("layer3",),
    "layer4": ("layer4",),
}
HEAD = "fc"


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


def initialise_network(backbone: BackboneParams, classes: int, seed: int) -> ResNet:
    """ResNet-50 with the configured first weights; parts they do not cover start at random.

    Raises:
        WeightsError: the weights cannot be had.
    """
    with torch.random.fork_rng():
        torch.manual_seed(derive_seed(seed, "train", "initialisation"))
        network = build_resnet50(classes, backbone.stride)
    if backbone.weights == "torchvision":
        untouched = load_torchvision_weights(network, backbone.name)
    elif backbone.weights == "file" and backbone.path:
        untouched = load_weights_file(network, backbone.path)
    else:
        return network
    logger.info("Backbone weights loaded; starting at random: %s", ", ".join(untouched))
    return network


def load_torchvision_weights(network: ResNet, name: str) -> list[str]:
    """Load torchvision's weights ``name`` (downloaded once by torchvision) except the head.

    Returns:
        Names of the network's parts that the weights do not cover.

    Raises:
        WeightsError: the name is unknown or the download failed.
    """
    choices = get_model_weights("resnet50")
    try:
        state = choices[name].get_state_dict(progress=True, check_hash=True)
    except KeyError as error:
        known = ", ".join(choice.name for choice in choices)
        raise WeightsError(
            f"train.backbone.name: {name!r} is none of torchvision's ({known})"
        ) from error
    except (OSError, RuntimeError) as error:
        raise WeightsError(
            f"train.backbone.name: torchvision could not download {name!r} ({error}); "
            "give a local file with train.backbone.weights: file"
        ) from error
    return load_matching(network, state, name)


def load_weights_file(network: ResNet, path: str) -> list[str]:
    """Load a safetensors file with torchvision's key names; it may end before ``layer4``.

    Returns:
        Names of the network's parts that the file does not cover.

    Raises:
        WeightsError: the file is missing, damaged, or holds another architecture.
    """
    return load_matching(network, load_tensors(path), path)


def load_matching(network: ResNet, state: dict[str, torch.Tensor], origin: str) -> list[str]:
    """Copy ``state`` into ``network`` except the head, and name the parts left untouched."""
    state = {k: v.float() if v.is_floating_point() else v for k, v in state.items()}
    state = {k: v for k, v in state.items() if not k.startswith("fc.")}
    own = network.state_dict()
    wrong = [k for k, v in state.items() if k not in own or own[k].shape != v.shape]
    if wrong or not state:
        detail = f"{wrong[0]!r} does not fit" if wrong else "it is empty"
        raise WeightsError(f"weights {origin} are not those of a ResNet-50: {detail}")
    # Counters of batches seen are absent from older files, and without effect.
    missing = [k for k in own if k not in state and not k.endswith("num_batches_tracked")]
    network.load_state_dict(state, strict=False)
    return sorted({key.split(".")[0] for key in missing})


def freeze(
    network: ResNet, parts: Iterable[str], batch_norm: Literal["train", "frozen"] = "train"
) -> list[nn.Module]:
    """Stop gradients of what is to stay as it is; returns its modules, to be kept in eval mode.

    Args:
        parts: of ``PARTS``.
        batch_norm: with ``frozen``, all batch norm that has statistics stays as well: these, scale
            and shift are then constants, as in torchvision's ``FrozenBatchNorm2d``. A layer that
            starts at random has none yet, and learns them.
    """
    modules = [getattr(network, name) for part in parts for name in PARTS[part]]
    if batch_norm == "frozen":
        modules += [module for module in network.modules() if _has_statistics(module)]
    for module in modules:
        module.requires_grad_(False)
    return modules


def _has_statistics(module: nn.Module) -> bool:
    if not isinstance(module, nn.BatchNorm2d) or module.running_var is None:
        return False
    return not bool(module.running_var.eq(1).all())  # as it starts


def count_classes(network: nn.Module) -> int:
    """Outputs of the network's head."""
    return network.get_parameter(f"{HEAD}.weight").shape[0]


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
