"""The search stage, with real trainings."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.data.images.image_store import ImageStore
from dermaflow.errors import ValidationError
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.params.search import SearchParams
from dermaflow.pipelines.search.nodes import search_recipe
from experiments.search.studies import SEARCH, TRAIN
from ml.small_training import CLASSES, make_sets

TINY = TRAIN.with_values(
    {
        "epochs": 2,
        "checkpoint_seconds": 60,
        "backbone.frozen": ["stem", "layer1", "layer2", "layer3"],
    }
)
IMAGE = params_of("image", {"height": 32, "width": 32})


@pytest.fixture(scope="module")
def manifest():
    """Rows of the three splits. Test images are not even in the store."""
    number = np.arange(32)
    names = [f"x{n}" if n < 24 else f"absent{n}" for n in number]
    split = np.where(number < 16, "train", np.where(number < 24, "val", "test"))
    table = pd.DataFrame({"image_id": names, "group_id": [f"g{n}" for n in number]})
    return table.assign(label=np.array(CLASSES)[number % 2], split=split)


@pytest.fixture(scope="module")
def search_images(manifest, tmp_path_factory):
    """The stage as a function of its folder and of changes to the parameters."""
    folder = tmp_path_factory.mktemp("sets")
    make_sets(folder)
    store = ImageStore(folder / "store")

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


def test_a_lesion_on_two_sides_is_refused_before_any_trial(search_images, manifest, tmp_path):
    crossing = manifest.assign(group_id=manifest["group_id"].replace("g16", "g0"))
    with pytest.raises(ValidationError, match="1 groups are in more than one split, 'g0'"):
        search_images(tmp_path, manifest=crossing)
    assert not list(tmp_path.iterdir())


def test_a_loss_that_is_not_finite_fails_the_trial_and_not_the_search(
    search_images, tmp_path, caplog
):
    space = {"learning_rate": {"choices": [0.05, 1e30]}}
    trials, recipe, _ = search_images(tmp_path, space=space, trials=3, random=4)
    assert set(trials["state"]) >= {"finished", "failed"}
    assert (trials["learning_rate"][trials["state"] == "failed"] == 1e30).all()
    assert recipe == {"train": {"learning_rate": 0.05}}
    assert "failed: the training loss is nan" in caplog.text
