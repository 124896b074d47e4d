"""Scoring a registered model afresh on images that it has not been tested on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd

from dermaflow.errors import RegistryError, WeightsError
from dermaflow.registry.evidence import hide_name
from dermaflow.registry.model_files import WEIGHTS_FOLDER
from dermaflow.schema import probability_columns

Opponent = Literal["holder", "first_champion"]


class Rescore(Protocol):
    """Scores one of the versions that a candidate is held against."""

    def __call__(self, who: Opponent, content: Sequence[str]) -> pd.DataFrame:
        """Score images.

        Args:
            who: the version.
            content: of each image, as in the evidence's table.

        Returns:
            ``p_<class>`` (float64), with ``content`` as index, in its order.

        Raises:
            RegistryError: the images or the version cannot be had; the text says what is missing.
        """
        ...


@dataclass(frozen=True)
class ImagePlaces:
    """Where an environment keeps its images.

    Attributes:
        manifest: which tells an image's name from its content.
        image_store: holds its pixels by name.
    """

    manifest: Path
    image_store: Path

    @classmethod
    def read(cls, catalog: Mapping[str, Mapping[str, Any]], root: Path) -> ImagePlaces:
        """From the catalog's configuration.

        Args:
            catalog: of the environment.
            root: of the project.
        """
        manifest, store = (catalog[name]["filepath"] for name in ("manifest", "image_store"))
        return cls(root / manifest, root / store)


@dataclass(frozen=True)
class StoreRescore:
    """Scores by an environment's own image store, as the evaluate stage does.

    Attributes:
        folders: of the versions, as MLflow saved them and checked against their digest.
        images: of the environment.
        batch_size: images that pass the network together.
    """

    folders: Mapping[Opponent, Path]
    images: ImagePlaces
    batch_size: int

    def __call__(self, who: Opponent, content: Sequence[str]) -> pd.DataFrame:
        """See ``Rescore``."""
        if who not in self.folders:
            raise RegistryError(f"the files of the {who.replace('_', ' ')} are not at hand")
        names = self._find_images(content)
        try:
            return self._score(self.folders[who], names).set_axis(list(content))
        except (OSError, ValueError, WeightsError) as error:
            raise RegistryError(f"it cannot be scored here: {error}") from error

    def _find_images(self, content: Sequence[str]) -> list[str]:
        """Name of each image in the store."""
        for path in (self.images.manifest, self.images.image_store):
            if not path.exists():
                raise RegistryError(f"{path} is missing; run the ingest and validate stages")
        manifest = pd.read_parquet(self.images.manifest, columns=["image_id", "sha256"])
        known = dict(zip(manifest["sha256"].map(hide_name), manifest["image_id"], strict=True))
        missing = sum(one not in known for one in content)
        if missing:
            raise RegistryError(
                f"{missing} of {len(content)} images are not in {self.images.manifest}: restore "
                "the data that the candidate was tested on (`kedro restore`)"
            )
        return [known[one] for one in content]

    def _score(self, folder: Path, names: list[str]) -> pd.DataFrame:
        # Here, since torch takes seconds to import and most promotions need none.
        import json

        from dermaflow.data.images.image_store import ImageStore
        from dermaflow.data.images.read_batches import read_batches
        from dermaflow.ml.evaluation.decision_rule import RULE_FILE, DecisionRule
        from dermaflow.ml.models.classifier import load_classifier
        from dermaflow.ml.models.predict import predict
        from dermaflow.ml.models.weights import load_weights, weights_digest
        from dermaflow.ml.runtime import detect_runtime

        weights_folder = folder / WEIGHTS_FOLDER
        weights, store = load_weights(weights_folder), ImageStore(self.images.image_store)
        rule_text = (weights_folder / RULE_FILE).read_text(encoding="utf-8")
        rule = DecisionRule.from_dict(json.loads(rule_text))
        rule.require_same(weights_digest(weights))
        runtime = detect_runtime()
        network = load_classifier(weights, runtime.device)
        size = (network.preprocess.height, network.preprocess.width)
        if size != store.shape[:2]:
            raise RegistryError(
                f"it was trained on images of {size} pixels, but {self.images.image_store} holds "
                f"{store.shape[:2]}"
            )
        batches = read_batches(store, names, self.batch_size, "Score")
        logits = predict(network, batches, runtime, rule.views)
        classes = list(network.classes)
        probabilities = rule.probabilities(logits, classes).astype(np.float64)
        return pd.DataFrame(probabilities, columns=probability_columns(classes))
