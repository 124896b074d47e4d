"""What a run says last."""

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.tracking.metric_names import name_metrics
from dermaflow.tracking.run_summary import summarise_run

TESTED = {
    "images": Estimate(195),
    "groups": Estimate(140),
    "accuracy": Estimate(0.841, 0.78, 0.9, 140),
    "macro_auc": Estimate(1.0, groups=140, not_estimable=True),
    "mel/recall": Estimate(1.0, 0.342, 1.0, groups=2, groups_needed=8),
    "mel/log_loss": Estimate(0.2),
}


def summary(parts, env="base", is_local=True):
    return list(summarise_run(name_metrics(parts), env, "data/x", "http://server/run", is_local))


def test_headlines_have_their_intervals_and_what_keeps_them_from_being_told():
    assert summary({"test": TESTED}) == [
        "The test split, 195 images of 140 groups:",
        "  Accuracy           0.841 [0.780, 0.900]",
        "  Macro AUC          1.000 interval not estimable",
        "  Melanoma recall    insufficient data (2 of 8 groups)",
        "Figures and pages: data/x",
        "The run in MLflow: http://server/run (`kedro ui` serves it)",
        "Beside the run before: `kedro compare latest~1 latest`",
    ]


def test_a_run_without_figures_says_where_it_is():
    assert summary({}, env="smoke", is_local=False) == [
        "Figures and pages: data/x",
        "The run in MLflow: http://server/run",
    ]


def test_commands_name_the_environment():
    lines = summary({"crossval": {"accuracy": Estimate(0.8)}}, env="ham10000")
    assert lines[0] == "The cross-validation:"
    assert lines[-2].endswith("(`kedro ui --env ham10000` serves it)")
    assert lines[-1].endswith("`kedro compare latest~1 latest --env ham10000`")
