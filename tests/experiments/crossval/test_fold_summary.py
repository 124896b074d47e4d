"""What folds come to together: closed forms, and parts under long and short names."""

import pytest

from dermaflow.experiments.crossval.fold_summary import (
    lay_out,
    mean_leaking,
    mean_synthetic,
    over_folds,
    short_parts,
    tabulate,
)
from dermaflow.ml.evaluation.estimate import Estimate

BY_FOLD = {
    1: {"log_loss": Estimate(1.0, groups=4), "accuracy": Estimate(0.5, 0.25, 0.75, 4)},
    3: {"log_loss": Estimate(3.0, groups=4), "find/recall": Estimate(1.0, groups=2)},
}
POOLED = {"log_loss": Estimate(2.0, 1.5, 2.5, 8), "accuracy": Estimate(0.6, groups=8)}


def test_mean_and_spread_are_over_the_folds_that_have_a_metric():
    found = over_folds(BY_FOLD)
    assert found["mean"] == {
        "log_loss": Estimate(2.0),
        "accuracy": Estimate(0.5),
        "find/recall": Estimate(1.0),
    }
    assert found["sd"] == {"log_loss": Estimate(pytest.approx(2**0.5))}


@pytest.mark.parametrize(("protocol", "end"), [("lesion", ""), ("image", "_LEAKING")])
def test_parts_have_long_names_for_mlflow_and_short_ones_for_figures(protocol, end):
    parts = lay_out(POOLED, BY_FOLD, ["find"], protocol)
    below = ("mean", "sd", "fold_1", "fold_3")
    assert list(parts) == [f"crossval{end}", *(f"crossval_folds{end}/{part}" for part in below)]
    short = short_parts(parts, protocol)
    assert list(short) == ["pooled", *below]
    assert short["pooled"] == POOLED
    assert short["fold_1"] == {"accuracy": BY_FOLD[1]["accuracy"]}  # of all, the headline
    assert short["fold_3"] == {"find/recall": BY_FOLD[3]["find/recall"]}  # and the points


def test_the_table_has_the_headline_first_and_gaps_where_nothing_is_defined():
    table = tabulate(POOLED, BY_FOLD, "lesion").set_index("metric")
    assert list(table.index) == ["accuracy", "log_loss"]
    named = ["protocol", "pooled", "low", "high", "note", "mean", "sd", "fold_1", "fold_3"]
    assert list(table.columns) == named
    assert table.loc["log_loss", ["pooled", "low", "high"]].tolist() == [2.0, 1.5, 2.5]
    assert table.loc["accuracy", ["low", "high", "sd", "fold_3"]].isna().all()


def test_leaking_is_weighed_by_tested_images_and_synthetic_ones_are_counted():
    folds = [
        {"images": {"test": 30}, "leaking": 1.0, "synthetic": {"df": 2, "mel": 4}},
        {"images": {"test": 10}, "leaking": 0.0},
    ]
    assert mean_leaking(folds) == 0.75
    assert mean_synthetic(folds) == 3
