"""What only a GPU shows; skipped where there is none."""

import pytest
import torch
from torch import nn
from tqdm import tqdm

from dermaflow.ml.models.classifier import build_resnet50
from dermaflow.ml.runtime import Runtime
from dermaflow.ml.training.acceleration import accelerate
from dermaflow.ml.training.batches import BatchDataset, ResidentDataset, training_loader
from dermaflow.ml.training.checkpoints import Checkpoints
from dermaflow.ml.training.trainer import Trainer
from ml.recipes import make_params
from ml.small_training import PARAMS, PREPROCESS, RUNTIME, fit, ignore, make_sets, small_network

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

EVERYTHING = {
    "epochs": 2,
    "log_every": 1000,
    "colour_constancy": 6,
    "resize": [{"until": 0.5, "scale": 0.5}],
    "mix": {"probability": 1.0, "mixup_alpha": 0.2, "cutmix_alpha": 1.0},
    "loss": {"focal_gamma": 1.0, "logit_adjustment": 1.0},
    "augmentation": {
        "effects": {
            "probability": 1.0,
            "hairs": [1, 8],
            "saturation": 0.3,
            "hue": 10,
            "temperature": 0.08,
            "sharpness": 0.8,
            "noise": 8,
            "erase": 0.15,
        },
        "policy": {
            "operations": 2,
            "magnitude": 0.3,
            "among": ["brightness", "contrast", "saturation", "hue", "sharpness", "noise", "hairs"],
        },
    },
}


class CutOffError(Exception):
    pass


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    return make_sets(tmp_path_factory.mktemp("stores"))


def test_the_images_lie_on_the_gpu_and_make_the_same_batches(sets):
    images = BatchDataset([sets[0]])
    _, loader = training_loader(images, 8, 1.0, workers=0, seed=1, device=RUNTIME.device)
    assert isinstance(loader.dataset, ResidentDataset)
    pixels, labels = loader.dataset[[5, 0, 63]]
    assert pixels.is_cuda
    assert torch.equal(pixels.cpu(), images[[5, 0, 63]][0])
    assert labels.tolist() == images[[5, 0, 63]][1].tolist()


def test_no_update_waits_for_the_gpu(sets):
    """Whatever a recipe asks for: Python launches ahead of the GPU, never in step with it."""
    params = make_params(**EVERYTHING)
    trainer = Trainer(
        small_network(), [], BatchDataset([sets[0]]), PREPROCESS, params, RUNTIME, seed=1
    )
    with tqdm(disable=True) as progress:
        for epoch in (1, 2):  # at half size, then at whole
            updates = trainer.run_epoch(epoch, progress, ignore)
            next(updates)
            torch.cuda.set_sync_debug_mode("error")
            try:
                for _ in range(trainer.steps_per_epoch - 1):
                    next(updates)
            finally:
                torch.cuda.set_sync_debug_mode("default")
    assert trainer.steps == 2 * trainer.steps_per_epoch


@pytest.mark.parametrize("compiled", [False, True])
def test_recorded_updates_are_those_of_the_network_itself(compiled):
    """ResNet-50 in bf16: losses and batch norm of some updates; recording leaves no trace."""
    runtime = Runtime(torch.device("cuda"), torch.bfloat16)
    inputs = torch.rand(8, 3, 64, 64, device="cuda").contiguous(memory_format=torch.channels_last)
    labels = torch.arange(8, device="cuda") % 7
    found = []
    for recorded in (False, True):
        torch.manual_seed(0)
        network = build_resnet50(7).cuda().to(memory_format=torch.channels_last)
        before = {name: buffer.clone() for name, buffer in network.named_buffers()}
        forward = accelerate(network, [(8, 64, 64)], compiled, runtime) if recorded else network
        for name, buffer in network.named_buffers():
            assert torch.equal(buffer, before[name]), name
        optimizer = torch.optim.SGD(network.parameters(), lr=0.01)
        losses = []
        for _ in range(4):
            with runtime.autocast():
                logits = forward(inputs)
            loss = nn.functional.cross_entropy(logits.float(), labels)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
        assert int(network.bn1.num_batches_tracked) == 4
        found.append((losses, network.bn1.running_mean.clone()))
    (plain, mean), (replayed, other) = found
    assert replayed == pytest.approx(plain, rel=0.05)
    torch.testing.assert_close(other, mean, rtol=0.05, atol=0.01)


@pytest.mark.parametrize("frozen", [False, True])
def test_two_sizes_in_turn_give_the_networks_own_logits_and_gradients(frozen):
    """In fp32, with and without a part that keeps its weights and statistics."""
    runtime = Runtime(RUNTIME.device, torch.float32)
    sizes = [(8, 16, 16), (8, 12, 12)]
    found = []
    for recorded in (False, True):
        network = small_network().to(runtime.device).to(memory_format=torch.channels_last).train()
        if frozen:
            for module in (network.conv1, network.bn1):
                module.requires_grad_(False).eval()
        forward = accelerate(network, sizes, False, runtime) if recorded else network
        random = torch.Generator().manual_seed(0)
        for count, height, width in sizes * 2:
            inputs = torch.rand(count, 3, height, width, generator=random).to(runtime.device)
            logits = forward(inputs.contiguous(memory_format=torch.channels_last))
            logits.square().sum().backward()
            found.append((recorded, logits.detach().clone()))
            for weight in network.parameters():
                if weight.grad is not None:
                    found.append((recorded, weight.grad.clone()))
                    weight.grad = None
        found.append((recorded, network.bn1.running_mean.clone()))
    plain, replayed = ([value for r, value in found if r == kind] for kind in (False, True))
    assert len(plain) == len(replayed) == 4 * (3 if frozen else 6) + 1
    for own, other in zip(plain, replayed, strict=True):
        torch.testing.assert_close(other, own, rtol=1e-3, atol=1e-4)


def test_a_training_learns_and_goes_on_from_its_checkpoint(sets, tmp_path):
    whole = fit(sets, PARAMS.model_copy(update={"epochs": 8}))
    assert max(record["val_balanced_accuracy"] for record in whole.history) > 0.95

    def cut(metrics, step):
        if step >= 9:
            raise CutOffError

    checkpoints = Checkpoints(tmp_path, {})
    params = PARAMS.model_copy(update={"epochs": 8})
    with pytest.raises(CutOffError):
        fit(sets, params, log=cut, checkpoints=checkpoints)
    resumed = fit(sets, params, checkpoints=checkpoints)
    assert len(resumed.history) == 8
    for record, other in zip(resumed.history, whole.history, strict=True):
        assert record["train_loss"] == pytest.approx(other["train_loss"], rel=1e-3)


def test_one_training_after_another_takes_no_more_memory(sets):
    used = []
    for _ in range(4):
        fit(sets)
        used.append(torch.cuda.memory_reserved())
    assert used[3] <= 1.1 * used[1]
