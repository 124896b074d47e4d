"""A training small enough to see through, and quick enough to be done a hundred times."""

import numpy as np
import pandas as pd
import torch
from torch import nn

from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.ml.runtime import detect_runtime
from dermaflow.ml.training.batches import BatchDataset, LabelledImages
from dermaflow.ml.training.fit import fit_classifier
from ml.recipes import make_params

PARAMS = make_params(augmentation={"max_degrees": 10}, checkpoint_seconds=0, timeout_seconds=60)
CLASSES = ["bright", "dark"]
RUNTIME = detect_runtime("fp32")
PREPROCESS = Preprocess(height=16, width=16)


class Small(nn.Module):
    """A backbone with batch norm and a head, named as ResNet names them."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, stride=2, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.fc = nn.Linear(4, len(CLASSES))

    def forward(self, images):
        return self.fc(torch.relu(self.bn1(self.conv1(images))).mean(dim=(2, 3)))


def small_network():
    torch.manual_seed(0)
    return Small()


def make_sets(folder):
    """Training and validation images whose class is their brightness."""
    random = np.random.default_rng(0)
    labels = [CLASSES[number % 2] for number in range(96)]
    levels = {"bright": 170, "dark": 80}
    images = (
        StoredImage(f"x{i}", random.normal(levels[label], 25, (16, 16, 3)).astype(np.uint8))
        for i, label in enumerate(labels)
    )
    write_image_store(folder / "store", ImageBatch(images, (16, 16, 3)))
    return open_sets(folder)


def open_sets(folder):
    """What ``make_sets`` has made."""
    store = ImageStore(folder / "store")
    labels = [CLASSES[number % 2] for number in range(96)]
    table = pd.DataFrame({"image_id": [f"x{i}" for i in range(96)], "label": labels})
    train = LabelledImages.from_table(store, table[:64], CLASSES)
    return train, LabelledImages.from_table(store, table[64:], CLASSES)


def ignore(metrics, step):
    pass


def fit(sets, params=PARAMS, network=None, frozen=(), log=ignore, seed=1, **others):
    train, val = sets
    return fit_classifier(
        network=network or small_network(),
        frozen=list(frozen),
        train=BatchDataset([train]),
        val=val,
        preprocess=PREPROCESS,
        params=params,
        runtime=RUNTIME,
        seed=seed,
        log=log,
        **others,
    )
