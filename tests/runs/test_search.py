"""``kedro run --pipelines search``, killed in its second trial and given again."""

import pandas as pd
import pytest
import yaml

from waiting import read_until

RUN = ("kedro", "run", "--env", "smoke", "--pipelines", "search")
DATA = "data/smoke"
TRIALS = 3


@pytest.fixture(scope="module")
def project(copy_finished):
    """A project that has data to search on."""
    return copy_finished()


@pytest.mark.slow
def test_a_killed_search_goes_on_and_leaves_its_trials_and_the_best_recipe(project):
    running = project.start(*RUN)
    read_until(running, "Trial 2 of 3")
    running.kill()
    running.communicate()

    output = project.run(*RUN).stdout
    assert "Trial 1 of 3" not in output  # it is done
    assert "Trial 2 of 3" in output
    assert not (project.folder / DATA / "unfinished/search").exists()
    reports = project.folder / DATA / "08_reporting"
    trials = pd.read_csv(reports / "search_trials.csv")
    assert trials["trial"].tolist() == [1, 2, 3]
    parent, children = runs(project)
    assert parent.info.status == "FINISHED"
    assert parent.data.tags["resumed"] == "1"
    states = {int(run.data.params["trial"]): run.data.tags["search.state"] for run in children}
    assert states == dict(zip(trials["trial"], trials["state"], strict=True))
    assert {run.info.status for run in children} == {"FINISHED"}
    for run in children:
        row = trials.set_index("trial").loc[int(run.data.params["trial"])]
        assert float(run.data.params["train.learning_rate"]) == row["learning_rate"]
        metric = run.data.metrics["train/val_balanced_accuracy"]
        assert metric == row[f"epoch_{row['epochs']}"]
    best = trials.loc[trials["value"].where(trials["state"] == "finished").idxmax()]
    assert parent.data.metrics["search/best"] == best["value"]
    assert sorted(project.artifacts(parent, "search")) == [
        "01_trials.png",
        "02_parameters.png",
        "search_metrics.json",
        "search_recipe.yml",
        "search_trials.csv",
    ]

    recipe = yaml.safe_load((reports / "search_recipe.yml").read_text())
    assert recipe["train"]["learning_rate"] == best["learning_rate"]


def runs(project):
    """The run of the search, and those of its trials."""
    parents = [run for run in project.runs() if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in project.runs() if "mlflow.parentRunId" in run.data.tags]
    (parent,) = parents
    assert len(children) == TRIALS
    return parent, children
