"""Answers for encoded images, on a real network."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from dermaflow.errors import WeightsError
from dermaflow.ml.classifier import build_resnet50, describe
from dermaflow.ml.pixel_modes import ImageError
from dermaflow.ml.preprocess import Preprocess
from dermaflow.ml.weights import Weights, save_weights
from dermaflow.serving.predictor import BATCH_SIZE, Predictor, decode_base64

CLASSES = ["bcc", "mel", "nv"]


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    torch.manual_seed(0)
    network = build_resnet50(len(CLASSES))
    config = describe(CLASSES, Preprocess(height=32, width=32), "torchvision")
    folder = tmp_path_factory.mktemp("model") / "weights"
    save_weights(folder, Weights(dict(network.state_dict()), config))
    return Predictor(folder)


def encoded(value, kind="PNG"):
    buffer = io.BytesIO()
    Image.new("RGB", (48, 48), (value, value // 2, 90)).save(buffer, kind)
    return base64.b64encode(buffer.getvalue()).decode()


def test_a_row_an_image_in_order_across_batches(predictor):
    images = [encoded(value) for value in range(BATCH_SIZE + 3)]
    table = predictor.predict(images)
    assert list(table.columns) == ["label", "p_bcc", "p_mel", "p_nv"]
    alone = predictor.predict([images[-1]])
    np.testing.assert_allclose(
        table.iloc[-1, 1:].astype(float), alone.iloc[0, 1:].astype(float), atol=0.02
    )
    probabilities = table.iloc[:, 1:].to_numpy(float)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert table["label"].tolist() == [CLASSES[i] for i in probabilities.argmax(axis=1)]


def test_no_image_no_rows(predictor):
    table = predictor.predict([])
    assert len(table) == 0
    assert "p_mel" in table.columns


@pytest.mark.parametrize("bad", [None, 7, "no base64!", base64.b64encode(b"letter").decode()])
def test_what_is_no_image_is_told_by_its_place_alone(predictor, bad):
    with pytest.raises(ImageError) as caught:
        predictor.predict([encoded(1), bad, encoded(2)])
    assert str(caught.value).startswith("image 2 of 3: not a ")
    assert caught.value.__suppress_context__


def test_line_breaks_and_data_urls_are_understood():
    text = base64.encodebytes(b"x" * 100).decode()
    assert "\n" in text
    assert decode_base64(text) == b"x" * 100
    assert decode_base64(f"data:image/png;base64,{text}") == b"x" * 100


def test_a_folder_without_weights_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="does not exist"):
        Predictor(tmp_path)
