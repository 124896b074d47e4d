"""What follows from decisions of the past."""

from datetime import UTC, datetime, timedelta

import pytest

from dermaflow.registry.alias_decisions import (
    Decision,
    Recorded,
    count_looks,
    first_holder,
    former_holders,
    user_name,
)

BEGAN = datetime(2026, 11, 30, tzinfo=UTC)


def recorded(*steps, alias="staging", done=True):
    """Records of steps ``kind version holder_before``."""
    made = []
    for place, step in enumerate(steps):
        kind, version, before = step.split()
        decision = Decision(
            kind=kind.replace("_", " "),
            model="m",
            version=version,
            alias=alias,
            holder_before=None if before == "-" else before,
            environment="base",
            by="ada",
        )
        made.append(Recorded(decision, f"r{place}", BEGAN + timedelta(minutes=place), done))
    return made


@pytest.mark.parametrize(
    ("steps", "held"),
    [
        ((), ""),
        (("promoted 1 -",), "1"),
        (("promoted 1 -", "promoted 2 1"), "12"),
        (("promoted 1 -", "refused 2 1"), "1"),
        (("promoted 1 -", "promoted 1 1"), "1"),  # again: it is no other holder
        (("promoted 1 -", "promoted 2 1", "rolled_back 1 2"), "1"),  # never back to 2
        (("promoted 1 -", "promoted 2 1", "promoted 3 2", "rolled_back 2 3"), "12"),
        (("promoted 1 -", "promoted 2 1", "demoted 2 2"), "1"),
        (("promoted 1 -", "promoted 2 1", "demoted 2 2", "promoted 3 -"), "13"),
        (("promoted 1 -", "promoted 2 1", "demoted 2 2", "rolled_back 1 -"), "1"),
        (("promoted 1 -", "demoted 1 1"), ""),
        (("promoted 1 -", "promoted 3 2"), "123"),  # 2 got it in MLflow's UI
        (("promoted 1 -", "rolled_back 1 5"), "1"),  # back from 5, which got it there
        (("promoted 1 -", "promoted 2 1", "promoted 1 2"), "121"),
    ],
)
def test_versions_to_which_an_alias_can_go_back(steps, held):
    assert former_holders(recorded(*steps), "staging") == list(held)


def test_other_aliases_and_what_was_cut_short_do_not_count():
    log = [
        *recorded("promoted 1 -"),
        *recorded("promoted 2 -", alias="champion"),
        *recorded("promoted 3 1", done=False),
    ]
    assert former_holders(log, "staging") == ["1"]


def test_the_first_holder_is_the_first_that_is_still_there_and_was_not_demoted():
    log = recorded("promoted 1 -", "promoted 2 1", "demoted 2 2", "promoted 3 -", alias="champion")
    assert first_holder(log, "champion", ["1", "2", "3"]) == "1"
    assert first_holder(log, "champion", ["2", "3"]) == "3"
    assert first_holder(log, "champion", []) is None
    assert first_holder(log, "staging", ["1", "2", "3"]) is None


def test_looks_at_a_test_set_are_counted_over_all_versions_and_aliases():
    log = [
        Recorded(
            Decision(kind, "m", version, alias, None, "base", "ada", test_set=test),
            "r",
            BEGAN,
            True,
        )
        for kind, version, alias, test in (
            ("refused", "1", "staging", "t1"),
            ("promoted", "2", "staging", "t1"),
            ("promoted", "2", "champion", "t1"),
            ("promoted", "3", "staging", "t2"),
            ("demoted", "3", "staging", ""),
        )
    ]
    assert (count_looks(log, "t1"), count_looks(log, "t2"), count_looks(log, "t3")) == (3, 1, 0)


def test_a_decision_says_in_short_what_it_is():
    kinds = ("promoted", "refused", "rolled_back", "demoted")
    assert [one.decision.summary for one in recorded(*(f"{kind} 1 -" for kind in kinds))] == [
        "promoted to staging",
        "refused for staging",
        "rolled back to staging",
        "demoted from staging",
    ]


def test_a_user_without_a_name_is_unknown(monkeypatch):
    monkeypatch.setenv("LOGNAME", "ada")
    assert user_name() == "ada"
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000)
    assert user_name() == "unknown"
