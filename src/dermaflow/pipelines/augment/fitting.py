"""Generators for the classes that are too small, whatever they are for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from dermaflow.datasets.working_folder import WorkingFolder
from dermaflow.ml.image_store import ImageStore
from dermaflow.ml.weights import Weights
from dermaflow.params import AugmentParams
from dermaflow.validation.lineage import version_of

logger = logging.getLogger(__name__)

PRECISION: Final = "fp32"  # of the GANs


def fit_missing(
    manifest: pd.DataFrame,
    image_store: ImageStore,
    augment: AugmentParams,
    classes: list[str],
    seed: int,
    checkpoints: WorkingFolder,
    log: Callable[[Mapping[str, float], int], None],
) -> tuple[Weights, dict[str, NDArray[np.uint8]]]:
    """Fit a generator to the training images of each class that is below its target count.

    Args:
        manifest: its rows of the split ``train`` are seen, no others.
        image_store: of their pixels.
        augment: target count and GAN.
        classes: codes.
        seed: of weights and noise.
        checkpoints: where finished classes are kept, which are not fitted again.
        log: see ``fit_dcgan``.

    Returns:
        As ``fit_generators``.
    """
    from dermaflow.ml.checkpoints import Checkpoints
    from dermaflow.ml.gan import fit_dcgan, keep_gan, kept_gan
    from dermaflow.ml.runtime import detect_runtime

    train = manifest[manifest["split"] == "train"]
    missing = missing_counts(train, augment, classes)
    runtime = detect_runtime(PRECISION)
    tensors: dict[str, Any] = {}
    grids: dict[str, NDArray[np.uint8]] = {}
    fitted: dict[str, Any] = {}
    with tqdm(total=augment.dcgan.steps * len(missing), unit="step") as progress:
        for code in missing:
            progress.set_description(f"dcgan {code}")
            images = image_store.read(train.loc[train["label"] == code, "image_id"].tolist())
            made_from = {**checkpoints.made_from, "class": code, "precision": runtime.name}
            kept = Checkpoints(checkpoints.path / code, made_from)
            gan = kept_gan(kept)
            if gan:
                logger.info("The generator of %s is fitted already", code)
                progress.update(augment.dcgan.steps)
            else:
                gan = fit_dcgan(
                    images, augment.dcgan, runtime, seed, code, log, advance=progress.update
                )
                keep_gan(kept, gan, augment.dcgan.steps)
            tensors |= {f"{code}/{name}": tensor for name, tensor in gan.tensors.items()}
            grids[code] = gan.grid
            fitted[code] = {"real_images": len(images), "losses": gan.history[-1:]}
    config = {
        "kind": augment.strategy,
        "classes": fitted,
        "missing": missing,
        "seed": seed,
        "data_version": version_of(manifest),
    }
    return Weights(tensors, config), grids


def missing_counts(
    train: pd.DataFrame, augment: AugmentParams, classes: list[str]
) -> dict[str, int]:
    """How many images each class lacks to its target; classes too small for a GAN are left out."""
    if augment.strategy == "none":
        return {}
    counts = train["label"].value_counts()
    small = [code for code in classes if counts.get(code, 0) < augment.min_real]
    if small:
        logger.warning(
            "No GAN for %s: fewer than augment.min_real = %d training images",
            ", ".join(small),
            augment.min_real,
        )
    return {
        code: augment.target_count - int(counts[code])
        for code in classes
        if augment.min_real <= counts.get(code, 0) < augment.target_count
    }
