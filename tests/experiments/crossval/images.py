"""A small manifest of two folds, and a store of its pictures."""

import numpy as np
import pandas as pd

from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store

CLASSES = ["mel", "nv"]
IMAGES = 20
PICTURES = np.random.default_rng(0).integers(0, 256, (IMAGES, 32, 32, 3), dtype=np.uint8)


def write_store(pictures, folder):
    images = (StoredImage(f"i{number}", picture) for number, picture in enumerate(pictures))
    write_image_store(folder, ImageBatch(images, (32, 32, 3)))
    return ImageStore(folder)


def make_manifest():
    """Two folds of ten lesions each, and an external image that has no part in it."""
    number = np.arange(IMAGES)
    table = pd.DataFrame(
        {
            "image_id": [f"i{n}" for n in number],
            "lesion_id": [f"l{n}" for n in number],
            "patient_id": None,
            "sha256": [f"{n}" for n in number],
            "source": "drawn",
            "label": np.array(CLASSES)[number % 2],
            "split": np.array(["train", "val", "test"])[number % 3],
            "fold": number // 2 % 2 + 1,
        }
    )
    outside = table.tail(1).assign(image_id="x", lesion_id="x", sha256="x", split="external")
    table = pd.concat([table, outside.assign(fold=0)], ignore_index=True)
    return table.assign(group_id=table["lesion_id"], data_version="v1")
