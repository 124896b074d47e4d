"""Pictures of the explain stage: each image with its own mask, maps and measures."""

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.text import Text

from dermaflow.ml.models.weights import Weights
from dermaflow.pipelines.explain.drawing import create_pipeline
from pipelines.drawings import draw, plain_store
from reporting.artists import heading, pictures

SIDE = 8
CHOSEN = {"a/1": ("bcc", "bcc"), "b": ("bcc", "mel"), "c": ("mel", "mel")}
GREYS = {"c": 30, "b": 20, "a/1": 10, "another": 40}
PLACES = [(image_id, method) for method in ("shap", "lime") for image_id in ("c", "b", "a/1")]


def relevance(place):
    """A map of which one pixel is relevant."""
    values = torch.zeros(SIDE, SIDE)
    values[place, 1] = 1
    return values


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explain_drawing")
    explained = pd.DataFrame(
        [(name, label, told, 0.8) for name, (label, told) in CHOSEN.items()],
        columns=["image_id", "label", "predicted", "probability"],
    )
    explained["outcome"] = np.where(explained["label"] == explained["predicted"], "right", "wrong")
    measures = pd.DataFrame(PLACES, columns=["image_id", "method"])
    measures["relevance_inside"] = [0.01 * (place + 1) for place in range(len(PLACES))]
    measures = measures.assign(lift=1.0, deletion=0.5, deletion_shifted=0.6, fit=np.nan)
    maps = {
        f"{method}/{image_id}": relevance(place) for place, (image_id, method) in enumerate(PLACES)
    }
    masks = plain_store(folder / "masks", {"a/1": 255, "another": 255}, (SIDE, SIDE, 1))
    inputs = {
        "explained_images": explained,
        "explanation_maps": Weights(maps, {}),
        "explanations": measures,
        "image_store": plain_store(folder / "images", GREYS, (SIDE, SIDE, 3)),
        "mask_store": masks,
        "classes": ["bcc", "mel"],
    }
    return draw(create_pipeline(), "explanation_figures", inputs)


def test_files_are_in_the_order_of_the_images_and_named_safely(figures):
    assert list(figures) == [
        "00_overview.png",
        "01_bcc_as_bcc_a_1.png",
        "02_bcc_as_mel_b.png",
        "03_mel_as_mel_c.png",
    ]


def written(figure):
    return [text.get_text() for text in figure.findobj(Text)]


@pytest.mark.parametrize("image_id", CHOSEN)
def test_an_image_has_its_own_pixels_maps_measures_and_mask(figures, image_id):
    number = list(CHOSEN).index(image_id) + 1
    figure = list(figures.values())[number]
    assert heading(figure)[1].startswith(f"{image_id} · p({CHOSEN[image_id][1]}) = 0.80")
    image, *maps, _ = figure.axes
    assert (pictures(image)[0] == GREYS[image_id]).all()
    assert [axes.get_title(loc="left") for axes in maps] == ["SHAP", "LIME"]
    for axes, method in zip(maps, ("shap", "lime"), strict=True):
        grey, overlay = pictures(axes)
        assert (grey == GREYS[image_id]).all()
        place = PLACES.index((image_id, method))
        assert np.argwhere(overlay[..., 3]).tolist() == [[place, 1]]
        assert axes.get_xlabel().startswith(f"{place + 1}% of the red lies in the lesion")
    covered = "The lesion (outlined) covers 100% of the image"
    assert image.get_xlabel() == (covered if image_id == "a/1" else "No lesion mask")


def test_the_overview_has_all_images_by_class(figures):
    texts = written(figures["00_overview.png"])
    assert texts.count("recognised, p 0.80") == 2
    assert texts.count("taken for mel, p 0.80") == 1
    assert texts.count("no wrong prediction") == 1
    assert [text for text in texts if text in ("bcc", "mel")] == ["bcc", "mel"]
