"""Whether a version is no worse than another one, on test lesions that neither was trained on.

The other version's probabilities come from its evidence where it was tested on the same pixels.
Images that are new to it are scored afresh. Labels are the candidate's, which are the newer ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from dermaflow.errors import RegistryError
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.paired_difference import Pairing, Resampling, paired_differences
from dermaflow.params.evaluate import EvaluateParams
from dermaflow.registry.evidence import Evidence
from dermaflow.registry.gates import Check, count_lesions, images_of_part, predictions_of
from dermaflow.registry.rescore import Opponent, Rescore
from dermaflow.schema import EXTERNAL, probability_columns

_TEST = "test"
_IDENTITIES = ("image", "group", "content")  # by any of which a lesion is known again


@dataclass(frozen=True)
class Comparison:
    """What is asked against another version.

    Attributes:
        who: the other version.
        margins: metric -> by how much the candidate may be worse.
        reported: metrics whose difference is shown and decides nothing.
        least: lesions of each class that both are compared on.
    """

    who: Opponent
    margins: Mapping[str, float]
    reported: tuple[str, ...]
    least: int


def test_set_digest(evidence: Evidence) -> str:
    """First 16 hex digits of a SHA-256 of the test images and their labels.

    Each decision records it, so that it can be counted how often a test set has decided.
    """
    rows = images_of_part(evidence, _TEST)[["content", "label"]].sort_values(["content", "label"])
    return hashlib.sha256(rows.to_csv(index=False).encode()).hexdigest()[:16]


def compare_versions(
    candidate: Evidence,
    other: Evidence,
    asked: Comparison,
    evaluate: EvaluateParams,
    rescore: Rescore | None,
) -> list[Check]:
    """Check each margin, and show what is reported.

    Args:
        candidate: the version that is judged.
        other: the one that it is held against.
        asked: what of it.
        evaluate: how intervals are made.
        rescore: scores the other version on images that are new to it; None where nothing can.

    Returns:
        A check a metric, none where no margin is asked; a single one that failed, with the reason,
        where there is no comparison.
    """
    if not asked.margins:
        return []
    try:
        pairing = _pair(candidate, other, asked, rescore)
    except RegistryError as error:
        return [Check(f"{asked.who}_comparable", False, str(error))]
    # The test set seeds the draws, so that a decision made twice is the same one.
    seed = int(test_set_digest(candidate)[:7], 16)
    resampling = Resampling(evaluate.bootstrap_samples, evaluate.confidence, seed)
    differences = paired_differences(pairing, resampling)
    return list(_check_margins(asked, differences, pairing, evaluate.bootstrap_samples))


def _pair(
    candidate: Evidence, other: Evidence, asked: Comparison, rescore: Rescore | None
) -> Pairing:
    """Both versions' predictions. Raises RegistryError with the reason where there is no pair."""
    if set(candidate.classes) != set(other.classes):
        own, others = (", ".join(sorted(one.classes)) for one in (candidate, other))
        raise RegistryError(f"its classes are {others}, those of the candidate {own}")
    tested = images_of_part(candidate, _TEST)
    unseen = tested[~_was_seen(tested, other.images)]
    lesions = count_lesions(unseen, candidate.classes)
    few = [f"{code} {count}" for code, count in lesions.items() if count < asked.least]
    if few or unseen.empty:
        raise RegistryError(
            f"too few test lesions that it was not trained on: {', '.join(few)}; {asked.least} of "
            f"each class asked ({len(unseen)} of {len(tested)} images are left)"
        )
    columns = probability_columns(list(candidate.classes))
    scored = unseen.copy()
    scored[columns] = _probabilities(unseen["content"], other, asked.who, rescore, columns)
    return Pairing(
        predictions_of(scored, candidate.classes), predictions_of(unseen, candidate.classes), 0
    )


def _was_seen(tested: pd.DataFrame, images: pd.DataFrame) -> pd.Series:
    """Whether the lesion of each image was in the other version's training or validation.

    Validation chose its epoch and thresholds. A lesion is known again by the name or the content of
    any of its images, too, since groups are made anew with each version of the data.
    """
    used = images[~images["split"].isin((_TEST, EXTERNAL))]
    known = pd.Series(False, index=tested.index)
    for column in _IDENTITIES:
        known |= tested[column].isin(used[column])
    return tested["group"].isin(tested.loc[known, "group"])


def _probabilities(
    content: pd.Series,
    other: Evidence,
    who: Opponent,
    rescore: Rescore | None,
    columns: list[str],
) -> pd.DataFrame:
    """The other version's probabilities of images, in their order."""
    held_out = other.images[other.images["split"].isin((_TEST, EXTERNAL))]
    stored = held_out.dropna(subset=columns).drop_duplicates("content").set_index("content")
    new = content[~content.isin(stored.index)].unique().tolist()
    known = stored[columns]
    if new:
        text = f"{len(new)} of {content.nunique()} test images are new to it"
        if rescore is None:
            raise RegistryError(f"{text}, and there is nothing here to score them with")
        try:
            known = pd.concat([known, rescore(who, new)[columns]])
        except RegistryError as error:
            raise RegistryError(f"{text}: {error}") from error
    return known.loc[content].set_axis(content.index)


def _check_margins(
    asked: Comparison, differences: Mapping[str, Estimate], pairing: Pairing, samples: int
) -> Iterator[Check]:
    of = f"{len(pairing.first)} images of {pairing.first.count_groups()} lesions"
    for metric, margin in asked.margins.items():
        name, difference = _name(asked.who, metric), differences.get(metric)
        if difference is None or not samples:
            yield Check(name, False, f"no interval of the difference, above {-margin:+.4f} asked")
            continue
        # Without width there is no interval: both versions err alike in each resample.
        low = difference.value if difference.low is None else difference.low
        passed = low > -margin
        found = f"{_tell(difference)}: {low:+.4f} {'>' if passed else '<='} {-margin:+.4f}, {of}"
        yield Check(name, passed, found)
    for metric in asked.reported:
        difference = differences.get(metric)
        told = "undefined" if difference is None else _tell(difference)
        yield Check(_name(asked.who, metric), True, f"{told}, reported only")


def _name(who: Opponent, metric: str) -> str:
    return f"{who}_{metric.replace('/', '_')}"


def _tell(difference: Estimate) -> str:
    if difference.low is None or difference.high is None:
        return f"{difference.value:+.4f}"
    return f"{difference.value:+.4f} ({difference.low:+.4f} to {difference.high:+.4f})"
