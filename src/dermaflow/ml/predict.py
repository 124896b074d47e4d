"""Class probabilities for many images at bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from dermaflow.ml.classifier import Classifier
from dermaflow.ml.image_store import ImageStore
from dermaflow.ml.runtime import Runtime


def predict_batch(
    classifier: Classifier, pixels: NDArray[np.uint8], runtime: Runtime
) -> NDArray[np.float32]:
    """Probabilities, float32 (N, classes) in [0, 1], of uint8 images (N, H, W, 3)."""
    with torch.inference_mode(), runtime.autocast():
        images = torch.from_numpy(pixels).to(runtime.device)
        logits = classifier.network(classifier.preprocess.to_input(images))
        probabilities: NDArray[np.float32] = logits.float().softmax(1).cpu().numpy()
    return probabilities


def predict(
    classifier: Classifier, batches: Iterable[NDArray[np.uint8]], runtime: Runtime
) -> NDArray[np.float32]:
    """``predict_batch`` over batches, joined: float32 (N, classes)."""
    parts = [predict_batch(classifier, pixels, runtime) for pixels in batches]
    return np.concatenate(parts) if parts else np.empty((0, len(classifier.classes)), np.float32)


def read_batches(
    store: ImageStore, image_ids: list[str], batch_size: int, title: str
) -> Iterator[NDArray[np.uint8]]:
    """Pixels of the given images a batch at a time, behind a progress bar."""
    rows = store.rows(image_ids)
    with tqdm(total=len(rows), desc=title, unit="img") as progress:
        for start in range(0, len(rows), batch_size):
            pixels = store.take(rows[start : start + batch_size])
            yield pixels
            progress.update(len(pixels))
