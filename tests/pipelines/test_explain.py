import io

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
from dermaflow.pipelines.stage_pipeline import stage_pipeline
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


def run_stage(inputs, folder):
    pipeline = stage_pipeline("explain")
    assert pipeline.inputs() == set(inputs)
    catalog = DataCatalog(
        {name: MemoryDataset(value, copy_mode="assign") for name, value in inputs.items()}
        | {
            "explained_images": ParquetDataset(filepath=str(folder / "images.parquet")),
            "explanation_maps": WeightsDataset(filepath=str(folder / "maps")),
            "explanations": ParquetDataset(filepath=str(folder / "explanations.parquet")),
            "explanation_figures": MemoryDataset(copy_mode="assign"),
        }
    )
    SequentialRunner().run(pipeline, catalog)
    return {name: catalog.load(name) for name in pipeline.all_outputs()}


@pytest.fixture(scope="module")
def outputs(inputs, tmp_path_factory):
    return run_stage(inputs, tmp_path_factory.mktemp("first"))


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


def test_figures_are_named_in_reading_order_and_safely(outputs):
    figures = outputs["explanation_figures"]
    assert list(figures) == [
        "00_overview.png",
        "01_bcc_as_bcc_a_1.png",
        "02_bcc_as_mel_b.png",
        "03_mel_as_mel_c.png",
    ]
    for figure in figures.values():
        figure.savefig(io.BytesIO(), format="png")


def test_the_same_seed_gives_the_same_bits(inputs, outputs, tmp_path):
    again = run_stage(inputs, tmp_path)
    first, second = outputs["explanation_maps"], again["explanation_maps"]
    assert first.config == second.config
    for name, tensor in first.tensors.items():
        assert torch.equal(tensor, second.tensors[name])
    pd.testing.assert_frame_equal(outputs["explanations"], again["explanations"], check_exact=True)
