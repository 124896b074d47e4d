"""The sheets of what the network is trained on."""

import numpy as np

from dermaflow.ml.training.recipe_samples import FedBatch
from dermaflow.reporting.batch_figures import draw_batches, draw_operations

CLASSES = ["bkl", "mel", "nv"]
STORED = np.zeros((4, 12, 16, 3), np.uint8)


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_rows_name_moment_size_and_targets():
    targets = np.array([[0, 1, 0], [0.25, 0.75, 0], [0, 0, 1], [0, 0, 1]], np.float32)
    batch = FedBatch(0.25, np.full((4, 6, 8, 3), 9, np.uint8), targets)
    figure = draw_batches(STORED, np.array([0, 1, 2, 2]), [batch], CLASSES)
    assert texts(figure) == [
        *("as stored", "bkl", "mel", "nv", "nv"),
        *("after 25%\n8 x 6", "mel", "mel 0.75\nbkl 0.25", "nv", "nv"),
    ]
    sheets = [axes.get_images()[0].get_array() for axes in figure.axes]
    assert [int(sheet.min()) for sheet in sheets] == [0, 9]


def test_each_operation_has_a_row():
    changed = {"noise": STORED + 1, "erase": STORED + 2}
    figure = draw_operations(STORED, changed)
    assert texts(figure) == ["as stored", "noise", "erase"]
    sheets = [axes.get_images()[0].get_array() for axes in figure.axes]
    assert [int(sheet.min()) for sheet in sheets] == [0, 1, 2]
