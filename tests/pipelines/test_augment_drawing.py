"""Pictures of the augment stage: real training images beside synthetic ones, class by class."""

import numpy as np
import pandas as pd
import pytest

from dermaflow.pipelines.augment.drawing import create_pipeline
from pipelines.drawings import draw, plain_store
from reporting.artists import pictures, texts, tile_shades

H, W = 4, 6
TRAIN = {f"m{number:02}": 100 + number for number in range(14)}  # melanomas, and two naevi
REAL = {"held_out": 90} | TRAIN | {"n1": 200, "n2": 201}
MADE = {f"s{number:02}": number for number in range(13)} | {"t1": 50}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("augment_drawing")
    manifest = pd.DataFrame({"image_id": list(REAL)})
    manifest["label"] = np.where(manifest["image_id"].str.startswith("n"), "nv", "mel")
    manifest["split"] = np.where(manifest["image_id"] == "held_out", "val", "train")
    synthetic = pd.DataFrame({"image_id": list(MADE)})
    synthetic["label"] = np.where(synthetic["image_id"] == "t1", "nv", "mel")
    grid = np.arange(6, dtype=np.uint8).reshape(2, 3, 1, 1, 1) * np.ones((H, W, 3), np.uint8)
    return {
        "manifest": manifest,
        "image_store": plain_store(folder / "real", REAL, (H, W, 3)),
        "synthetic_manifest": synthetic,
        "synthetic_store": plain_store(folder / "made", MADE, (H, W, 3)),
        "gan_grids": {"mel": grid},
    }


@pytest.fixture(scope="module")
def figures(inputs):
    return draw(create_pipeline(), "gan_figures", inputs)


def test_each_class_has_a_figure_and_each_generator_its_progress(figures):
    assert list(figures) == [
        "00_class_counts.png",
        "mel_real_and_synthetic.png",
        "nv_real_and_synthetic.png",
        "mel_progress.png",
    ]
    (sheet,) = pictures(figures["mel_progress.png"].axes[0])
    assert tile_shades(sheet, H, W) == [0, 1, 2, 3, 4, 5]


def test_up_to_twelve_of_a_classs_training_images_are_beside_as_many_synthetic_ones(figures):
    left, right = (pictures(axes)[0] for axes in figures["mel_real_and_synthetic.png"].axes)
    assert tile_shades(left, H, W) == list(range(100, 112))
    assert tile_shades(right, H, W) == list(range(12))
    left, right = (pictures(axes)[0] for axes in figures["nv_real_and_synthetic.png"].axes)
    assert tile_shades(left, H, W) == [200, 201, 255, 255]
    assert tile_shades(right, H, W) == [50, 255, 255, 255]


def test_images_are_counted_that_are_trained_on(figures):
    assert texts(figures["00_class_counts.png"].axes[0]) == ["  2 + 1", "  14 + 13"]


def test_without_synthetic_images_only_the_counts_are_drawn(inputs):
    none = inputs["synthetic_manifest"].iloc[:0]
    figures = draw(
        create_pipeline(), "gan_figures", inputs | {"synthetic_manifest": none, "gan_grids": {}}
    )
    assert list(figures) == ["00_class_counts.png"]
    assert texts(figures["00_class_counts.png"].axes[0]) == ["  2", "  14"]
