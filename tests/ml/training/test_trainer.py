"""Updates of a network small enough to see through, epoch by epoch and from a checkpoint."""

import pytest
import torch
from tqdm import tqdm

from dermaflow.errors import TrainingError
from dermaflow.ml.training.batches import BatchDataset
from dermaflow.ml.training.trainer import Trainer
from ml.recipes import make_params
from ml.small_training import PREPROCESS, RUNTIME, ignore, make_sets, small_network

STEPS = 4  # an epoch: 64 images in batches of 16


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return BatchDataset([make_sets(tmp_path_factory.mktemp("stores"))[0]])


@pytest.fixture
def trainer(images):
    """Make one; each begins with the same network."""

    def make(network=None, frozen=(), seed=1, **recipe):
        network = network or small_network()
        params = make_params(**({"augmentation": {"max_degrees": 10}} | recipe))
        return Trainer(network, list(frozen), images, PREPROCESS, params, RUNTIME, seed)

    return make


def train(trainer, epoch, updates=STEPS, log=ignore):
    """Do so many updates of an epoch; all of them end it."""
    with tqdm(disable=True) as progress:
        left = trainer.run_epoch(epoch, progress, log)
        done = 0
        for _ in left:
            done += 1
            if done == updates < STEPS:
                break
    return done


def tensors_of(trainer):
    return trainer.save().tensors


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def losses_of(trainer, epochs=1, **recipe):
    """Each update's loss, as it is logged."""
    found = []

    def log(metrics, step):
        if "train/loss" in metrics:
            found.append((step, metrics["train/loss"]))

    made = trainer(**recipe)
    for epoch in range(1, epochs + 1):
        train(made, epoch, log=log)
    return found, made


def test_the_first_update_moves_each_weight_by_its_rate(trainer):
    """Adam's first is the rate, whatever the gradient; a fifth of it, in a warm-up of four."""
    network = small_network()
    before = {name: value.clone() for name, value in network.named_parameters()}
    train(trainer(network, learning_rate=0.05, backbone_factor=0.5), 1, updates=1)
    for name, rate in {"fc.bias": 0.05, "bn1.weight": 0.025, "bn1.bias": 0.025}.items():
        moved = (network.get_parameter(name) - before[name]).abs()
        torch.testing.assert_close(moved, torch.full_like(moved, rate / 5), rtol=1e-3, atol=1e-6)
    decayed = before["conv1.weight"] * (1 - 0.025 / 5 * 0.01)
    moved = (network.conv1.weight - decayed).abs()
    torch.testing.assert_close(moved, torch.full_like(moved, 0.025 / 5), rtol=1e-2, atol=1e-6)


@pytest.mark.parametrize("updates", [1, 3, 4])
def test_a_trainer_that_goes_on_within_an_epoch_ends_as_if_nothing_had_stopped_it(trainer, updates):
    whole, cut, other = trainer(), trainer(), trainer()
    with torch.no_grad():
        other.ema.module.fc.weight.fill_(7)
    for epoch in (1, 2):
        train(whole, epoch)
    train(cut, 1)
    train(cut, 2, updates)
    saved = cut.save()
    assert (saved.steps, saved.facts["epoch"]) == (STEPS + updates, 2)
    other.load(saved)
    assert (other.steps, other.epoch) == (STEPS + updates, 2)
    assert train(other, 2) == STEPS - updates
    assert same(tensors_of(other), tensors_of(whole))
    assert other.save().facts == whole.save().facts
    assert other.epoch_loss() == whole.epoch_loss()


def test_what_is_saved_does_not_change_with_later_updates(trainer):
    made = trainer()
    train(made, 1)
    saved = made.save()
    before = {key: value.clone() for key, value in saved.tensors.items()}
    train(made, 2)
    assert same(saved.tensors, before)
    assert not same(made.save().tensors, before)


def test_what_global_generators_did_changes_nothing_and_another_seed_all(trainer):
    found = []
    for unrelated, seed in ((1, 1), (2, 1), (1, 2)):
        made = trainer(seed=seed)
        torch.manual_seed(unrelated)
        train(made, 1)
        found.append(tensors_of(made))
    assert same(found[0], found[1])
    assert not torch.equal(found[0]["network.fc.weight"], found[2]["network.fc.weight"])


def test_the_average_follows_every_update(trainer):
    network = small_network()
    made = trainer(network, ema_decay=0.9)
    train(made, 1, updates=1)
    assert torch.equal(made.ema.module.fc.weight, network.fc.weight)  # the first one is a copy
    first = network.fc.weight.detach().clone()
    train(made, 1)  # goes on after the first
    assert int(made.ema.n_averaged) == made.steps == STEPS
    assert not torch.equal(made.ema.module.fc.weight, network.fc.weight)
    distance = [(made.ema.module.fc.weight - end).norm() for end in (first, network.fc.weight)]
    assert max(distance) < (network.fc.weight - first).norm()  # it lies between


@pytest.mark.parametrize("frozen", [False, True])
def test_batch_norm_trains_in_every_epoch_unless_it_is_frozen(trainer, frozen):
    network = small_network()
    made = trainer(network, [network.bn1] if frozen else [])
    for epoch in (1, 2):
        network.eval()  # as a look at validation images leaves it
        train(made, epoch)
    assert int(network.bn1.num_batches_tracked) == (0 if frozen else 2 * STEPS)
    assert network.bn1.running_mean.eq(0).all() == frozen


def test_logged_losses_are_means_of_the_latest_and_the_epochs_is_of_all(trainer):
    each, made = losses_of(trainer, log_every=1)
    assert [step for step, _ in each] == [1, 2, 3, 4]
    losses = [loss for _, loss in each]
    assert len(set(losses)) == STEPS
    assert made.epoch_loss() == pytest.approx(sum(losses) / STEPS)
    pairs, _ = losses_of(trainer, log_every=2)
    assert pairs == [
        (2, pytest.approx((losses[0] + losses[1]) / 2)),
        (4, pytest.approx((losses[2] + losses[3]) / 2)),
    ]


def test_an_epochs_loss_is_of_its_own_updates(trainer):
    each, made = losses_of(trainer, epochs=2, log_every=1)
    assert [step for step, _ in each] == list(range(1, 2 * STEPS + 1))
    assert made.epoch_loss() == pytest.approx(sum(loss for _, loss in each[STEPS:]) / STEPS)


def test_the_logged_rate_is_the_heads_where_other_parts_learn_slower(trainer):
    logged = []
    made = trainer(log_every=2, warmup_epochs=0, epochs=2, learning_rate=0.5, backbone_factor=0.5)
    train(made, 1, log=lambda metrics, step: logged.append(metrics))
    assert logged[1]["train/lr"] == pytest.approx(0.25)


def test_the_rate_is_logged_with_the_loss_and_the_speed_once_an_epoch(trainer):
    logged = []
    made = trainer(log_every=2, warmup_epochs=0, epochs=2, learning_rate=0.5, backbone_factor=1.0)
    train(made, 1, log=lambda metrics, step: logged.append((step, metrics)))
    assert [(step, sorted(metrics)) for step, metrics in logged] == [
        (2, ["train/loss", "train/lr"]),
        (4, ["train/loss", "train/lr"]),
        (4, ["train/images_per_s", "train/peak_memory_gib"]),
    ]
    # The rate of the next update: a cosine over eight.
    assert logged[1][1]["train/lr"] == pytest.approx(0.25)


def test_an_epoch_of_which_nothing_is_left_logs_nothing(trainer):
    made, logged = trainer(), []
    train(made, 1)
    assert train(made, 1, log=lambda metrics, step: logged.append(step)) == 0
    assert not logged


@pytest.mark.parametrize("log_every", [1, 1000])
def test_a_loss_that_is_not_finite_is_refused_at_the_latest_at_the_epochs_end(trainer, log_every):
    network = small_network()
    torch.nn.init.constant_(network.fc.weight, float("nan"))
    made = trainer(network, log_every=log_every, learning_rate=0.05)
    with pytest.raises(TrainingError, match=r"is nan at step \d.*train\.learning_rate \(0\.05\)"):
        train(made, 1)
        made.epoch_loss()
    assert made.steps == (1 if log_every == 1 else STEPS)


def test_images_grow_when_their_share_of_all_updates_is_done(trainer):
    network, sizes = small_network(), []
    network.register_forward_pre_hook(lambda _, inputs: sizes.append(tuple(inputs[0].shape)))
    made = trainer(network, epochs=2, resize=[{"until": 0.75, "scale": 0.5}])
    for epoch in (1, 2):
        train(made, epoch)
    assert sizes == [(16, 3, 8, 8)] * 6 + [(16, 3, 16, 16)] * 2
