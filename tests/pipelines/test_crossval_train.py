"""Folds are trained one by one, once each, wherever and whenever that happens."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.errors import ParameterError
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.pipelines.crossval_train.nodes import train_folds
from experiments.crossval.images import CLASSES, PICTURES, make_manifest, write_store
from feature_store import write_features
from ml import small_gan
from ml.small_gan import DUPLICATES
from ml.small_training import PARAMS

TRAIN = PARAMS.with_values(
    {"epochs": 1, "batch_size": 5, "checkpoint_seconds": 60, "backbone.frozen": ["stem"]}
)
AUGMENT = small_gan.AUGMENT.model_copy(update={"target_count": 5, "min_real": 2})
IMAGE = params_of("image", {"height": 32, "width": 32})
CROSSVAL = params_of("crossval", {"val": 0.2, "synthetic": False, "views": 2})
MADE_FROM = {
    "inputs or code": {"manifest.parquet": "a"},
    "parameters": {
        "crossval": CROSSVAL.model_dump(),
        "augment": AUGMENT.model_dump(),
        "duplicates": DUPLICATES.model_dump(),
        "train": TRAIN.model_dump(),
        "seed": 1,
    },
    "external": {},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return write_store(PICTURES, tmp_path_factory.mktemp("images") / "store")


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    pictures = {f"i{number}": picture for number, picture in enumerate(PICTURES)}
    return write_features(tmp_path_factory.mktemp("features") / "store", pictures)


@pytest.fixture(scope="module")
def manifest():
    return make_manifest()


@pytest.fixture(scope="module")
def run(manifest, store, features):
    def run(folder, made_from=MADE_FROM, augment=AUGMENT, train=TRAIN, **changes):
        crossval = CROSSVAL.model_copy(update=changes)
        working = WorkingFolder(folder, made_from)
        return train_folds(
            manifest,
            store,
            features,
            crossval,
            augment,
            DUPLICATES,
            train,
            IMAGE,
            CLASSES,
            1,
            working,
        )

    return run


@pytest.fixture(scope="module")
def undisturbed(run, tmp_path_factory):
    return run(tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture(scope="module")
def first_alone(run, tmp_path_factory):
    """The folder and the outputs of a run of the first fold."""
    folder = tmp_path_factory.mktemp("first")
    return folder, run(folder, folds=[1])


def test_each_real_image_is_predicted_by_the_network_that_did_not_see_it(undisturbed, manifest):
    logits, folds = undisturbed
    tested = logits[logits["split"] == "test"].set_index("image_id")
    real = manifest[manifest["split"] != "external"].set_index("image_id")
    assert sorted(tested.index) == sorted(real.index)
    assert (tested["fold"] == real["fold"][tested.index]).all()
    assert (tested["label"] == real["label"][tested.index]).all()
    for facts in folds["folds"]:
        rows = logits[logits["fold"] == facts["fold"]]
        assert facts["images"] == {"train": 6, "val": 4, "test": 10}
        assert rows["split"].value_counts().to_dict() == {"test": 10, "val": 4}
        assert len(facts["epochs"]) == facts["best_epoch"] == 1
    assert logits["logit_mel"].dtype == np.float32
    assert (folds["protocol"], folds["data_version"], folds["folds_in_all"]) == ("lesion", "v1", 2)
    json.dumps(folds)


def test_folds_draw_from_streams_of_their_own(undisturbed):
    first, second = undisturbed[1]["folds"]
    assert first["seed"] != second["seed"]
    assert first["classifier"] != second["classifier"]


def test_a_finished_fold_is_not_trained_again_and_the_rest_is_the_same_to_the_bit(
    first_alone, run, undisturbed, caplog
):
    """What a run leaves that was killed after its first fold."""
    folder, (logits, folds) = first_alone
    assert [facts["fold"] for facts in folds["folds"]] == [1]
    assert set(logits["fold"]) == {1}
    assert not (folder / "fold_1/training").exists()
    with caplog.at_level("INFO"):
        found = run(folder)
    pd.testing.assert_frame_equal(found[0], undisturbed[0], check_exact=True)
    assert json.dumps(found[1]) == json.dumps(undisturbed[1])
    assert "Fold 1 is done already" in caplog.messages
    assert "Fold 2 is done already" not in caplog.messages


def test_folds_of_other_machines_are_taken_over_in_the_order_of_folds(
    first_alone, run, undisturbed, tmp_path
):
    """The second fold was trained there, and the first one here."""
    machine, folder = tmp_path / "other", tmp_path / "b"
    machine.mkdir()
    logits, folds = undisturbed
    logits[logits["fold"] == 2].to_parquet(machine / "crossval_logits.parquet")
    second = folds | {"folds": folds["folds"][1:]}
    (machine / "crossval_folds.json").write_text(json.dumps(second))
    shutil.copytree(first_alone[0] / "fold_1", folder / "fold_1")
    here = {str(machine / "crossval_logits.parquet"): "hash"}  # as the runner tells of it
    found = run(folder, {**MADE_FROM, "external": here}, collect=[str(machine)])
    pd.testing.assert_frame_equal(found[0], logits, check_exact=True)
    assert found[1]["folds"] == folds["folds"]
    assert found[1]["made_from"] == folds["made_from"]
    assert not (folder / "fold_2").exists()


@pytest.fixture(scope="module")
def filled_up(run, tmp_path_factory):
    """The folder and the outputs of a run of the first fold with synthetic images."""
    folder = tmp_path_factory.mktemp("filled")
    return folder, run(folder, folds=[1], synthetic=True)


def test_small_classes_of_a_fold_are_filled_up_to_the_target(filled_up, undisturbed):
    folder, (logits, folds) = filled_up
    (facts,), plain = folds["folds"], undisturbed[1]["folds"][0]
    real = pd.Series(facts["images"])["train"]
    assert facts["synthetic_copies"] == 0
    assert sum(facts["synthetic"].values()) == AUGMENT.target_count * len(CLASSES) - real
    assert facts["images"] == plain["images"]
    assert facts["classifier"] != plain["classifier"]
    assert logits["image_id"].isin(undisturbed[0]["image_id"]).all()
    assert (folds["synthetic"], undisturbed[1]["synthetic"]) == (True, False)
    assert [path.name for path in (folder / "fold_1").iterdir()] == ["done"]


@pytest.mark.slow
def test_a_checkpoint_is_of_the_very_synthetic_images(
    run, filled_up, tmp_path, monkeypatch, caplog
):
    """A GPU would not fit a lost generator to the same weights again."""

    class Killed(BaseException):
        pass

    def kill(*args):
        raise Killed

    folder, train = tmp_path / "a", TRAIN.model_copy(update={"checkpoint_seconds": 0})
    with monkeypatch.context() as patch:
        patch.setattr("dermaflow.experiments.crossval.fold_trainer.weights_digest", kill)
        with pytest.raises(Killed):
            run(folder, folds=[1], synthetic=True, train=train)
    shutil.copytree(folder, tmp_path / "b")
    with caplog.at_level("INFO"):
        found = run(folder, folds=[1], synthetic=True, train=train)
    pd.testing.assert_frame_equal(found[0], filled_up[1][0], check_exact=True)
    assert "starts anew" not in caplog.text

    (generator,) = (tmp_path / "b").glob("fold_1/synthesis/generators/mel/*.safetensors")
    generator.unlink()
    other = AUGMENT.model_copy(update={"dcgan": AUGMENT.dcgan.model_copy(update={"steps": 3})})
    run(tmp_path / "b", folds=[1], synthetic=True, train=train, augment=other)
    assert "Training starts anew" in caplog.text
    assert "made with other synthetic images" in caplog.text


@pytest.mark.slow
def test_two_processes_train_on_the_same_synthetic_images_as_one(run, tmp_path):
    def train(synthetic, processes):
        # So small a rate that the last digits, in which they differ, do not grow.
        changes = {"batch_size": 4, "learning_rate": 1e-6, "processes": processes}
        folder = tmp_path / f"{synthetic}_{processes}"
        logits, folds = run(
            folder, folds=[1], synthetic=synthetic, train=TRAIN.model_copy(update=changes)
        )
        return logits[["logit_mel", "logit_nv"]].to_numpy(), folds["folds"][0]

    (plain, _), (one, alone), (two, together) = (
        train(synthetic, processes) for synthetic, processes in ((False, 1), (True, 1), (True, 2))
    )
    for name in ("images", "synthetic", "synthetic_copies"):
        assert together[name] == alone[name]
    assert alone["synthetic"]
    assert np.abs(two - one).max() < 0.1 * np.abs(one - plain).mean()


def test_synthetic_folds_without_a_way_to_make_images_are_refused(run, tmp_path):
    none = AUGMENT.model_copy(update={"strategy": "none"})
    with pytest.raises(ParameterError, match=r"crossval\.synthetic: augment\.strategy is 'none'"):
        run(tmp_path, synthetic=True, augment=none)


def test_a_fold_without_a_class_to_fill_up_is_what_it_is_without_synthesis(
    run, undisturbed, tmp_path
):
    large = AUGMENT.model_copy(update={"min_real": 100, "target_count": 200})
    logits, folds = run(tmp_path, folds=[1], synthetic=True, augment=large)
    (facts,) = folds["folds"]
    assert facts["synthetic"] == {}
    plain = undisturbed[0][undisturbed[0]["fold"] == 1]
    pd.testing.assert_frame_equal(logits, plain, check_exact=True)
