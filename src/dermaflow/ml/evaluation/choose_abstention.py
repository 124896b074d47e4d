"""Choosing on validation images when the model abstains."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermaflow.ml.evaluation.abstention import (
    BLANK,
    BLURRED,
    CONFIDENCE,
    DISTANCE,
    NOISE,
    NOT_SKIN,
    OBSERVED,
    OUT_OF_DISTRIBUTION,
    PICTURE_MEASURES,
    UNCERTAIN,
    Abstention,
    Check,
)
from dermaflow.ml.evaluation.decision_rule import DecisionRule
from dermaflow.ml.evaluation.feature_space import FeatureSpace
from dermaflow.params.evaluate import AbstentionParams, EvaluateParams
from dermaflow.schema import logit_columns

# A limit leaves so much of itself as room beyond the image that sets it. A distance in bfloat16 and
# that of the same image in float32 differ by up to 1.3 %, and a model may be evaluated in the one
# and served in the other. The size of a batch changes it by far less.
MARGIN = 0.02

# Reason, measure, and the sign by which a value too small is refused: -1 refuses one too large.
_UNREADABLE = (
    (BLANK, "contrast", 1),
    (BLURRED, "sharpness", 1),
    (NOISE, "sharpness", -1),
    (NOT_SKIN, "redness", 1),
    (NOT_SKIN, "redness", -1),
    (NOT_SKIN, "yellowness", 1),
    (NOT_SKIN, "yellowness", -1),
)


class Seen(NamedTuple):
    """What a rule is chosen on: measure -> values (N,)."""

    validation: Mapping[str, NDArray[Any]]
    training: Mapping[str, NDArray[Any]]  # pictures' measures alone; a network fits its training


def choose_abstention(
    seen: Seen, params: AbstentionParams, feature_space: str | None
) -> dict[str, Any]:
    """Limits that refuse at most the shares in conf of the validation images.

    What is measured of pixels has limits from validation and training images; the share is divided
    among them, so that together they keep it. An image outside is refused.

    Args:
        seen: the distance, where there is a feature space, and all other measures.
        params: shares; None leaves a part out.
        feature_space: digest of the space of the distances.

    Returns:
        What ``Abstention.from_dict`` reads, JSON-ready.
    """
    checks: list[Check] = []
    if params.unreadable is not None:
        share = params.unreadable / len(_UNREADABLE)
        for reason, measure, sign in _UNREADABLE:
            pools = [side[measure] for side in seen if len(side.get(measure, ()))]
            checks.append(_limit(reason, measure, sign, pools, share))
    with_distance = params.out_of_distribution is not None and feature_space is not None
    if params.out_of_distribution is not None and with_distance:
        pools = [seen.validation[DISTANCE]]
        share = params.out_of_distribution
        checks.append(_limit(OUT_OF_DISTRIBUTION, DISTANCE, -1, pools, share))
    if params.uncertain is not None:
        pools = [seen.validation[CONFIDENCE]]
        checks.append(_limit(UNCERTAIN, CONFIDENCE, 1, pools, params.uncertain))
    space = feature_space if with_distance else None
    return _to_json(Abstention(tuple(checks), space))


def abstain_by(
    val: pd.DataFrame,
    feature_space: Mapping[str, NDArray[np.float32]],
    rule: DecisionRule,
    classes: list[str],
    evaluate: EvaluateParams,
) -> dict[str, Any] | None:
    """Choose on validation rows when a rule abstains; see ``choose_abstention``.

    Args:
        val: rows of ``logits``.
        feature_space: see ``describe_training_images``.
        rule: whose probabilities count.
        classes: of the logits.
        evaluate: its ``abstention``; of None there is none.
    """
    if evaluate.abstention is None:
        return None
    probabilities = rule.probabilities(val[logit_columns(classes)].to_numpy(np.float32), classes)
    validation = {name: val[name].to_numpy() for name in OBSERVED if name in val}
    training = {name: feature_space[name] for name in PICTURE_MEASURES if name in feature_space}
    seen = Seen(validation | {CONFIDENCE: probabilities.max(1)}, training)
    digest = FeatureSpace.from_arrays(feature_space).digest() if feature_space else None
    return choose_abstention(seen, evaluate.abstention, digest)


def lowest_kept(values: NDArray[np.float64], share: float) -> float:
    """The smallest value that is kept where at most ``share`` of the values are refused."""
    return float(np.sort(values)[math.floor(share * len(values))])


def _limit(reason: str, measure: str, sign: int, pools: list[NDArray[Any]], share: float) -> Check:
    """The limit that is laxest of those that each pool asks for, with ``MARGIN``."""
    kept = min(lowest_kept(sign * pool.astype(np.float64), share) for pool in pools)
    limit = sign * (kept - MARGIN * abs(kept))
    return Check(reason, measure, low=limit) if sign > 0 else Check(reason, measure, high=limit)


def _to_json(abstention: Abstention) -> dict[str, Any]:
    return {
        "checks": [vars(check) for check in abstention.checks],
        "feature_space": abstention.feature_space,
    }
