"""Nodes of the augment stage: a DCGAN for each minority class, fitted on training rows only."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dermaflow.datasets.working_folder import WorkingFolder
from dermaflow.ml.image_store import ImageBatch, ImageStore, StoredImage
from dermaflow.ml.seeding import numpy_generator
from dermaflow.ml.weights import Weights
from dermaflow.params import AugmentParams, DuplicateParams
from dermaflow.pipelines.augment.fitting import fit_missing
from dermaflow.schema import SYNTHETIC_COLUMNS
from dermaflow.tracking.sink import current_sink

logger = logging.getLogger(__name__)

GENERATE_BATCH = 64


def fit_generators(
    manifest: pd.DataFrame,
    image_store: ImageStore,
    augment: AugmentParams,
    classes: list[str],
    seed: int,
    checkpoints: WorkingFolder,
) -> tuple[Weights, dict[str, NDArray[np.uint8]]]:
    """Fit a generator for every class that is below its target count.

    Classes that an interrupted run of the same has finished are not fitted again.

    Returns:
        The averaged generators, keys ``<class>/<tensor>``, and their progress grids, uint8
        (rows, columns, S, S, 3) a class. Both are empty where nothing is to be filled up.
    """
    log = current_sink().log
    return fit_missing(manifest, image_store, augment, classes, seed, checkpoints, log)


def synthesise_images(
    generators: Weights,
    manifest: pd.DataFrame,
    image_store: ImageStore,
    augment: AugmentParams,
    seed: int,
) -> tuple[ImageBatch, pd.DataFrame]:
    """Draw the missing images of each class from its generator.

    Returns:
        The synthetic store's images, and one row an image with its provenance.
    """
    missing: dict[str, int] = generators.config["missing"]
    records = [
        {
            "image_id": f"SYN_{code}_{number:05d}",
            "label": code,
            "split": "train",
            "source": augment.strategy,
            "generator": _fingerprint(generators, code),
            "real_images": generators.config["classes"][code]["real_images"],
            "noise_index": number,
            "data_version": generators.config["data_version"],
        }
        for code, count in missing.items()
        for number in range(count)
    ]
    table = pd.DataFrame.from_records(records, columns=list(SYNTHETIC_COLUMNS))
    images = _generate_all(generators, missing, augment, image_store.shape, seed)
    return ImageBatch(images, image_store.shape, image_store.shard_images), table


def set_copies_aside(
    manifest: pd.DataFrame,
    image_store: ImageStore,
    generated_manifest: pd.DataFrame,
    synthetic_store: ImageStore,
    duplicates: DuplicateParams,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep out of training what shows a real lesion again.

    A generator that has learnt a picture by heart adds nothing; and where the picture tests, it
    would give the answer away. Real images of the generated classes are compared, of all splits.

    Returns:
        The generated rows that are no copies, and a row a pair (``image_a`` synthetic, ``image_b``
        real) with ``label``, the real image's ``split``, and how they lie over one another.
    """
    from dermaflow.duplicates.finder import find_pairs_between

    real = manifest[manifest["label"].isin(generated_manifest["label"])]
    pairs = find_pairs_between(
        (synthetic_store, generated_manifest["image_id"].tolist()),
        (image_store, real["image_id"].tolist()),
        duplicates,
        numpy_generator(seed, "synthesis", "duplicates"),
    )
    for column in ("label", "split"):
        pairs[column] = pairs["image_b"].map(real.set_index("image_id")[column])
    is_copy = generated_manifest["image_id"].isin(pairs["image_a"])
    if is_copy.any():
        logger.warning("%d synthetic images show a real lesion and are left out", is_copy.sum())
    return generated_manifest[~is_copy].reset_index(drop=True), pairs


def measure_synthesis(
    manifest: pd.DataFrame,
    image_store: ImageStore,
    synthetic_manifest: pd.DataFrame,
    synthetic_store: ImageStore,
    synthetic_copies: pd.DataFrame,
) -> dict[str, Any]:
    """Counts, diversity and closeness to training images of each synthetic class."""
    from dermaflow.ml.synthesis_quality import compare_sets

    train = manifest[manifest["split"] == "train"]
    report: dict[str, Any] = {"classes": {}}
    for code, rows in synthetic_manifest.groupby("label"):
        real = image_store.read(train.loc[train["label"] == code, "image_id"].tolist())
        synthetic = synthetic_store.read(rows["image_id"].tolist())
        report["classes"][code] = {
            "real": len(real),
            "synthetic": len(synthetic),
            **compare_sets(real, synthetic),
        }
    report["synthetic"] = len(synthetic_manifest)
    report["copies_of_real"] = int(synthetic_copies["image_a"].nunique())
    return report


def draw_synthesis(
    manifest: pd.DataFrame,
    image_store: ImageStore,
    synthetic_manifest: pd.DataFrame,
    synthetic_store: ImageStore,
    gan_grids: dict[str, NDArray[np.uint8]],
) -> dict[str, Figure]:
    """Real beside synthetic images of each class, and each generator's progress."""
    from dermaflow.reporting.synthesis import draw_class_counts, draw_progress, draw_side_by_side

    train = manifest[manifest["split"] == "train"]
    figures = {"00_class_counts.png": draw_class_counts(train, synthetic_manifest)}
    for code, rows in synthetic_manifest.groupby("label"):
        real_ids = train.loc[train["label"] == code, "image_id"].head(12).tolist()
        synthetic_ids = rows["image_id"].head(12).tolist()
        figures[f"{code}_real_and_synthetic.png"] = draw_side_by_side(
            str(code), image_store.read(real_ids), synthetic_store.read(synthetic_ids)
        )
    for code, grid in gan_grids.items():
        figures[f"{code}_progress.png"] = draw_progress(code, grid)
    return figures


def _generate_all(
    generators: Weights,
    missing: dict[str, int],
    augment: AugmentParams,
    shape: tuple[int, int, int],
    seed: int,
) -> Iterator[StoredImage]:
    import torch

    from dermaflow.ml.gan import build_generator, generate, to_shape
    from dermaflow.ml.runtime import torch_generator

    for code, count in missing.items():
        prefix = f"{code}/"
        own = {k: v for k, v in generators.tensors.items() if k.startswith(prefix)}
        state = {k.removeprefix(prefix): v for k, v in own.items()}
        network = build_generator(augment.dcgan)
        network.load_state_dict(state)
        random = torch_generator(seed, "synthesis", code)
        noise = torch.randn(count, augment.dcgan.latent, generator=random)
        for start in range(0, count, GENERATE_BATCH):
            images = generate(network, noise[start : start + GENERATE_BATCH])
            for offset, pixels in enumerate(to_shape(images, *shape[:2])):
                yield StoredImage(f"SYN_{code}_{start + offset:05d}", pixels)


def _fingerprint(generators: Weights, code: str) -> str:
    """First 16 hex digits of the SHA-256 of a class's generator weights."""
    digest = hashlib.sha256()
    for name in sorted(generators.tensors):
        if name.startswith(f"{code}/"):
            digest.update(generators.tensors[name].numpy().tobytes())
    return digest.hexdigest()[:16]
