"""What came of suites, in words and for JSON."""

import json

import pytest

from dermaflow.data.validation.suite_report import describe_failures, describe_result, summarise
from dermaflow.data.validation.suites import Outcome, SuiteResult
from dermaflow.params.validate import ExpectationParams


def outcome(column, on_failure, *, success=False, checked=8, rows=(), observed="5"):
    params = ExpectationParams(
        expectation="expect_it", kwargs={"min_value": 1}, on_failure=on_failure, reason="because"
    )
    return Outcome(params, column, success, checked, tuple(rows), observed)


@pytest.fixture
def results():
    first = (outcome("age", "quarantine", rows=[3, 5]), outcome("", "stop"), outcome("sex", "warn"))
    second = (outcome("groups", "stop", observed="df 0"), outcome("images", "stop", success=True))
    return [SuiteResult("rows", first, {}), SuiteResult("set", second, {})]


def test_a_failure_names_suite_reason_expectation_column_and_what_was_found(results):
    assert describe_failures(results, "stop") == [
        "suite rows: because; expect_it on the table with {'min_value': 1} observed 5 "
        "(parameters_validate.yml)",
        "suite set: because; expect_it on groups with {'min_value': 1} observed df 0 "
        "(parameters_validate.yml)",
    ]
    [warning] = describe_failures(results, "warn")
    assert "on sex with" in warning


def test_what_is_met_is_no_failure(results):
    met = [SuiteResult("s", (outcome("a", "stop", success=True),), {})]
    assert describe_failures(met, "stop") == []
    assert describe_result(met[0])["success"] is True


def test_a_result_holds_every_expectation_in_order_with_its_share(results):
    report = describe_result(results[0])
    assert report["success"] is False
    assert [entry["column"] for entry in report["expectations"]] == ["age", "", "sex"]
    assert report["expectations"][0] == {
        "expectation": "expect_it",
        "kwargs": {"min_value": 1},
        "on_failure": "quarantine",
        "reason": "because",
        "column": "age",
        "success": False,
        "checked": 8,
        "unexpected": 2,
        "unexpected_share": 0.25,
        "observed": "5",
    }
    assert json.loads(json.dumps(report)) == report


def test_of_no_value_none_is_unexpected():
    report = describe_result(SuiteResult("s", (outcome("a", "warn", checked=0),), {}))
    assert report["expectations"][0]["unexpected_share"] == 0
    assert describe_result(SuiteResult("s", (), {})) == {"success": True, "expectations": []}


def test_reasons_are_summed_up_on_one_line():
    reasons = {"image cannot be read": 4, "no row lists this file": 1}
    assert summarise(reasons) == "image cannot be read: 4, no row lists this file: 1"
    assert summarise({}) == "nothing"
