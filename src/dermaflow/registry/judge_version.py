"""Whether a version of the model may be promoted."""

from __future__ import annotations

from collections.abc import Iterator

from dermaflow.ml.evaluation.set_coverage import check_coverage
from dermaflow.params.evaluate import EvaluateParams
from dermaflow.params.promote import AgainstParams, PromoteParams, RequirementParams
from dermaflow.registry.compare_holder import Comparison, compare_versions
from dermaflow.registry.evidence import UNKNOWN, Evidence
from dermaflow.registry.gates import Check, check_calibration, check_gates
from dermaflow.registry.rescore import Opponent, Rescore
from dermaflow.schema import SPLITS


def judge_version(
    candidate: Evidence,
    holder: Evidence | None,
    first_champion: Evidence | None,
    promote: PromoteParams,
    evaluate: EvaluateParams,
    env: str,
    rescore: Rescore | None,
) -> list[Check]:
    """Check a version. What is not known of it fails: it is never taken for granted.

    Args:
        candidate: evidence of the version.
        holder: that of the version that has the alias; None where none has it.
        first_champion: that of the first version that ever was champion, if there was one.
        promote: what is asked.
        evaluate: how intervals are to be made.
        env: environment that these are of.
        rescore: scores the other versions on images that are new to them; None where nothing can.

    Returns:
        A check for everything that conf asks, in the order in which conf asks it.
    """
    against = promote.against
    checks = list(check_gates(candidate, promote))
    if promote.calibration:
        checks.append(check_calibration(candidate, promote.calibration, evaluate.calibration_bins))
    checks.append(_check_intervals(candidate, evaluate))
    checks += _check_requirements(candidate, promote.require, env)
    others: list[tuple[Opponent, Evidence | None, dict[str, float | None]]] = [
        ("holder", holder, against.holder),
        ("first_champion", first_champion, against.first_champion),
    ]
    for who, other, margins in others:
        if other is not None:
            asked = _comparison(who, margins, against)
            checks += compare_versions(candidate, other, asked, evaluate, rescore)
    return checks


def _comparison(
    who: Opponent, margins: dict[str, float | None], against: AgainstParams
) -> Comparison:
    asked = {metric: margin for metric, margin in margins.items() if margin is not None}
    return Comparison(who, asked, tuple(against.reported), against.least)


def _check_requirements(
    evidence: Evidence, require: RequirementParams, env: str
) -> Iterator[Check]:
    if require.no_group_crosses_splits:
        crossing = max(evidence.groups_across_splits, _count_crossing(evidence))
        yield Check("no_group_crosses_splits", crossing == 0, f"{crossing} groups cross")
    if require.validation_passed:
        broken = len(evidence.broken)
        yield Check("validation_passed", broken == 0, f"{broken} expectations broken")
    if require.same_environment:
        same = evidence.environment == env
        found = f"{evidence.environment} {'==' if same else '!='} {env}"
        yield Check("same_environment", same, found)
    if require.coverage_in_band:
        yield _check_coverage(evidence)
    known = evidence.data_version not in ("", UNKNOWN)
    yield Check("data_version", known, evidence.data_version or "missing")


def _check_coverage(evidence: Evidence) -> Check:
    """Whether the sets of the test images hold the true class as often as chance allows."""
    found = check_coverage(evidence.parts.get("test", {}))
    if found is None:
        return Check("coverage_in_band", False, "no sets were tested")
    outside = [name for name, inside in found.in_band.items() if not inside]
    told = f"outside of it: {', '.join(outside)}" if outside else "all classes in it"
    told = told if found.in_band else "no class has enough lesions"
    if not found.is_gate:
        reason = "decides nothing, since validation chose the epoch as well"
        return Check("coverage_in_band", True, f"{told} ({reason})")
    return Check("coverage_in_band", bool(found.in_band) and not outside, told)


def _count_crossing(evidence: Evidence) -> int:
    """Groups with images in more than one split, counted once more."""
    own = evidence.images[evidence.images["split"].isin(SPLITS)]
    return int(own.groupby("group")["split"].nunique().gt(1).sum())


def _check_intervals(evidence: Evidence, evaluate: EvaluateParams) -> Check:
    """Narrower intervals than conf asks for would have ends that are easier to pass."""
    enough = (
        evidence.confidence >= evaluate.confidence
        and evidence.resamples >= evaluate.bootstrap_samples
    )
    found = f"{evidence.confidence:g} of {evidence.resamples}"
    asked = f"{evaluate.confidence:g} of {evaluate.bootstrap_samples}"
    return Check("intervals", enough, f"{found} {'>=' if enough else '<'} {asked}")
