import io

import numpy as np
import pytest
from matplotlib.text import Text

from dermaflow.reporting.explanation_figures import (
    Explained,
    draw_explained,
    draw_overview,
    scale_relevance,
)

CLASSES = ["bcc", "mel", "nv"]


def explained(image_id, label, predicted, mask=True):
    rng = np.random.default_rng(len(image_id))
    inside = np.zeros((24, 32), bool)
    inside[6:18, 8:24] = True
    share = 0.6 if mask else np.nan
    measures = {
        "relevance_inside": share,
        "lift": share / inside.mean(),
        "deletion": 0.41,
        "deletion_shifted": 0.52,
    }
    return Explained(
        image_id=image_id,
        label=label,
        predicted=predicted,
        probability=0.81,
        outcome="right" if label == predicted else "wrong",
        pixels=rng.integers(0, 256, (24, 32, 3), dtype=np.uint8),
        mask=inside if mask else None,
        maps={name: rng.normal(size=(24, 32)).astype(np.float32) for name in ("lime", "shap")},
        measures={"lime": measures | {"fit": 0.7}, "shap": measures | {"fit": np.nan}},
    )


def words(figure):
    figure.savefig(io.BytesIO(), format="png")
    return " ".join(text.get_text() for text in figure.findobj(Text))


def test_scale_is_symmetric_and_keeps_zero():
    relevance = np.linspace(-1, 3, 401).astype(np.float32)
    relevance[100] = 0
    scaled = scale_relevance(relevance)
    assert scaled[100] == 0
    assert scaled.max() == 1
    assert scaled.min() == pytest.approx(-1 / 3, abs=0.02)


@pytest.mark.parametrize("pixels", [0, 1])
def test_scale_takes_maps_that_are_almost_empty(pixels):
    relevance = np.zeros((64, 64), np.float32)
    relevance[0, :pixels] = -2e-9
    scaled = scale_relevance(relevance)
    assert np.isfinite(scaled).all()
    assert scaled.min() == -pixels


def test_a_figure_says_what_is_seen():
    text = words(draw_explained(explained("x1", "bcc", "mel")))
    for part in (
        "Basal cell carcinoma, taken for: Melanoma",
        "p(mel) = 0.81",
        "covers 25%",
        "60% of the red",
        "×2.4",
        "0.41",
        "0.52",
        "0.70",
        "against mel",
        "for mel",
    ):
        assert part in text
    assert "recognised" in words(draw_explained(explained("x1", "mel", "mel")))


def test_a_figure_without_a_mask_promises_none():
    text = words(draw_explained(explained("x1", "bcc", "mel", mask=False)))
    assert "No lesion mask" in text
    assert "nan" not in text
    assert "of the red" not in text


def test_an_empty_or_full_mask_has_no_outline():
    whole = explained("x1", "bcc", "mel")
    whole.mask[:] = True
    assert "covers 100%" in words(draw_explained(whole))
    whole.mask[:] = False
    assert "covers 0%" in words(draw_explained(whole))


def test_overview_has_a_row_a_class_and_says_what_is_missing():
    pictures = [
        explained("a", "bcc", "bcc"),
        explained("b", "bcc", "mel"),
        explained("c", "nv", "nv"),
        explained("d", "nv", "nv", mask=False),
    ]
    figure = draw_overview(pictures, CLASSES)
    # Three rows (bcc, and nv twice) of seven places, and the colour bar.
    assert len(figure.axes) == 3 * 7 + 1
    text = words(figure)
    assert text.count("recognised") == 3
    assert text.count("taken for mel") == 1
    assert text.count("no wrong prediction") == 2
    assert "nan" not in text


def test_overview_of_nothing_is_drawn():
    assert "What the classifier looked at" in words(draw_overview([], CLASSES))
