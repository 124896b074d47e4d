"""A made-up model of made-up test images."""

import numpy as np

from dermaflow_bench.simulated_rivals import Model

CLASSES = ("bcc", "mel", "nv")


def make_model(lesions=150, seed=0):
    """Two images a lesion, a third of the lesions of each class."""
    rng = np.random.default_rng(seed)
    lesion = np.repeat(np.arange(lesions), 2)
    labels = (lesion % 3).astype(np.int64)
    logits = rng.normal(size=(lesions, 3))[lesion] + rng.normal(size=(2 * lesions, 3)) / 3
    return Model(CLASSES, 2 * logits + 1.5 * np.eye(3)[labels], labels, lesion.astype(str).tolist())
