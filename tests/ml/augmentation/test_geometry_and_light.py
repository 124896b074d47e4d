"""Batch augmentation against transformations that can be written down."""

import pytest
import torch

from dermaflow.ml.augmentation.batch_random import Draws
from dermaflow.ml.augmentation.geometry_and_light import augment_batch
from ml.recipes import make_params

NOTHING = make_params(augmented=False).augmentation
# Bilinear sampling of values 0-255 in float32 is off by rounding alone.
TOLERANCE = 0.01


def images(count: int, height: int, width: int) -> torch.Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(3)) * 255


def random() -> Draws:
    return Draws(torch.Generator().manual_seed(1))


@pytest.mark.parametrize("size", [(24, 24), (18, 32)])
def test_zero_ranges_leave_images_unchanged(size):
    before = images(4, *size)
    assert torch.allclose(augment_batch(before, NOTHING, random()), before, atol=TOLERANCE)


def test_square_images_are_flipped_and_turned_by_quarters_only():
    before = images(24, 16, 16)
    after = augment_batch(
        before, NOTHING.model_copy(update={"flip": True, "rotate": True}), random()
    )
    seen = set()
    for image, original in zip(after, before, strict=True):
        symmetries = {
            (turns, flipped): torch.rot90(original.flip(2) if flipped else original, turns, (1, 2))
            for turns in range(4)
            for flipped in (False, True)
        }
        matches = [k for k, v in symmetries.items() if torch.allclose(image, v, atol=TOLERANCE)]
        assert len(matches) == 1
        seen.update(matches)
    assert len(seen) == 8  # all symmetries of the square occur


def test_oblong_images_are_turned_by_half_only():
    before = images(8, 12, 20)
    after = augment_batch(before, NOTHING.model_copy(update={"rotate": True}), random())
    for image, original in zip(after, before, strict=True):
        assert torch.allclose(image, original, atol=TOLERANCE) or torch.allclose(
            image, original.flip(1, 2), atol=TOLERANCE
        )


def test_rotation_of_oblong_images_keeps_shapes():
    """A disc stays a disc: rotation acts in pixels, not in relative coordinates."""
    rows, columns = torch.meshgrid(torch.arange(48.0), torch.arange(96.0), indexing="ij")
    radius = ((rows - 23.5) ** 2 + (columns - 47.5) ** 2).sqrt()
    before = ((radius < 15).float() * 255).expand(6, 3, 48, 96)
    after = augment_batch(before, NOTHING.model_copy(update={"max_degrees": 90}), random())
    changed = (after - before).abs().mean(dim=(0, 1))[radius < 23]  # beyond it, mirrored border
    assert changed.mean() < 5  # the rim alone; an ellipse would change a third of the area


def test_colour_changes_stay_in_range_and_keep_geometry():
    before = torch.full((32, 3, 8, 8), 250.0)
    strong = NOTHING.model_copy(update={"brightness": 0.5, "colour": 0.5})
    after = augment_batch(before, strong, random())
    assert after.min() >= 0
    assert after.max() <= 255
    assert after.std(dim=(2, 3)).max() < TOLERANCE  # a flat image stays flat
    assert after.mean(dim=(1, 2, 3)).std() > 10  # and images differ


def test_same_generator_state_gives_same_images_and_gradients_pass():
    before = images(4, 16, 16).requires_grad_()
    params = NOTHING.model_copy(update={"flip": True, "zoom": 0.2, "shift": 0.2, "contrast": 0.3})
    first, second = augment_batch(before, params, random()), augment_batch(before, params, random())
    assert torch.equal(first, second)
    first.sum().backward()
    assert before.grad is not None
    assert before.grad.abs().sum() > 0


@pytest.mark.parametrize("scale", [0.5, 0.75, 0.9])
def test_smaller_images_show_the_same_part(scale):
    """A ramp keeps its values at the same relative places."""
    ramp = torch.linspace(0.5, 95.5, 96).expand(2, 3, 64, 96)
    after = augment_batch(ramp, NOTHING, random(), scale)
    assert after.shape == (2, 3, round(64 * scale), round(96 * scale))
    width = after.shape[3]
    expected = (torch.arange(width) + 0.5) / width * 96
    assert torch.allclose(after[0, 0, 5, 4:-4], expected[4:-4], atol=0.05)


@pytest.mark.parametrize("scale", [0.5, 0.75])
@pytest.mark.parametrize("degrees", [0, 180])
def test_what_is_too_fine_for_smaller_images_is_gone_and_not_folded_back(scale, degrees):
    """Stripes of two pixels are finer than half, or three quarters, of the pixels can show.

    Sampling alone leaves up to 0.54 and 0.63 of them, as other, coarser stripes.
    """
    stripes = (torch.arange(96) % 2 * 200.0).expand(8, 3, 64, 96)
    params = NOTHING.model_copy(update={"max_degrees": degrees, "shift": 0.1})
    left = augment_batch(stripes, params, random(), scale).std(dim=(1, 2, 3)) / stripes.std()
    assert left.max() < {0.5: 0.05, 0.75: 0.5}[scale]


def test_what_smaller_images_can_hold_stays():
    wave = 100 + 50 * torch.cos(2 * torch.pi * torch.arange(96) / 16).expand(1, 3, 64, 96)
    left = augment_batch(wave, NOTHING, random(), 0.5).std() / wave.std()
    assert left > 0.9


def test_size_changes_nothing_of_what_is_drawn():
    params = NOTHING.model_copy(update={"max_degrees": 90, "zoom": 0.2, "colour": 0.3})
    states = []
    for scale in (1.0, 0.5):
        draws = random()
        augment_batch(images(4, 32, 32), params, draws, scale)
        states.append(draws.generator.get_state())
    assert torch.equal(*states)
