"""Learning rates by part and by step, decay, and a state that goes on."""

import pytest
import torch
from torch import nn

from dermaflow.ml.training.optim import build_optimizer, build_schedule, copy_state
from ml.recipes import make_params


class Parts(nn.Module):
    """The parts of a ResNet by their names, a few numbers each."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 2, 3, bias=False), nn.BatchNorm2d(2)
        self.layer1, self.layer2, self.layer3, self.layer4 = (nn.Linear(2, 2) for _ in range(4))
        self.fc = nn.Linear(2, 2)


def settings(network, **recipe):
    """Name of each weight that learns -> its rate and decay."""
    names = {id(weight): name for name, weight in network.named_parameters()}
    optimizer = build_optimizer(network, make_params(**recipe))
    return {
        names[id(weight)]: (group["lr"], group["weight_decay"])
        for group in optimizer.param_groups
        for weight in group["params"]
    }


def test_each_part_learns_slower_than_the_one_above_it():
    found = settings(Parts(), learning_rate=1.0, backbone_factor=0.5, layer_decay=0.8)
    expected = {"fc": 1.0} | {f"layer{5 - k}": 0.5 * 0.8**k for k in (1, 2, 3, 4)}
    expected |= dict.fromkeys(("conv1", "bn1"), 0.5 * 0.8**5)
    assert found.keys() == dict(Parts().named_parameters()).keys()
    for name, (rate, _) in found.items():
        assert rate == pytest.approx(expected[name.split(".")[0]]), name


def test_vectors_do_not_decay():
    found = settings(Parts(), weight_decay=0.01)
    assert {name for name, (_, decay) in found.items() if decay} == {
        "conv1.weight",
        *(f"{part}.weight" for part in ("layer1", "layer2", "layer3", "layer4", "fc")),
    }
    assert {decay for _, decay in found.values()} == {0, 0.01}


def test_frozen_weights_are_in_no_group():
    network = Parts()
    network.conv1.requires_grad_(False)
    network.layer1.requires_grad_(False)
    left = {"bn1", "layer2", "layer3", "layer4", "fc"}
    assert {name.split(".")[0] for name in settings(network)} == left


def test_a_module_that_is_no_part_is_an_error_and_not_a_rate():
    network = Parts()
    network.extra = nn.Linear(2, 2)
    with pytest.raises(StopIteration):
        build_optimizer(network, make_params())


def rates(epochs, warmup_epochs, steps_per_epoch):
    """Of each step, for a rate of 1."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    params = make_params(epochs=epochs, warmup_epochs=warmup_epochs)
    schedule = build_schedule(optimizer, steps_per_epoch, params)
    found = []
    for _ in range(epochs * steps_per_epoch):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found, optimizer.param_groups[0]["lr"]


def test_schedule_rises_linearly_and_falls_as_a_cosine_to_zero():
    found, after = rates(4, 1, 10)
    assert found[:10] == pytest.approx([(step + 1) / 11 for step in range(10)])
    assert found[10] == 1.0
    assert found[25] == pytest.approx(0.5)  # half-way between steps 10 and 40
    assert 0 < found[-1] < 0.01
    assert after == pytest.approx(0)


def test_without_warm_up_the_first_step_is_the_fastest():
    found, _ = rates(2, 0, 3)
    assert found[0] == 1
    assert found == sorted(found, reverse=True)


def test_part_of_an_epoch_is_a_warm_up_of_so_many_steps():
    found, _ = rates(1, 0.2, 10)
    assert found[:3] == pytest.approx([1 / 3, 2 / 3, 1])


@pytest.mark.parametrize(("epochs", "steps"), [(1, 1), (1, 4), (2, 1)])
def test_a_warm_up_longer_than_the_training_leaves_one_step_at_the_full_rate(epochs, steps):
    found, _ = rates(epochs, 5, steps)
    total = epochs * steps
    assert found == pytest.approx([(step + 1) / total for step in range(total)])


def stepped(seed):
    """A network in channels_last after an update, and its optimizer."""
    torch.manual_seed(seed)
    network = Parts().to(memory_format=torch.channels_last)
    optimizer = build_optimizer(network, make_params(layer_decay=0.5))
    for weight in network.parameters():
        weight.grad = torch.randn_like(weight)
    optimizer.step()
    return optimizer


def test_a_saved_state_goes_on_in_the_memory_format_of_its_weights():
    """Else the fused optimizer would go slow, or wrong, after a resume."""
    first, second = stepped(1), stepped(2)
    saved = first.state_dict()
    saved["param_groups"][0]["lr"] = 0.125
    tensors = {
        f"{number}.{key}": value.contiguous()  # as a file holds them
        for number, state in saved["state"].items()
        for key, value in state.items()
    }
    copy_state(second, tensors, saved["param_groups"])
    assert second.param_groups[0]["lr"] == 0.125
    found = second.state_dict()["state"]
    assert found.keys() == saved["state"].keys()
    for number, state in saved["state"].items():
        for key, value in state.items():
            assert torch.equal(found[number][key], value)
            assert found[number][key].stride() == value.stride()
    assert any(not v.is_contiguous() for state in found.values() for v in state.values())
