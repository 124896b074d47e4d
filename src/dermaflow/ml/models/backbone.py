"""The network that a training starts from: its first weights, and the parts that stay frozen."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Literal

import torch
from torch import nn
from torchvision.models import ResNet, get_model_weights

from dermaflow.errors import WeightsError
from dermaflow.io.seeding import derive_seed
from dermaflow.ml.models.classifier import build_resnet50
from dermaflow.ml.models.weights import load_tensors
from dermaflow.params.train import BackboneParams

logger = logging.getLogger(__name__)

# The parts a fine-tuning may freeze, from the image to the head.
PARTS: dict[str, tuple[str, ...]] = {
    "stem": ("conv1", "bn1"),
    "layer1": ("layer1",),
    "layer2": ("layer2",),
    "layer3": ("layer3",),
    "layer4": ("layer4",),
}
HEAD = "fc"


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
