"""A search gives up what is worse, and comes to the same end however often it is stopped."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dermaflow.data.images.image_store import ImageStore
from dermaflow.errors import TrainingError
from dermaflow.experiments.search.halving_study import HalvingStudy
from dermaflow.experiments.search.trials import best_trial, count, nest, tabulate
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.params.ingest import ImageParams
from dermaflow.params.search import SearchParams
from dermaflow.params.train import BackboneParams
from dermaflow.pipelines.search.nodes import search_recipe
from ml.recipes import make_params
from ml.small_training import CLASSES, make_sets

SPACE = {
    "learning_rate": {"low": 0.001, "high": 1.0, "log": True},
    "loss.focal_gamma": {"choices": [0.0, 2.0]},
    "colour_constancy": {"choices": [None, 6.0]},
}
SEARCH = SearchParams(
    trials=8,
    metric="val_balanced_accuracy",
    min_epochs=1,
    reduction=2,
    random=4,
    space=SPACE,
)
TRAIN = make_params(epochs=4, learning_rate=0.05)


class StoppedError(Exception):
    """A process was killed."""


def quality(values):
    """Best at a rate of 0.1, without focal loss."""
    return 0.9 - 0.2 * abs(np.log10(values["learning_rate"]) + 1) - values["loss.focal_gamma"] / 20


def go_through(folder, stop_after=np.inf, search=SEARCH):
    """All trials, of which each gains a little every epoch; stopped after so many reports."""
    study, reported = HalvingStudy(search, TRAIN, 1, WorkingFolder(folder, {"run": "a"})), 0
    while len(study.done) < search.trials:
        trial = study.ask()
        for epoch in range(1, TRAIN.epochs + 1):
            new = epoch * 10 > trial.step  # a resumed training repeats the epoch it was in
            if trial.given_up or trial.report(epoch * 10, quality(trial.values) + epoch / 100):
                break
            reported += new
            if new and reported >= stop_after:
                raise StoppedError
        trial.close("halved" if trial.given_up else "finished")
    return study.done


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return go_through(tmp_path_factory.mktemp("study"))


def test_the_first_trial_is_the_recipe_as_it_stands(undisturbed):
    first = undisturbed[0]
    assert first["values"] == {
        "learning_rate": 0.05,
        "loss.focal_gamma": 0.0,
        "colour_constancy": None,
    }
    assert first["state"] == "finished"
    assert [step for step, _ in first["reports"]] == [10, 20, 30, 40]


def test_what_is_worse_at_a_rung_is_given_up_there(undisturbed):
    """Rungs are at epochs 1, 2 and 4: of those that came as far, the better half goes on."""
    for number, trial in enumerate(undisturbed):
        epochs = len(trial["reports"])
        rungs = [rung for rung in (1, 2) if epochs >= rung]
        for rung in rungs:
            seen = [
                t["reports"][rung - 1][1]
                for t in undisturbed[: number + 1]
                if len(t["reports"]) >= rung
            ]
            kept = sorted(seen, reverse=True)[: max(1, len(seen) // 2)]
            goes_on = trial["reports"][rung - 1][1] >= kept[-1]
            assert goes_on == (epochs > rung)
        assert trial["state"] == ("finished" if epochs == TRAIN.epochs else "halved")
    assert {trial["state"] for trial in undisturbed} == {"finished", "halved"}


@pytest.mark.parametrize("stop_after", [1, 2, 5])
def test_stopped_again_and_again_it_comes_to_the_same_end(undisturbed, tmp_path, stop_after):
    for _ in range(100):
        try:
            done = go_through(tmp_path, stop_after)
        except StoppedError:
            continue
        assert [trial["state"] for trial in done] == [trial["state"] for trial in undisturbed]
        for ours, theirs in zip(done, undisturbed, strict=True):
            rate = theirs["values"]["learning_rate"]
            assert ours["values"] == theirs["values"] | {"learning_rate": pytest.approx(rate)}
            assert np.allclose(ours["reports"], theirs["reports"])
            assert ours["rungs"] == pytest.approx(theirs["rungs"])
        return
    raise AssertionError("it does not end")


def test_more_trials_follow_those_that_are_done(undisturbed, tmp_path):
    go_through(tmp_path, search=SEARCH.model_copy(update={"trials": 3}))
    done = go_through(tmp_path)
    assert [trial["values"] for trial in done] == [trial["values"] for trial in undisturbed]


def test_a_recipe_outside_the_space_is_not_tried_as_it_is(tmp_path):
    space = {
        "learning_rate": {"low": 0.2, "high": 1.0},
        "loss.focal_gamma": SPACE["loss.focal_gamma"],
    }
    search = SearchParams.model_validate(SEARCH.model_dump() | {"space": space})
    trial = HalvingStudy(search, TRAIN, 1, WorkingFolder(tmp_path, {"run": "a"})).ask()
    assert 0.2 <= trial.values["learning_rate"] <= 1.0
    assert trial.values["loss.focal_gamma"] == 0.0


def test_the_table_the_best_and_the_counts(undisturbed):
    table = tabulate(undisturbed, SEARCH)
    assert list(table.columns[:7]) == ["trial", "state", "epochs", "value", *SPACE]
    assert list(table.columns[7:]) == [f"epoch_{number}" for number in range(1, 5)]
    finished = table[table["state"] == "finished"]
    best = best_trial(table, SEARCH)
    assert best["value"] == finished["value"].max() == best["epoch_4"]
    figures = count(table, SEARCH)["search"]
    assert figures["best"] == best["value"]
    assert figures["as_it_stands"] == pytest.approx(quality(undisturbed[0]["values"]) + 0.04)
    states = ("finished", "halved", "failed")
    assert sum(figures[state] for state in states) == SEARCH.trials
    assert figures["epochs"] == table[list(table.columns[7:])].notna().sum().sum()


def test_less_of_a_loss_is_better():
    done = [
        {"trial": n, "state": "finished", "values": {"learning_rate": n}, "reports": [[1, v]]}
        for n, v in enumerate([0.5, 0.3, 0.4], 1)
    ]
    space = {"learning_rate": {"low": 0.5, "high": 5}}
    search = SearchParams.model_validate(
        SEARCH.model_dump() | {"metric": "val_loss", "space": space}
    )
    assert best_trial(tabulate(done, search), search)["trial"] == 2
    with pytest.raises(TrainingError, match="no trial of the search"):
        best_trial(tabulate([done[0] | {"state": "failed"}], search), search)


def test_values_become_the_tree_of_a_file():
    values = {"loss.focal_gamma": 2.0, "loss.label_smoothing": 0.1, "balance": 0.3}
    assert nest(values) == {
        "loss": {"focal_gamma": 2.0, "label_smoothing": 0.1},
        "balance": 0.3,
    }


# --- with real trainings --------------------------------------------------------------------------

TINY = TRAIN.with_values(
    {
        "epochs": 2,
        "checkpoint_seconds": 60,
        "backbone": BackboneParams(
            weights="scratch",
            name="IMAGENET1K_V2",
            stride="torchvision",
            frozen=["stem", "layer1", "layer2"],
            batch_norm="train",
        ).model_dump(),
    }
)
IMAGE = ImageParams(height=32, width=32, max_bytes=10_000, max_pixels=10_000)


@pytest.fixture(scope="module")
def search_images(tmp_path_factory):
    """The stage as a function of its folder and of changes to the parameters."""
    folder = tmp_path_factory.mktemp("sets")
    make_sets(folder)
    store = ImageStore(folder / "store")
    number = np.arange(32)
    manifest = pd.DataFrame(
        {
            "image_id": [f"x{n}" for n in number],
            "group_id": [f"g{n}" for n in number],
            "label": np.array(CLASSES)[number % 2],
            "split": np.where(number < 16, "train", np.where(number < 24, "val", "test")),
        }
    )

    def run(folder: Path, manifest=manifest, **changes):
        search = SearchParams.model_validate(SEARCH.model_dump() | {"trials": 2} | changes)
        working = WorkingFolder(folder, {"run": "a"})
        return search_recipe(manifest, store, search, TINY, IMAGE, CLASSES, 1, working)

    return run


def test_trials_are_trained_and_the_best_is_what_conf_would_say(search_images, tmp_path):
    trials, recipe, figures = search_images(tmp_path)
    assert trials["trial"].tolist() == [1, 2]
    assert trials["value"].between(0, 1).all()
    best = trials.loc[trials["value"].where(trials["state"] == "finished").idxmax()]
    assert recipe["train"]["learning_rate"] == best["learning_rate"]
    assert recipe["train"]["loss"] == {"focal_gamma": best["loss.focal_gamma"]}
    TINY.with_values({"learning_rate": recipe["train"]["learning_rate"]})
    assert figures["search"]["epochs"] == trials["epochs"].sum()
    assert not list(tmp_path.glob("trial_*"))


def test_a_loss_that_is_not_finite_fails_the_trial_and_not_the_search(
    search_images, tmp_path, caplog
):
    space = {"learning_rate": {"choices": [0.05, 1e30]}}
    trials, recipe, _ = search_images(tmp_path, space=space, trials=3, random=4)
    assert set(trials["state"]) >= {"finished", "failed"}
    assert (trials["learning_rate"][trials["state"] == "failed"] == 1e30).all()
    assert recipe == {"train": {"learning_rate": 0.05}}
    assert "failed: the training loss is nan" in caplog.text
