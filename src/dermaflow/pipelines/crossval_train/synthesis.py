"""Synthetic training images of a fold, by generators that saw none of its held-out images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dermaflow.datasets.working_folder import WorkingFolder
from dermaflow.ml.data import LabelledImages
from dermaflow.ml.image_store import ImageStore, write_image_store
from dermaflow.params import AugmentParams, DuplicateParams
from dermaflow.pipelines.augment.fitting import fit_missing
from dermaflow.pipelines.augment.nodes import set_copies_aside, synthesise_images
from dermaflow.validation.folds import Fold


@dataclass(frozen=True)
class FoldSynthesis:
    """What the augment stage does, for the sides of a fold.

    Attributes:
        store: of the real images.
        augment: target count and GAN.
        duplicates: how copies of real images are found, which are left out.
        classes: codes.
    """

    store: ImageStore
    augment: AugmentParams
    duplicates: DuplicateParams
    classes: list[str]

    def images(
        self,
        fold: Fold,
        seed: int,
        folder: WorkingFolder,
        log: Callable[[Mapping[str, float], int], None],
    ) -> tuple[LabelledImages, dict[str, Any]]:
        """Fit generators to the fold's training images and fill up its small classes.

        Args:
            fold: its held-out images are looked at for copies alone.
            seed: of the fold.
            folder: where finished generators, which are not fitted again, and the images are kept.
            log: takes the losses.

        Returns:
            The images; and class -> how many there are, of ``synthetic``, and in all how many were
            left out as copies of real ones, ``synthetic_copies``.
        """
        manifest, augment = fold.manifest, self.augment
        generators, _ = fit_missing(manifest, self.store, augment, self.classes, seed, folder, log)
        batch, table = synthesise_images(generators, manifest, self.store, augment, seed)
        write_image_store(folder.path / "store", batch)
        store = ImageStore(folder.path / "store")
        kept, copies = set_copies_aside(manifest, self.store, table, store, self.duplicates, seed)
        counts = kept["label"].value_counts()
        facts = {
            "synthetic": {code: int(counts[code]) for code in self.classes if code in counts},
            "synthetic_copies": int(copies["image_a"].nunique()),
        }
        return LabelledImages.from_table(store, kept, self.classes), facts
