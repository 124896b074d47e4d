"""Hairs whose place, size and shade can be worked out."""

import pytest
import torch

from dermaflow.ml.augmentation.hairs import HAIR_DRAWS, draw_hairs
from dermaflow.params.train import MAX_HAIRS

HEIGHT, WIDTH = 100, 150
# y, x, direction, length, bend, width, opacity; 1 is the upper end of each range, and a bend of
# 0.5 is none. Its middle is that of a row, and of the image's width.
ALONG_A_ROW = (0.505, 0.5, 0.0, 1.0, 0.5, 1.0, 1.0)


def random_draws(count):
    return torch.rand(count, HAIR_DRAWS, generator=torch.Generator().manual_seed(0))


def draws_of(*strokes, shade=0.0):
    """Draws of one image; a shade of 0 is the darkest colour."""
    draws = torch.zeros(1, HAIR_DRAWS)
    draws[0, 0] = shade
    draws[0, 1:].view(MAX_HAIRS, -1)[: len(strokes)] = torch.tensor(strokes)
    return draws


def skin(count=1):
    return torch.tensor([220.0, 180.0, 160.0]).view(1, 3, 1, 1).repeat(count, 1, 40, 56)


def hidden_by(*strokes, height=HEIGHT, width=WIDTH):
    """How much of each pixel of a white image hairs of the darkest shade hide, (H, W)."""
    white = torch.full((1, 3, height, width), 255.0)
    after = draw_hairs(white, torch.tensor([len(strokes)]), draws_of(*strokes))
    return (255 - after[0, 0]) / (255 - 0.4 * 52)


def test_hairs_are_dark_thin_and_more_of_them_cover_more():
    covered = []
    for count in (1, 4, MAX_HAIRS):
        after = draw_hairs(skin(), torch.tensor([count]), random_draws(1))
        assert (after <= skin() + 1e-3).all()
        covered.append((after < skin() - 1).any(dim=1).float().mean().item())
    assert covered == sorted(covered)
    assert 0 < covered[0] < 0.1


def test_the_first_hairs_do_not_depend_on_how_many_there_are():
    fewer, more = (draw_hairs(skin(), torch.tensor([n]), random_draws(1)) for n in (3, 5))
    assert (more <= fewer + 1e-3).all()


def test_each_image_gets_its_own_number_of_its_own_hairs():
    draws = random_draws(3)
    together = draw_hairs(skin(3), torch.tensor([2, 0, 5]), draws)
    assert torch.equal(together[1:2], skin())
    for place, count in ((0, 2), (2, 5)):
        own = slice(place, place + 1)
        alone = draw_hairs(skin(), torch.tensor([count]), draws[own])
        assert torch.allclose(together[own], alone, atol=1e-3)


def test_no_images_are_no_error():
    empty = draw_hairs(torch.empty(0, 3, 8, 8), torch.empty(0), torch.empty(0, HAIR_DRAWS))
    assert empty.shape == (0, 3, 8, 8)


def test_a_straight_hair_covers_its_length_times_its_width():
    hidden = hidden_by(ALONG_A_ROW)  # longer than the image is wide
    assert hidden.sum().item() == pytest.approx(150 * 0.016 * 100 * 0.95, rel=0.01)
    assert hidden.max().item() == pytest.approx(0.95, rel=0.01)


def test_a_hair_lies_where_its_numbers_say():
    """The shortest one, upright, a fifth from the top and seven tenths from the left."""
    hidden = hidden_by((0.2, 0.7, 0.5, 0.0, 0.5, 1.0, 1.0), height=200)
    rows, columns = (torch.arange(count) + 0.5 for count in hidden.shape)
    mass = hidden.sum()
    assert (hidden.sum(1) @ rows / mass).item() == pytest.approx(0.2 * 200, abs=0.5)
    assert (hidden.sum(0) @ columns / mass).item() == pytest.approx(0.7 * 150, abs=0.5)
    assert (hidden > 0.5).any(dim=1).sum().item() == pytest.approx(0.4 * 200, abs=2)
    assert (hidden > 0.5).any(dim=0).sum().item() <= 4


@pytest.mark.parametrize(("bend", "side"), [(1.0, 1), (0.0, -1)])
def test_the_most_bent_hair_rises_by_a_fifth_of_its_length_on_either_side(bend, side):
    hidden = hidden_by((0.5, 0.5, 0.0, 0.0, bend, 1.0, 1.0))
    length = 0.4 * WIDTH
    rows = torch.arange(HEIGHT) + 0.5
    middle, end = (int(WIDTH / 2 + u) for u in (0, 0.45 * length))
    at = [(hidden[:, column] @ rows / hidden[:, column].sum()).item() for column in (middle, end)]
    # v = c u^2, of height 0.2 L at u = L / 2
    expected = 0.2 * length * ((end + 0.5 - WIDTH / 2) / (length / 2)) ** 2
    assert at[1] - at[0] == pytest.approx(side * expected, abs=0.5)


def test_hairs_of_an_image_have_one_colour_that_its_shade_makes_lighter():
    for shade, factor in ((0.0, 0.4), (1.0, 1.6)):
        draws = draws_of(ALONG_A_ROW, shade=shade)
        after = draw_hairs(torch.full((1, 3, HEIGHT, WIDTH), 255.0), torch.ones(1), draws)
        darkest = after.amin(dim=(0, 2, 3))
        expected = [255 + 0.95 * (factor * level - 255) for level in (52, 38, 30)]
        assert darkest.tolist() == pytest.approx(expected, abs=1)
