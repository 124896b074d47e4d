"""Each operation on images where its outcome can be written down."""

import math

import pytest
import torch

from dermaflow.ml.augmentation.effects import DRAWS, OPERATIONS, smooth

HEIGHT, WIDTH = 40, 56


def images(count=3):
    random = torch.Generator().manual_seed(3)
    return torch.rand(count, 3, HEIGHT, WIDTH, generator=random) * 255


def flat(*colour):
    return torch.tensor(colour).view(1, 3, 1, 1).expand(1, 3, HEIGHT, WIDTH).contiguous()


def draws(count=3, seed=0):
    return torch.rand(count, DRAWS, generator=torch.Generator().manual_seed(seed))


def change(name, before, amount, numbers=None):
    numbers = draws(len(before)) if numbers is None else numbers
    return OPERATIONS[name].change(before, torch.full((len(before),), float(amount)), numbers)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_amount_of_zero_changes_nothing(name):
    assert torch.allclose(change(name, images(), 0), images(), atol=1e-3)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_image_is_changed_by_its_own_numbers_alone(name):
    amounts = torch.tensor([0.1, 0.5, 0.9]) * OPERATIONS[name].full
    together = OPERATIONS[name].change(images(), amounts, draws())
    alone = OPERATIONS[name].change(images()[1:2], amounts[1:2], draws()[1:2])
    assert torch.allclose(together[1:2], alone, atol=1e-3)


def test_brightness_and_contrast_scale_from_black_and_from_the_mean():
    assert torch.allclose(change("brightness", images(), 0.25), images() * 1.25)
    after = change("contrast", images(), -0.5)
    assert torch.allclose(after.mean(dim=(1, 2, 3)), images().mean(dim=(1, 2, 3)), atol=1e-2)
    assert torch.allclose(after.std(dim=(1, 2, 3)), images().std(dim=(1, 2, 3)) / 2, atol=1e-2)


def test_without_saturation_the_luma_is_left():
    grey = change("saturation", flat(200.0, 100.0, 50.0), -1)[0, :, 0, 0]
    assert grey.tolist() == pytest.approx([0.299 * 200 + 0.587 * 100 + 0.114 * 50] * 3)


def test_a_third_of_a_turn_moves_each_channel_on_and_greys_stay():
    turned = change("hue", flat(200.0, 100.0, 50.0), 120)[0, :, 0, 0]
    assert turned.tolist() == pytest.approx([50, 200, 100], abs=1e-3)
    assert torch.allclose(change("hue", flat(90.0, 90.0, 90.0), 37), flat(90.0, 90.0, 90.0))


def test_hue_keeps_the_mean_and_the_distance_from_grey():
    before, after = images(), change("hue", images(), 25)
    assert torch.allclose(after.mean(dim=1), before.mean(dim=1), atol=1e-2)
    assert torch.allclose(after.std(dim=1), before.std(dim=1), atol=1e-2)


def test_warmer_light_is_redder_and_less_blue():
    after = change("temperature", flat(100.0, 100.0, 100.0), 0.2)[0, :, 0, 0]
    assert after.tolist() == pytest.approx([120, 100, 80])


def test_sharpness_ends_at_the_blurred_image_and_leaves_flat_ones():
    assert torch.allclose(change("sharpness", images(), -1), smooth(images(), 0.5), atol=1e-3)
    assert torch.allclose(change("sharpness", flat(9.0, 80.0, 200.0), 0.7), flat(9.0, 80.0, 200.0))
    detail = [change("sharpness", images(), amount).std() for amount in (-1, 0, 1)]
    assert detail == sorted(detail)


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.0])
def test_blur_damps_a_wave_as_a_gaussian_does(sigma):
    wave = torch.cos(2 * math.pi * torch.arange(256) / 16)
    before = wave.expand(1, 3, 32, 256) * 100
    ratio = smooth(before, sigma)[..., 64:192].std() / before[..., 64:192].std()
    assert ratio.item() == pytest.approx(math.exp(-2 * (math.pi * sigma / 16) ** 2), rel=0.01)


def test_noise_has_the_deviation_asked_for_and_no_mean():
    noise = change("noise", images(), 12) - images()
    assert noise.std(dim=(1, 2, 3)).tolist() == pytest.approx([12] * 3, rel=0.05)
    assert noise.mean().abs() < 0.5
    assert not torch.allclose(noise[0], noise[1], atol=1)


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_a_box_of_the_share_asked_for_is_erased_with_the_mean(share):
    before = images(40)
    numbers = draws(40, seed=2)
    after = change("erase", before, share, numbers)
    for image, original in zip(after, before, strict=True):
        erased = (image != original).any(dim=0)
        rows, columns = erased.any(dim=1), erased.any(dim=0)
        assert torch.equal(erased, rows[:, None] & columns[None])
        assert erased.float().mean().item() == pytest.approx(share, rel=0.25)  # whole pixels
        mean = original.mean(dim=(1, 2))
        assert torch.allclose(image[:, erased], mean[:, None].expand(-1, int(erased.sum())))


@pytest.mark.parametrize(
    "name", sorted(set(OPERATIONS) - {"noise"})
)  # whose generator needs a real device
def test_amounts_and_draws_on_the_cpu_serve_images_on_another_device(name):
    before = torch.empty(3, 3, HEIGHT, WIDTH, device="meta")
    after = change(name, before, 0.5 * OPERATIONS[name].full)
    assert after.shape == before.shape
    assert after.device.type == "meta"
