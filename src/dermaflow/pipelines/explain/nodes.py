"""Nodes of the explain stage: what the classifier looked at in chosen test images."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from dermaflow.data.images.image_store import ImageStore
from dermaflow.data.images.masks import read_mask
from dermaflow.io.progress import Progress
from dermaflow.ml.models.weights import Weights
from dermaflow.params.explain import ExplainParams

# Small differences of probability are what is explained, and bfloat16 keeps three digits.
PRECISION: Final = "fp32"


def explain_images(
    explained_images: pd.DataFrame,
    image_store: ImageStore,
    classifier: Weights,
    decision_rule: dict[str, Any],
    explain: ExplainParams,
    seed: int,
) -> Weights:
    """LIME and SHAP maps of the predicted class.

    Returns:
        ``lime/<image_id>`` and ``shap/<image_id>``, float32 (H, W), in probability; beside them
        the settings, and each method's notes on each image.
    """
    import torch

    from dermaflow.io.seeding import derive_seed
    from dermaflow.ml.evaluation.decision_rule import DecisionRule
    from dermaflow.ml.explanation.methods import METHODS
    from dermaflow.ml.explanation.relevance import blur, class_probability
    from dermaflow.ml.models.classifier import load_classifier
    from dermaflow.ml.runtime import detect_runtime

    runtime = detect_runtime(PRECISION)
    model = load_classifier(classifier, runtime.device)
    rule = DecisionRule.from_dict(decision_rule)
    tensors: dict[str, Any] = {}
    notes: dict[str, dict[str, dict[str, float]]] = {}
    for row in Progress(list(explained_images.itertuples()), desc="LIME and SHAP", unit="img"):
        pixels = image_store.read([row.image_id])[0]
        hidden = blur(pixels, explain.blur)
        score = class_probability(model, rule, row.predicted, runtime, explain.batch_size)
        maps = {
            name: method(
                score, pixels, hidden, explain, derive_seed(seed, "explain", name, row.image_id)
            )
            for name, method in METHODS.items()
        }
        notes[row.image_id] = {method: found.notes for method, found in maps.items()}
        for method, found in maps.items():
            tensors[f"{method}/{row.image_id}"] = torch.from_numpy(found.relevance)
    return Weights(tensors, {"seed": seed, "settings": explain.model_dump(), "notes": notes})


def measure_explanations(
    explained_images: pd.DataFrame,
    explanation_maps: Weights,
    mask_store: ImageStore,
    image_store: ImageStore,
    classifier: Weights,
    decision_rule: dict[str, Any],
    explain: ExplainParams,
    seed: int,
) -> pd.DataFrame:
    """How far each map keeps to the lesion, and whether the network uses what it points at.

    Returns:
        A row an image and method: the columns of ``explained_images``; method; mask_share, the
        lesion's share of the image; relevance_inside, the share of the positive relevance that
        lies in it; lift, the second by the first (all three missing without a mask); deletion,
        the mean probability while the most relevant pixels are blurred first; deletion_shifted,
        the same for the map moved to random places; fit, R² of LIME's linear stand-in.
    """
    from dermaflow.io.seeding import numpy_generator
    from dermaflow.ml.evaluation.decision_rule import DecisionRule
    from dermaflow.ml.explanation.methods import METHODS
    from dermaflow.ml.explanation.relevance import (
        blur,
        class_probability,
        compare_deletion,
        share_inside,
    )
    from dermaflow.ml.models.classifier import load_classifier
    from dermaflow.ml.runtime import detect_runtime

    runtime = detect_runtime(PRECISION)
    model = load_classifier(classifier, runtime.device)
    rule = DecisionRule.from_dict(decision_rule)
    rows = []
    for row in Progress(explained_images.to_dict("records"), desc="measuring maps", unit="img"):
        image_id = row["image_id"]
        pixels = image_store.read([image_id])[0]
        hidden = blur(pixels, explain.blur)
        score = class_probability(model, rule, row["predicted"], runtime, explain.batch_size)
        inside = read_mask(mask_store, image_id)
        area = np.nan if inside is None else float(inside.mean())
        for method in METHODS:
            relevance = explanation_maps.tensors[f"{method}/{image_id}"].numpy()
            share = np.nan if inside is None else share_inside(relevance, inside)
            rng = numpy_generator(seed, "explain", "shift", method, image_id)
            measures = {
                "method": method,
                "mask_share": area,
                "relevance_inside": share,
                "lift": share / area if area > 0 else np.nan,
                "fit": explanation_maps.config["notes"][image_id][method].get("fit", np.nan),
            }
            rows.append(row | measures | compare_deletion(score, pixels, hidden, relevance, rng))
    return pd.DataFrame(rows)
