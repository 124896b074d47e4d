"""Suites as data: what they find, and what is said of one that is written wrongly."""

import pandas as pd
import pytest

from dermaflow.data.validation.suites import run_suite
from dermaflow.errors import ParameterError
from dermaflow.params.validate import ExpectationParams

TABLE = pd.DataFrame(
    {
        "image_id": list("abcde"),
        "label": ["nv", "mel", "nv", "?", None],
        "age": [0, 400, None, 3, 9],
    },
    index=[2, 4, 6, 8, 10],
)


def expect(expectation, on_failure="quarantine", **kwargs):
    return ExpectationParams(
        expectation=expectation, kwargs=kwargs, on_failure=on_failure, reason="because"
    )


def run(*expectations):
    return run_suite("rows", expectations, TABLE, {"classes": ["mel", "nv"]})


def test_offending_rows_are_told_by_index_and_in_the_order_of_conf():
    result = run(
        expect("expect_column_values_to_be_between", column="age", min_value=0, max_value=120),
        expect("expect_column_values_to_not_be_null", column="label"),
        expect("expect_column_values_to_be_unique", column="image_id"),
        expect(
            "expect_column_values_to_be_in_set", column="label", value_set={"$PARAMETER": "classes"}
        ),
        expect("expect_table_row_count_to_be_between", "stop", min_value=6),
    )
    assert [outcome.rows for outcome in result.outcomes] == [(4,), (10,), (), (8,), ()]
    assert [outcome.success for outcome in result.outcomes] == [False, False, True, False, False]
    assert result.outcomes[0].checked == 4  # a missing age is no wrong age
    assert result.outcomes[0].observed.startswith("1 of 4 values break it")
    assert "b 400" in result.outcomes[0].observed
    assert result.outcomes[4].observed == "5"
    assert [o.column for o in result.failures("stop")] == [""]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (
            expect("expect_column_values_to_be_betwen", column="age"),
            r"rows\.1\.expectation: no expectation .* did you mean '\w+be_between'",
        ),
        (
            expect("expect_column_values_to_be_between", column="agee", min_value=0),
            r"rows\.1\.kwargs: no column 'agee'; did you mean 'age'",
        ),
        (
            expect("expect_column_values_to_be_between", column="age", minimum=0),
            r"rows\.1\.kwargs: .*minimum",
        ),
        (
            expect("expect_table_row_count_to_be_between", min_value=1),
            r"rows\.1\.on_failure: .*only 'stop' is possible",
        ),
        (
            expect("expect_column_values_to_match_regex", column="age", regex="("),
            r"rows\.1: .*cannot be evaluated",
        ),
    ],
)
def test_a_wrong_expectation_is_named_with_key_and_file(wrong, says):
    with pytest.raises(ParameterError, match=says) as caught:
        run(expect("expect_column_values_to_not_be_null", column="image_id"), wrong)
    assert "parameters_validate.yml" in str(caught.value)
