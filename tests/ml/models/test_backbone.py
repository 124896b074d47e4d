"""What a training starts from: first weights, and frozen parts."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models import ResNet

from conf_params import params_of
from dermaflow.errors import WeightsError
from dermaflow.ml.models.backbone import (
    PARTS,
    freeze,
    initialise_network,
    load_torchvision_weights,
    load_weights_file,
)
from dermaflow.ml.models.classifier import build_resnet50
from dermaflow.params.train import BackboneParams

CLASSES = ("bkl", "mel", "nv")


@pytest.fixture(scope="module")
def network() -> ResNet:
    torch.manual_seed(0)
    return build_resnet50(len(CLASSES)).eval()


def test_partial_file_loads_what_it_has_and_names_what_it_has_not(
    network: ResNet, tmp_path: Path
) -> None:
    state = network.state_dict()
    partial = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in state.items()
        if not name.startswith(("layer4", "fc"))
    }
    save_file(partial, tmp_path / "trunk.safetensors")
    other = build_resnet50(5)
    head = other.fc.weight.clone()
    assert load_weights_file(other, str(tmp_path / "trunk.safetensors")) == ["fc", "layer4"]
    torch.testing.assert_close(
        other.layer3[0].conv1.weight, state["layer3.0.conv1.weight"].half().float()
    )
    assert torch.equal(other.fc.weight, head)


def test_head_of_a_file_is_never_taken(network: ResNet, tmp_path: Path) -> None:
    save_file(network.state_dict(), tmp_path / "whole.safetensors")
    other = build_resnet50(len(CLASSES))
    head = other.fc.weight.clone()
    assert load_weights_file(other, str(tmp_path / "whole.safetensors")) == ["fc"]
    assert torch.equal(other.fc.weight, head)


def test_missing_batch_counters_are_no_missing_part(network: ResNet, tmp_path: Path) -> None:
    state = {k: v for k, v in network.state_dict().items() if "num_batches" not in k}
    save_file(state, tmp_path / "old.safetensors")
    assert load_weights_file(build_resnet50(2), str(tmp_path / "old.safetensors")) == ["fc"]


def write_text(path: Path) -> None:
    path.write_text("no tensors here")


def write_other_shape(path: Path) -> None:
    save_file({"conv1.weight": torch.zeros(64, 1, 7, 7)}, path)


def write_other_names(path: Path) -> None:
    save_file({"features.0.weight": torch.zeros(3)}, path)


def write_head_alone(path: Path) -> None:
    save_file({"fc.bias": torch.zeros(3)}, path)


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (None, "does not exist"),
        (write_text, "not readable safetensors"),
        (write_other_shape, "'conv1.weight' does not fit"),
        (write_other_names, "'features.0.weight' does not fit"),
        (write_head_alone, "it is empty"),
    ],
)
def test_wrong_file_is_named(
    network: ResNet, tmp_path: Path, write: Callable[[Path], None] | None, reason: str
) -> None:
    path = tmp_path / "wrong.safetensors"
    if write:
        write(path)
    before = network.conv1.weight.clone()
    with pytest.raises(WeightsError, match=reason) as caught:
        load_weights_file(network, str(path))
    assert str(path) in str(caught.value)
    assert torch.equal(network.conv1.weight, before)


def test_unknown_torchvision_weights_are_refused_with_the_known_names() -> None:
    with pytest.raises(WeightsError, match=r"train\.backbone\.name: 'IMAGENET9'.*IMAGENET1K_V2"):
        load_torchvision_weights(build_resnet50(2), "IMAGENET9")


def test_frozen_parts_get_no_gradient_and_the_others_do() -> None:
    network = build_resnet50(2)
    modules = freeze(network, ["stem", "layer1"])
    assert modules == [network.conv1, network.bn1, network.layer1]
    network(torch.randn(2, 3, 32, 32)).sum().backward()
    for name, parameter in network.named_parameters():
        frozen = name.startswith(("conv1", "bn1", "layer1"))
        assert (parameter.grad is None) == frozen, name


def test_frozen_batch_norm_keeps_statistics_scale_and_shift_where_there_are_any() -> None:
    network = build_resnet50(2)
    network.train()(torch.randn(4, 3, 32, 32))  # all layers have statistics now,
    network.layer4[0].bn1.reset_parameters()  # but for this one, as of weights that start at random
    modules = freeze(network, [], "frozen")
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    assert set(norms) - set(modules) == {network.layer4[0].bn1}
    before = {k: v.clone() for k, v in network.state_dict().items()}
    for module in modules:
        module.eval()
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], 0.1)
    network(torch.randn(4, 3, 32, 32)).logsumexp(1).sum().backward()
    optimizer.step()
    of_frozen = {
        f"{name}.{key}"
        for name, module in network.named_modules()
        if module in set(modules)
        for key in module.state_dict()
    }
    for key, value in network.state_dict().items():
        if key in of_frozen:
            assert torch.equal(value, before[key]), key
    assert not torch.equal(network.conv1.weight, before["conv1.weight"])
    assert not torch.equal(network.layer4[0].bn1.bias, before["layer4.0.bn1.bias"])


def test_batch_norm_trains_by_default() -> None:
    network = build_resnet50(2)
    network.train()(torch.randn(4, 3, 32, 32))
    assert freeze(network, []) == []


def test_parts_name_all_of_the_network_but_its_head(network: ResNet) -> None:
    named = {name for modules in PARTS.values() for name in modules}
    with_weights = {name for name, child in network.named_children() if list(child.parameters())}
    assert with_weights - named == {"fc"}


def backbone(**changes: str) -> BackboneParams:
    dotted = {f"backbone.{key}": value for key, value in changes.items()}
    chosen: BackboneParams = params_of("train", dotted).backbone
    return chosen


def test_scratch_weights_depend_on_the_seed_alone() -> None:
    first, second = (initialise_network(backbone(), 3, seed=5) for _ in range(2))
    other = initialise_network(backbone(), 3, seed=6)
    assert torch.equal(first.conv1.weight, second.conv1.weight)
    assert not torch.equal(first.conv1.weight, other.conv1.weight)


def test_a_partial_file_fills_what_it_holds_and_keeps_the_head(tmp_path: Path) -> None:
    donor = build_resnet50(5).state_dict()
    part = {k: v.half() if "conv" in k else v for k, v in donor.items() if "layer4" not in k}
    save_file(part, tmp_path / "part.safetensors")
    params = backbone(weights="file", path=str(tmp_path / "part.safetensors"), stride="caffe")
    network = initialise_network(params, 3, seed=1)
    scratch = initialise_network(backbone(stride="caffe"), 3, seed=1)
    assert torch.equal(network.conv1.weight, donor["conv1.weight"].half().float())
    assert torch.equal(network.layer4[0].conv1.weight, scratch.layer4[0].conv1.weight)
    assert network.fc.out_features == 3
    assert network.layer2[0].conv1.stride == (2, 2)
