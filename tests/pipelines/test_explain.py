"""The explain stage on a real, untrained network: whose maps they are, and what is measured."""

import numpy as np
import pandas as pd
import pytest
import torch
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from kedro_datasets.pandas import ParquetDataset

from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.datasets import WeightsDataset
from dermaflow.ml.models.classifier import build_resnet50, describe
from dermaflow.ml.models.weights import Weights
from dermaflow.pipelines.explain import create_pipeline
from dermaflow.pipelines.explain.nodes import explain_images, measure_explanations
from ml.explanation.predictions import CLASSES, explain_params, prediction

SIDE = 32


def store(folder, images, channels):
    shape = (SIDE, SIDE, channels)
    stored = (StoredImage(image_id, pixels) for image_id, pixels in images.items())
    write_image_store(folder, ImageBatch(stored, shape))
    return ImageStore(folder)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explain")
    rng = np.random.default_rng(0)
    ids = ["a/1", "b", "c"]
    # Patches of 8 x 8 pixels, which superpixels can follow.
    patches = rng.integers(0, 256, (len(ids), SIDE // 8, SIDE // 8, 3), dtype=np.uint8)
    images = dict(zip(ids, patches.repeat(8, axis=1).repeat(8, axis=2), strict=True))
    mask = np.zeros((SIDE, SIDE, 1), np.uint8)
    mask[8:24, 8:24] = 255
    torch.manual_seed(0)
    preprocess = Preprocess(height=SIDE, width=SIDE, max_bytes=2**20, max_pixels=10**6)
    config = describe(CLASSES, preprocess, "torchvision")
    rows = [
        prediction("a/1", "bcc", "bcc", 0.8),
        prediction("b", "bcc", "mel", 0.6),
        prediction("c", "mel", "mel", 0.7),
    ]
    return {
        "predictions": pd.DataFrame(rows),
        "image_store": store(folder / "images", images, 3),
        "mask_store": store(folder / "masks", {"a/1": mask, "b": mask * 0}, 1),
        "classifier": Weights(build_resnet50(len(CLASSES)).state_dict(), config),
        "decision_rule": {
            "classifier": "any",
            "temperature": 1.5,
            "class_offsets": {},
            "views": 2,
            "class_weights": {},
            "operating_points": {},
        },
        "params:explain": explain_params(),
        "classes": CLASSES,
        "params:seed": 5,
    }


@pytest.fixture(scope="module")
def outputs(inputs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("outputs")
    pipeline = create_pipeline()
    catalog = DataCatalog(
        {name: MemoryDataset(value, copy_mode="assign") for name, value in inputs.items()}
        | {
            "explained_images": ParquetDataset(filepath=str(folder / "images.parquet")),
            "explanation_maps": WeightsDataset(filepath=str(folder / "maps")),
            "explanations": ParquetDataset(filepath=str(folder / "explanations.parquet")),
        }
    )
    SequentialRunner().run(pipeline, catalog)
    return {name: catalog.load(name) for name in pipeline.all_outputs()}


def test_every_chosen_image_has_both_maps(outputs):
    tensors = outputs["explanation_maps"].tensors
    assert set(tensors) == {f"{m}/{i}" for m in ("lime", "shap") for i in ("a/1", "b", "c")}
    for tensor in tensors.values():
        assert tensor.dtype == torch.float32
        assert tensor.shape == (SIDE, SIDE)
        assert tensor.unique().numel() > 1


def test_measures_compare_with_the_mask_where_there_is_one(outputs):
    table = outputs["explanations"].set_index(["image_id", "method"])
    masked = table.loc["a/1"]
    assert masked["mask_share"].tolist() == [0.25, 0.25]
    np.testing.assert_allclose(masked["lift"], masked["relevance_inside"] / 0.25)
    assert table.loc["b", "lift"].isna().all()  # an empty mask
    assert table.loc["c", ["mask_share", "relevance_inside", "lift"]].isna().all(axis=None)
    assert table[["deletion", "deletion_shifted"]].map(lambda value: 0 <= value <= 1).all(axis=None)
    fitted = table["fit"].notna().groupby("method").all()
    assert fitted.to_dict() == {"lime": True, "shap": False}


@pytest.fixture
def model(inputs):
    """What both nodes need beside the chosen images."""
    names = ("image_store", "classifier", "decision_rule", "params:explain", "params:seed")
    return [inputs[name] for name in names]


def test_the_predicted_class_is_explained_and_measured(inputs, outputs, model):
    """Of two classes one's probability is 1 less the other's, so that the map changes its sign."""
    chosen = outputs["explained_images"]
    other = chosen[chosen["image_id"] == "b"].assign(predicted="bcc")  # there it is mel
    maps = explain_images(other, *model)
    assert set(maps.tensors) == {"lime/b", "shap/b"}
    for name, tensor in maps.tensors.items():
        torch.testing.assert_close(tensor, -outputs["explanation_maps"].tensors[name])
    found = measure_explanations(
        other, outputs["explanation_maps"], inputs["mask_store"], *model
    ).set_index("method")
    before = outputs["explanations"].set_index(["image_id", "method"]).loc["b"]
    for measure in ("deletion", "deletion_shifted"):
        np.testing.assert_allclose(found[measure], 1 - before[measure], atol=1e-5)


def test_the_same_seed_gives_the_same_bits_whatever_else_is_explained(inputs, outputs, model):
    chosen = outputs["explained_images"]
    alone = chosen[chosen["image_id"] == "c"]
    first, second = outputs["explanation_maps"], explain_images(alone, *model)
    assert second.config["notes"] == {"c": first.config["notes"]["c"]}
    for name in ("lime/c", "shap/c"):
        assert torch.equal(first.tensors[name], second.tensors[name])
    found = measure_explanations(alone, second, inputs["mask_store"], *model)
    expected = outputs["explanations"][outputs["explanations"]["image_id"] == "c"]
    pd.testing.assert_frame_equal(found, expected.reset_index(drop=True), check_exact=True)
