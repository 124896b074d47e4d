"""Which images are changed, how often, and where the randomness comes from."""

import pytest
import torch

from dermaflow.ml.augmentation.batch_random import Draws
from dermaflow.ml.augmentation.effects import OPERATIONS
from dermaflow.ml.augmentation.randaugment import EFFECTS, apply_effects, apply_policy
from dermaflow.params.train import EffectParams
from ml.recipes import make_params

SKIN = torch.tensor([200.0, 150.0, 120.0]).view(1, 3, 1, 1)
_NONE = {
    "probability": 1.0,
    "hairs": (0, 0),
    "saturation": 0,
    "hue": 0,
    "temperature": 0,
    "sharpness": 0,
    "noise": 0,
    "erase": 0,
}
_ALL = {
    "probability": 0.6,
    "hairs": (1, 4),
    "saturation": 0.5,
    "hue": 20,
    "temperature": 0.2,
    "sharpness": 1,
    "noise": 20,
    "erase": 0.3,
}
NONE, ALL = (make_params(augmentation={"effects": e}).augmentation.effects for e in (_NONE, _ALL))


def policy(operations, magnitude, among):
    values = {"operations": operations, "magnitude": magnitude, "among": list(among)}
    return make_params(augmentation={"policy": values}).augmentation.policy


POLICY = policy(2, 1.0, OPERATIONS)


def images(count, size=(24, 32)):
    wave = 30 * torch.rand(count, 3, *size, generator=torch.Generator().manual_seed(1))
    return SKIN + wave


def random(seed=0):
    return Draws(torch.Generator().manual_seed(seed))


def test_every_effect_is_a_parameter_and_the_reverse():
    assert set(EFFECTS) == set(EffectParams.model_fields) - {"probability"}


@pytest.mark.parametrize(
    ("apply", "params"),
    [
        (apply_effects, ALL.model_copy(update={"probability": 0.0})),
        (apply_policy, POLICY.model_copy(update={"operations": 0})),
    ],
)
def test_off_nothing_is_changed_and_nothing_drawn(apply, params):
    draws = random()
    before = draws.generator.get_state()
    assert torch.equal(apply(images(4), params, draws), images(4))
    assert torch.equal(draws.generator.get_state(), before)


def test_zero_ranges_change_nothing():
    assert torch.allclose(apply_effects(images(8), NONE, random()), images(8), atol=1e-3)


def test_each_effect_touches_its_share_of_the_images():
    params = NONE.model_copy(update={"probability": 0.3, "temperature": 0.2})
    before = images(1000, (4, 4))
    changed = apply_effects(before.clone(), params, random()).sub(before).abs().amax(dim=(1, 2, 3))
    assert (changed > 0.01).float().mean().item() == pytest.approx(0.3, abs=0.05)


def test_amounts_fill_their_range_and_go_both_ways():
    params = NONE.model_copy(update={"temperature": 0.2})
    before = SKIN.expand(1000, 3, 4, 4).clone()
    red = apply_effects(before, params, random())[:, 0, 0, 0] / 200 - 1
    assert red.min().item() == pytest.approx(-0.2, abs=0.01)
    assert red.max().item() == pytest.approx(0.2, abs=0.01)
    assert red.mean().abs() < 0.02


@pytest.mark.parametrize("most", [1, 3])
def test_each_count_of_hairs_is_alike_likely(most):
    params = NONE.model_copy(update={"hairs": (0, most)})
    skin = SKIN.expand(400, 3, 32, 32).clone()
    bare = apply_effects(skin.clone(), params, random()).sub(skin).abs().amax(dim=(1, 2, 3)) < 0.01
    assert bare.float().mean().item() == pytest.approx(1 / (most + 1), abs=0.075)


@pytest.mark.parametrize("operations", [1, 3])
def test_so_many_operations_are_drawn_of_each_image(operations):
    """Brightness at magnitude 1 multiplies by 1/2 or 3/2, so that the factors tell the draws."""
    params = policy(operations, 1.0, ["identity", "brightness"])
    before = torch.full((4000, 3, 2, 2), 16.0)
    factors = apply_policy(before, params, random())[:, 0, 0, 0] / 16
    assert (factors == 1).float().mean().item() == pytest.approx(0.5**operations, abs=0.03)
    powers = {0.5**low * 1.5**high for low in range(4) for high in range(4 - low)}
    allowed = torch.tensor(list(powers))
    assert (factors[:, None] == allowed).any(dim=1).all()
    assert factors.min().item() == 0.5**operations


def test_operations_are_drawn_alike_often():
    names = ["identity", "brightness", "temperature", "erase"]
    params = policy(1, 0.5, names)
    before = SKIN.expand(4000, 3, 4, 4).clone()
    after = apply_policy(before.clone(), params, random())
    touched = (after != before).flatten(1).any(dim=1).float().mean().item()
    assert touched == pytest.approx(0.5, abs=0.03)  # erasing a flat image leaves it, too


@pytest.mark.parametrize(("apply", "params"), [(apply_effects, ALL), (apply_policy, POLICY)])
def test_values_stay_in_range_and_the_generator_alone_decides(apply, params):
    first, second = (apply(images(64), params, random()) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, apply(images(64), params, random(1)))
    assert first.min() >= 0
    assert first.max() <= 255


@pytest.mark.parametrize(("apply", "params"), [(apply_effects, ALL), (apply_policy, POLICY)])
def test_the_global_generator_is_left_alone(apply, params):
    torch.manual_seed(9)
    before = torch.get_rng_state()
    apply(images(16), params, random())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("apply", "params"), [(apply_effects, ALL), (apply_policy, POLICY)])
def test_draws_do_not_depend_on_pixels_or_their_number(apply, params):
    states = []
    for size in ((24, 32), (12, 16)):
        draws = random()
        apply(images(16, size) * 0.5, params, draws)
        states.append(draws.generator.get_state())
    assert torch.equal(*states)
