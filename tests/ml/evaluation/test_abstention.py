"""Which answers are withheld, and why."""

import json

import numpy as np
import pytest

from dermaflow.errors import WeightsError
from dermaflow.ml.evaluation.abstention import Abstention, Check

ABSTENTION = Abstention(
    (
        Check("unreadable: blank", "contrast", low=3),
        Check("unreadable: not skin", "redness", low=0),
        Check("unreadable: not skin", "redness", high=50),
        Check("out of distribution", "distance", high=9),
        Check("uncertain", "confidence", low=0.5),
    ),
    "abc",
)


def as_json(abstention=ABSTENTION):
    checks = [vars(check) for check in abstention.checks]
    return json.loads(json.dumps({"checks": checks, "feature_space": abstention.feature_space}))


def answers(abstention=ABSTENTION, **changes):
    """Of one image, ordinary but for the changes."""
    values = {"contrast": 9.0, "redness": 20.0, "distance": 4.0, "confidence": 0.9} | changes
    confidence = values.pop("confidence")
    observed = {name: np.array([value], np.float32) for name, value in values.items()}
    table = abstention.answer(np.array([[confidence, 1 - confidence]], np.float32), observed)
    assert list(table.columns) == ["abstain", "reason"]
    assert table["abstain"].dtype == bool
    assert table.loc[0, "abstain"] == (table.loc[0, "reason"] != "")
    return table.loc[0, "reason"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"contrast": 2.9}, "unreadable: blank"),
        ({"redness": -1}, "unreadable: not skin"),
        ({"redness": 51}, "unreadable: not skin"),
        ({"distance": 10}, "out of distribution"),
        ({"distance": np.nan}, "out of distribution"),
        ({"confidence": 0.4 + 0.09}, ""),  # the other class has more
        ({"contrast": 3, "redness": 50, "distance": 9, "confidence": 0.5}, ""),  # at the limits
        ({"contrast": 0, "redness": 99, "distance": 99}, "unreadable: blank"),  # the first
    ],
)
def test_the_first_check_that_is_not_passed_gives_the_reason(changes, reason):
    assert answers(**changes) == reason


def test_an_image_of_which_no_class_is_likely_is_uncertain():
    thirds = np.full((1, 3), 1 / 3, np.float32)
    observed = {name: np.array([4.0]) for name in ("contrast", "redness", "distance")}
    assert ABSTENTION.answer(thirds, observed)["reason"].tolist() == ["uncertain"]


def test_no_image_no_rows():
    none = dict.fromkeys(("contrast", "redness", "distance"), np.empty(0))
    assert len(ABSTENTION.answer(np.empty((0, 3), np.float32), none)) == 0


def test_it_comes_back_from_json():
    assert Abstention.from_dict(as_json()) == ABSTENTION
    without = Abstention(ABSTENTION.checks[-1:])
    assert Abstention.from_dict(as_json(without)) == without


def test_what_was_not_measured_cannot_be_judged():
    with pytest.raises(WeightsError, match="by contrast, which was not measured"):
        ABSTENTION.answer(np.ones((1, 1), np.float32), {})


def damaged():
    """Kind of damage -> the part as it would be read."""

    def changed(**values):
        part = as_json()
        part["checks"][3] |= values
        return part

    yield "no checks", {"feature_space": None}
    yield "no list", {"checks": 7, "feature_space": None}
    yield "no object", ["checks"]
    yield "no key", {"checks": [{"reason": "uncertain"}], "feature_space": None}
    yield "no limits", changed(high=None)
    yield "a text for a limit", changed(high="9")
    yield "no number", changed(high=float("nan"))
    yield "a truth for a limit", changed(high=True)
    yield "another reason", changed(reason="Tuesday")
    yield "another measure", changed(measure="weight")
    yield "no space", as_json() | {"feature_space": None}
    yield "a number for a space", as_json() | {"feature_space": 7}
    yield "a space for nothing", as_json() | {"checks": as_json()["checks"][:3]}


@pytest.mark.parametrize("part", [pytest.param(part, id=kind) for kind, part in damaged()])
def test_a_damaged_part_is_refused(part):
    with pytest.raises(WeightsError, match="abstention is damaged"):
        Abstention.from_dict(part)
