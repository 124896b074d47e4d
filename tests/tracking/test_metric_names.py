"""Names of metrics in MLflow: nothing is lost on the way, and values come before intervals."""

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.tracking.metric_names import name_metrics, read_scores

PARTS = {
    "test": {
        "images": Estimate(26.0),
        "accuracy": Estimate(0.1 + 0.2, 0.0, 0.6, 18),
        "ece": Estimate(0.1, groups=18),
        "mel/recall": Estimate(0.5, 0.4, 0.6, 5, groups_needed=10),
        "mel/auc": Estimate(1.0, groups=5, groups_needed=10, not_estimable=True),
        "mel_recall_90/recall": Estimate(0.9, 0.8, 1.0, 5),
    },
    "val": {"accuracy": Estimate(0.25, groups=11)},
    "external/clinic": {"accuracy": Estimate(0.5, 0.4, 0.7, 9)},
    "crossval": {"accuracy": Estimate(0.7, 0.6, 0.8, 60)},
    "crossval_folds/mean": {"accuracy": Estimate(0.68)},
    "crossval_LEAKING": {"accuracy": Estimate(0.9, 0.8, 1.0, 60)},
}
# What else a run logs.
OTHERS = {"train/loss": 1.0, "gan/df_generator_loss": 2.0, "search/best": 0.5, "system/cpu": 9.0}


def test_a_value_has_the_plain_name_and_its_ends_have_their_own():
    named = name_metrics({"test": {"mel/recall": Estimate(0.5, 0.4, 0.6, 5)}})
    assert named == {
        "test/mel/recall": 0.5,
        "z_interval/test/mel/recall_low": 0.4,
        "z_interval/test/mel/recall_high": 0.6,
        "z_interval/test/mel/recall_groups": 5,
    }
    few = name_metrics({"test": {"mel/auc": Estimate(1.0, None, None, 2, 10, not_estimable=True)}})
    assert few == {
        "test/mel/auc": 1.0,
        "z_interval/test/mel/auc_groups": 2,
        "z_interval/test/mel/auc_groups_needed": 10,
        "z_interval/test/mel/auc_not_estimable": 1,
    }
    assert name_metrics({"crossval_folds/mean": {"accuracy": Estimate(0.68)}}) == {
        "crossval_folds/mean/accuracy": 0.68
    }


def test_every_part_is_read_back_as_it_was_from_a_run_that_logged_them_all():
    logged = {name: float(value) for name, value in name_metrics(PARTS).items()} | OTHERS
    for part, scores in PARTS.items():
        assert read_scores(logged, part) == scores, part
        assert all(type(e.groups) in (int, type(None)) for e in read_scores(logged, part).values())
    assert read_scores(logged, "external/elsewhere") == {}


def test_a_metric_whose_name_ends_like_an_interval_is_itself():
    scores = {"ends": Estimate(0.5, 0.4, 0.6), "ends_low": Estimate(0.1, 0.0, 0.2)}
    assert read_scores(name_metrics({"test": scores}), "test") == scores


def test_mlflow_sorts_every_interval_after_every_value_and_curve():
    """Tables are sorted by name, sections of charts by what is before the last slash."""
    values = {f"{part}/{metric}" for part, scores in PARTS.items() for metric in scores}
    names = sorted(name_metrics(PARTS).keys() | OTHERS.keys())
    first = len(values) + len(OTHERS)
    assert set(names[:first]) == values | OTHERS.keys()

    def sections(these):
        return sorted({name.rpartition("/")[0] for name in these})

    after = sections(names[first:])
    assert sections(names)[-len(after) :] == after
    assert len(after) <= len(sections(values))
