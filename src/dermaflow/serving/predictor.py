"""Answers for encoded images; plain Python, whatever serves it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from dermaflow.data.images.pixel_modes import ImageError, Pixels
from dermaflow.errors import WeightsError
from dermaflow.ml.evaluation.decision_rule import RULE_FILE, DecisionRule
from dermaflow.ml.models.classifier import load_classifier
from dermaflow.ml.models.predict import predict
from dermaflow.ml.models.weights import Weights, load_weights, weights_digest
from dermaflow.ml.runtime import detect_runtime
from dermaflow.schema import probability_columns
from dermaflow.serving.columns import LABEL_COLUMN

# Images that pass the network together; bounds the memory of a large request.
BATCH_SIZE = 32


class Predictor:
    """A classifier and its decision rule, read from the folder of weights.

    Args:
        folder: as ``save_weights`` writes it, with the decision rule beside the weights.

    Raises:
        WeightsError: a file is missing, damaged, or does not belong to the others.
    """

    def __init__(self, folder: str | Path) -> None:
        self._runtime = detect_runtime()
        weights = load_weights(folder)
        self._rule = _load_rule(Path(folder) / RULE_FILE, weights)
        self._classifier = load_classifier(weights, self._runtime.device)

    def predict(self, images: Sequence[object]) -> pd.DataFrame:
        """Classify base64-encoded images.

        Returns:
            A row an image: ``label`` (str), ``p_<class>`` (float64, adding up to 1), a column
            (bool) an operating point, and ``in_set_<class>`` (bool) where the rule has sets.

        Raises:
            ImageError: an entry is no image that may be decoded; the text tells its place among
                the images and the reason, and holds nothing of it.
        """
        classes = self._classifier.classes
        logits = predict(self._classifier, self._batches(images), self._runtime, self._rule.views)
        doubles = dict.fromkeys(probability_columns(list(classes)), np.float64)
        answers = self._rule.answer(logits, classes).astype(doubles)
        return answers.rename(columns={"predicted": LABEL_COLUMN})

    def _batches(self, images: Sequence[object]) -> Iterator[Pixels]:
        for start in range(0, len(images), BATCH_SIZE):
            chunk = enumerate(images[start : start + BATCH_SIZE], start + 1)
            yield np.stack([self._decode(number, len(images), image) for number, image in chunk])

    def _decode(self, number: int, count: int, image: object) -> Pixels:
        try:
            return self._classifier.preprocess.decode(decode_base64(image))
        except ImageError as error:
            raise ImageError(f"image {number} of {count}: {error}") from None


def _load_rule(path: Path, weights: Weights) -> DecisionRule:
    try:
        rule = DecisionRule.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise WeightsError(f"decision rule {path} is not readable: {error}") from error
    rule.require_same(weights_digest(weights))
    return rule


def decode_base64(text: object) -> bytes:
    """Bytes of a base64 text, with or without a ``data:`` prefix and line breaks.

    Raises:
        ImageError: it is none.
    """
    if not isinstance(text, str):
        raise ImageError("not a base64 text")
    payload = text.partition(",")[2] if text.startswith("data:") else text
    try:
        return base64.b64decode("".join(payload.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ImageError("not a base64 text") from None
