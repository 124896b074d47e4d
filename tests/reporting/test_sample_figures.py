"""The sheet of sample images."""

import numpy as np

from dermaflow.reporting.sample_figures import draw_samples


def test_each_image_is_shown_once_in_its_classs_row():
    images = {
        "mel": np.full((3, 8, 8, 3), 10, np.uint8),
        "xyz": np.full((1, 8, 8, 3), 200, np.uint8),
        "df": np.empty((0, 8, 8, 3), np.uint8),
    }
    figure = draw_samples(images, {"mel": 1234, "xyz": 1, "df": 0})
    shown = [axes.get_images()[0].get_array() for axes in figure.axes if axes.get_images()]
    assert [int(image.max()) for image in shown] == [10, 10, 10, 200]
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert texts == ["Melanoma\n1,234 images", "xyz\n1 images", "Dermatofibroma\n0 images"]
