"""Synthetic training images of a fold, by generators that saw none of its held-out images."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dermaflow.data.images.image_store import ImageStore, write_image_store
from dermaflow.experiments.crossval.folds import Fold
from dermaflow.ml.synthesis.fill_classes import fit_missing, set_copies_aside, synthesise_images
from dermaflow.ml.training.batches import LabelledImages
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.params.augment import AugmentParams
from dermaflow.params.duplicates import DuplicateParams


@dataclass(frozen=True)
class Synthetic:
    """What was added to a fold's training images.

    Attributes:
        images: of the fold's small classes.
        facts: for JSON: ``synthetic``, class -> number of images, and ``synthetic_copies``, how
            many more were left out as copies of real ones.
        digest: of which images they are and of the generators that drew them.
    """

    images: LabelledImages
    facts: dict[str, Any]
    digest: str


@dataclass(frozen=True)
class FoldSynthesis:
    """What the augment stage does, for the sides of a fold.

    Attributes:
        store: of the real images.
        features: of the real images, as ingest found them.
        augment: target count and GAN.
        duplicates: how copies of real images are found, which are left out.
        classes: codes.
    """

    store: ImageStore
    features: ImageStore
    augment: AugmentParams
    duplicates: DuplicateParams
    classes: list[str]

    def draw(
        self,
        fold: Fold,
        seed: int,
        folder: WorkingFolder,
        log: Callable[[Mapping[str, float], int], None],
    ) -> Synthetic:
        """Fit generators to the fold's training images and fill up its small classes.

        Args:
            fold: its held-out images are looked at for copies alone.
            seed: of the fold.
            folder: where finished generators, which are not fitted again, and the images are kept.
            log: takes the losses.
        """
        manifest, augment = fold.manifest, self.augment
        kept = WorkingFolder(folder.path / "generators", folder.made_from)
        generators, _ = fit_missing(manifest, self.store, augment, self.classes, seed, kept, log)
        batch, table = synthesise_images(generators, manifest, self.store, augment, seed)
        write_image_store(folder.path / "images", batch)
        store = ImageStore(folder.path / "images")
        table, copies = set_copies_aside(
            manifest, self.features, table, store, self.duplicates, seed
        )
        counts = table["label"].value_counts()
        facts = {
            "synthetic": {code: int(counts[code]) for code in self.classes if code in counts},
            "synthetic_copies": int(copies["image_a"].nunique()),
        }
        told = table[["image_id", "generator"]].to_csv(index=False)
        return Synthetic(
            LabelledImages.from_table(store, table, self.classes),
            facts,
            hashlib.sha256(told.encode()).hexdigest(),
        )
