"""Synthetic images of the classes that are too small, whatever they are for."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage
from dermaflow.data.version import version_of
from dermaflow.io.progress import Progress
from dermaflow.io.seeding import numpy_generator
from dermaflow.ml.models.weights import Weights
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.params.augment import AugmentParams
from dermaflow.params.duplicates import DuplicateParams
from dermaflow.schema import SYNTHETIC_COLUMNS

logger = logging.getLogger(__name__)

PRECISION: Final = "fp32"  # of the GANs

GENERATE_BATCH = 64


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
        checkpoints: where finished classes are kept, which are not fitted again; a folder each.
        log: see ``fit_dcgan``.

    Returns:
        As ``fit_generators``.
    """
    from dermaflow.ml.runtime import detect_runtime
    from dermaflow.ml.synthesis.dcgan import fit_dcgan, keep_gan, kept_gan
    from dermaflow.ml.training.checkpoints import Checkpoints

    train = manifest[manifest["split"] == "train"]
    missing = missing_counts(train, augment, classes)
    runtime = detect_runtime(PRECISION)
    tensors: dict[str, Any] = {}
    grids: dict[str, NDArray[np.uint8]] = {}
    fitted: dict[str, Any] = {}
    with Progress(total=augment.dcgan.steps * len(missing), unit="step") as progress:
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
    picture_features: ImageStore,
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
    from dermaflow.data.duplicates.finder import find_pairs_between
    from dermaflow.data.duplicates.picture_features import detected_features, stored_features

    real = manifest[manifest["label"].isin(generated_manifest["label"])]
    pairs = find_pairs_between(
        detected_features(synthetic_store, generated_manifest["image_id"], picture_features),
        stored_features(picture_features, real["image_id"]),
        duplicates,
        numpy_generator(seed, "synthesis", "duplicates"),
    )
    for column in ("label", "split"):
        pairs[column] = pairs["image_b"].map(real.set_index("image_id")[column])
    is_copy = generated_manifest["image_id"].isin(pairs["image_a"])
    if is_copy.any():
        logger.warning("%d synthetic images show a real lesion and are left out", is_copy.sum())
    return generated_manifest[~is_copy].reset_index(drop=True), pairs


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


def _generate_all(
    generators: Weights,
    missing: dict[str, int],
    augment: AugmentParams,
    shape: tuple[int, int, int],
    seed: int,
) -> Iterator[StoredImage]:
    import torch

    from dermaflow.ml.runtime import torch_generator
    from dermaflow.ml.synthesis.dcgan import build_generator, generate, to_shape

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
