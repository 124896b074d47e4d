"""Limits that keep to the shares in conf."""

import numpy as np
import pytest

from conf_params import params_of
from dermaflow.ml.evaluation.abstention import PICTURE_MEASURES, Abstention
from dermaflow.ml.evaluation.choose_abstention import MARGIN, Seen, choose_abstention, lowest_kept

SHARES = {"unreadable": 0.05, "out_of_distribution": 0.02, "uncertain": 0.1, "images": 100}


def params(**changes):
    return params_of("evaluate", {"abstention": SHARES | changes}).abstention


def seen(validation=300, training=1000, seed=0):
    rng = np.random.default_rng(seed)
    sides = [
        {name: rng.normal(20, 5, count).astype(np.float32) for name in PICTURE_MEASURES}
        for count in (validation, training)
    ]
    sides[0]["distance"] = rng.gamma(9, 5, validation).astype(np.float32)
    sides[0]["confidence"] = rng.uniform(0.2, 1, validation).astype(np.float32)
    return Seen(*sides)


def reasons(abstention, measured):
    confidence = measured["confidence"]
    probabilities = np.stack([confidence, np.zeros_like(confidence)], axis=1)
    return Abstention.from_dict(abstention).answer(probabilities, measured)["reason"]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [1, 7, 60, 1500])
def test_each_part_keeps_to_its_share_of_validation(count, seed):
    measured = seen(count, seed=seed)
    for part in ("unreadable", "out_of_distribution", "uncertain"):
        others = {other: None for other in SHARES if other not in (part, "images")}
        chosen = choose_abstention(measured, params(**others), "abc")
        refused = reasons(chosen, measured.validation) != ""
        assert refused.mean() <= SHARES[part], part
        if count == 1500:
            assert refused.mean() > 0.4 * SHARES[part], part


def test_of_few_validation_images_none_is_refused():
    measured = seen(9)
    chosen = choose_abstention(measured, params(uncertain=0.1), "abc")
    assert reasons(chosen, measured.validation).eq("").all()


def test_a_limit_leaves_room_for_rounding():
    measured = seen(100)
    chosen = choose_abstention(measured, params(unreadable=None, uncertain=None), "abc")
    distances = np.sort(measured.validation["distance"])
    (check,) = chosen["checks"]
    assert check["high"] == pytest.approx(distances[-3] * (1 + MARGIN), rel=1e-6)
    rounded = measured.validation | {"distance": measured.validation["distance"] * 1.013}
    before, after = (reasons(chosen, values).ne("") for values in (measured.validation, rounded))
    kept = measured.validation["distance"] <= distances[-3]
    assert not before[kept].any()
    assert not after[kept].any()


def test_equal_values_are_kept_together():
    measured = seen(100)
    measured.validation["confidence"][:] = 0.7
    chosen = choose_abstention(measured, params(unreadable=None), "abc")
    assert not reasons(chosen, measured.validation).eq("uncertain").any()


def test_training_images_widen_what_pictures_may_look_like_and_nothing_else():
    measured = seen(40, 4000)
    wide = choose_abstention(measured, params(), "abc")["checks"]
    narrow = choose_abstention(measured._replace(training={}), params(), "abc")["checks"]
    for one, other in zip(wide, narrow, strict=True):
        for end, sign in (("low", -1), ("high", 1)):
            if one[end] is not None:
                assert sign * one[end] >= sign * other[end]
    assert [check for check in wide if check in narrow][-2:] == narrow[-2:]  # distance, confidence
    assert wide != narrow


@pytest.mark.parametrize(
    ("off", "left"),
    [
        (["unreadable"], {"out of distribution", "uncertain"}),
        (["unreadable", "out_of_distribution"], {"uncertain"}),
        (["unreadable", "uncertain"], {"out of distribution"}),
        (["unreadable", "out_of_distribution", "uncertain"], set()),
    ],
)
def test_each_part_can_be_switched_off(off, left):
    chosen = choose_abstention(seen(), params(**dict.fromkeys(off)), "abc")
    assert {check["reason"] for check in chosen["checks"]} == left
    assert chosen["feature_space"] == ("abc" if "out of distribution" in left else None)
    assert Abstention.from_dict(chosen) is not None


def test_without_a_feature_space_there_is_no_distance():
    chosen = choose_abstention(seen(), params(), None)
    assert chosen["feature_space"] is None
    assert "distance" not in {check["measure"] for check in chosen["checks"]}


def test_lowest_kept_is_an_order_statistic():
    values = np.arange(10, 0, -1.0)
    assert [lowest_kept(values, share) for share in (0, 0.05, 0.1, 0.25, 0.49)] == [1, 1, 2, 3, 5]
