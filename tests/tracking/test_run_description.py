"""The description of a run: its figures, where it comes from, and how to repeat it."""

import pytest

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.tracking.metric_names import name_metrics
from dermaflow.tracking.run_description import describe_run

TAGS = {
    "env": "smoke",
    "command": "kedro run --env smoke",
    "data_version": "d1",
    "md5.raw.clinic": "1.dir",
    "md5.raw.list.csv": "2",
    "md5.manifest": "3",
    "stages": "ingest+validate",
    "unchanged": "train",
    "mlflow.source.git.commit": "0123456789abcdef",
    "git_dirty": "false",
}


def test_it_says_everything_that_the_run_holds_and_nothing_else():
    parts = {
        "crossval": {"macro_f1": Estimate(0.25)},
        "test": {
            "mel/recall": Estimate(0.5, groups=5),
            "accuracy": Estimate(0.7126, 0.6, 0.8004, 9),
            "macro_auc": Estimate(1.0, groups=9, not_estimable=True),
            "mel/auc": Estimate(0.5, 0.4, 0.6, 5).require_groups(6),
            "ece": Estimate(0.1, 0.0, 0.2),  # no headline
        },
    }
    assert describe_run(TAGS, name_metrics(parts)) == (
        "| test split | value | interval |\n"
        "|---|---|---|\n"
        "| Accuracy | 0.713 | [0.600, 0.800] |\n"
        "| Macro AUC | 1.000 | interval not estimable |\n"
        "| Melanoma recall | 0.500 |  |\n"
        "| Melanoma AUC | insufficient data | (5 of 6 groups) |\n"
        "\n"
        "**Interval not estimable**: the bootstrap finds no spread, which does not mean that there "
        "is none.\n"
        "\n"
        "| cross-validation | value | interval |\n"
        "|---|---|---|\n"
        "| Macro F1 | 0.250 |  |\n"
        "\n"
        "- **environment:** `smoke`\n"
        "- **data version:** `d1`\n"
        "- **raw data:** clinic `1.dir`, list.csv `2`\n"
        "- **ran:** ingest+validate\n"
        "- **unchanged:** train\n"
        "- **code:** `0123456789`\n"
        "\n"
        "```\n"
        "kedro run --env smoke\n"
        "```"
    )


def test_classes_without_an_image_are_named_below_the_means():
    scores = {"macro_auc": Estimate(0.9), "nv/support": Estimate(8.0), "df/support": Estimate(0.0)}
    text = describe_run(TAGS, name_metrics({"test": scores}))
    assert "| Macro AUC | 0.900 |  |\n\n**No image of df**: means are over the other" in text


def test_what_is_not_known_has_no_line():
    assert describe_run({}, {"train/loss": 0.5}) == (
        "- **environment:** `?`\n- **code:** no git checkout\n\n```\n\n```"
    )


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({"git_dirty": "true"}, "`0123456789` with changes (`versions/uncommitted.patch`)"),
        ({"mlflow.source.git.commit": "none", "git_dirty": "unknown"}, "no git checkout"),
        ({"mlflow.source.git.commit": "none", "git_dirty": "true"}, "in no commit"),
        (
            {"git_dirty": "unknown"},
            "`0123456789`, changes unknown: git could not read the checkout",
        ),
        (
            {"mlflow.source.git.commit": "unknown", "git_dirty": "unknown"},
            "unknown: git could not read the checkout",
        ),
    ],
)
def test_code_that_no_commit_holds_is_said_to_be_so(tags, code):
    assert f"- **code:** {code}\n" in describe_run(TAGS | tags, {})


def test_an_error_is_shown():
    text = describe_run(TAGS | {"error": "ValidationError: too few images"}, {})
    assert "- **error:** ValidationError: too few images\n" in text


def test_figures_of_folds_that_leak_are_said_to_leak():
    text = describe_run(TAGS, {"crossval_LEAKING/accuracy": 0.9, "crossval_folds/mean/accuracy": 1})
    assert text.startswith("| LEAKING cross-validation by images | value | interval |\n")
    assert "1.000" not in text
