"""Folds are trained one by one, once each, wherever and whenever that happens."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.errors import ParameterError, SourceError, ValidationError
from dermaflow.experiments.crossval.collect_folds import decisive
from dermaflow.experiments.crossval.fold_synthesis import FoldSynthesis
from dermaflow.experiments.crossval.folds import make_folds
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.params.crossval import CrossvalParams
from dermaflow.params.image import ImageParams
from dermaflow.params.train import BackboneParams
from dermaflow.pipelines.crossval_train.nodes import train_folds
from ml import small_gan
from ml.small_gan import DUPLICATES
from ml.small_training import PARAMS

CLASSES = ["mel", "nv"]
IMAGES = 20
TRAIN = PARAMS.model_copy(
    update={
        "epochs": 1,
        "batch_size": 5,
        "checkpoint_seconds": 60,
        "backbone": BackboneParams(
            weights="scratch",
            name="IMAGENET1K_V2",
            stride="torchvision",
            frozen=["stem"],
            batch_norm="train",
        ),
    }
)
AUGMENT = small_gan.AUGMENT.model_copy(update={"target_count": 5, "min_real": 2})
IMAGE = ImageParams(height=32, width=32, max_bytes=10_000, max_pixels=10_000)
CROSSVAL = CrossvalParams(
    protocol="lesion", folds="all", collect=[], val=0.2, synthetic=False, views=2
)
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
def pictures():
    return np.random.default_rng(0).integers(0, 256, (IMAGES, 32, 32, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def store(pictures, tmp_path_factory):
    return write_store(pictures, tmp_path_factory.mktemp("images") / "store")


def write_store(pictures, folder):
    images = (StoredImage(f"i{number}", picture) for number, picture in enumerate(pictures))
    write_image_store(folder, ImageBatch(images, (32, 32, 3)))
    return ImageStore(folder)


@pytest.fixture(scope="module")
def manifest():
    """Two folds of ten lesions each, and an external image that has no part in it."""
    number = np.arange(IMAGES)
    table = pd.DataFrame(
        {
            "image_id": [f"i{n}" for n in number],
            "lesion_id": [f"l{n}" for n in number],
            "patient_id": None,
            "sha256": [f"{n}" for n in number],
            "source": "drawn",
            "label": np.array(CLASSES)[number % 2],
            "split": np.array(["train", "val", "test"])[number % 3],
            "fold": number // 2 % 2 + 1,
        }
    )
    outside = table.tail(1).assign(image_id="x", lesion_id="x", sha256="x", split="external")
    table = pd.concat([table, outside.assign(fold=0)], ignore_index=True)
    return table.assign(group_id=table["lesion_id"], data_version="v1")


@pytest.fixture(scope="module")
def run(manifest, store):
    def run(folder, made_from=MADE_FROM, augment=AUGMENT, train=TRAIN, **changes):
        crossval = CROSSVAL.model_copy(update=changes)
        working = WorkingFolder(folder, made_from)
        return train_folds(
            manifest, store, crossval, augment, DUPLICATES, train, IMAGE, CLASSES, 1, working
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
    assert found[1]["folds"] == undisturbed[1]["folds"]
    assert "Fold 1 is done already" in caplog.messages
    assert "Fold 2 is done already" not in caplog.messages


def test_folds_of_other_machines_are_taken_over(first_alone, run, undisturbed, tmp_path):
    machine = tmp_path / "other"
    machine.mkdir()
    logits, folds = first_alone[1]
    logits.to_parquet(machine / "crossval_logits.parquet")
    (machine / "crossval_folds.json").write_text(json.dumps(folds))
    here = {str(machine / "crossval_logits.parquet"): "hash"}  # as the runner tells of it
    found = run(tmp_path / "b", {**MADE_FROM, "external": here}, collect=[str(machine)])
    pd.testing.assert_frame_equal(found[0], undisturbed[0], check_exact=True)
    assert found[1]["folds"] == undisturbed[1]["folds"]
    assert found[1]["made_from"] == folds["made_from"]
    assert not (tmp_path / "b/fold_1").exists()


def test_what_was_collected_must_be_of_the_same_and_there_once(first_alone, run, tmp_path):
    machine = tmp_path / "other"
    machine.mkdir()
    logits, folds = first_alone[1]
    logits.to_parquet(machine / "crossval_logits.parquet")
    (machine / "crossval_folds.json").write_text(json.dumps(folds))
    other = {**MADE_FROM, "inputs or code": {"manifest.parquet": "b"}}
    with pytest.raises(ValidationError, match=r"other inputs or code\.manifest\.parquet"):
        run(tmp_path / "c", other, collect=[str(machine)])
    with pytest.raises(ValidationError, match=r"fold 1 is in .* once more"):
        run(tmp_path / "c", collect=[str(machine), str(machine)])
    (machine / "crossval_logits.parquet").write_bytes(b"cut short")
    with pytest.raises(SourceError, match=r"holds no folds .*crossval\.collect"):
        run(tmp_path / "c", collect=[str(machine)])


def test_how_a_fold_is_trained_decides_it_and_which_others_are_does_not():
    def decided(precision="cpu/fp32", crossval=CROSSVAL, **changes):
        groups = {**MADE_FROM["parameters"], "crossval": crossval.model_dump(), **changes}
        working = WorkingFolder(Path("unused"), {**MADE_FROM, "parameters": groups})
        return decisive(working, crossval, precision)

    some = CROSSVAL.model_copy(update={"folds": [2]})
    faster = TRAIN.model_dump() | {"workers": 3, "checkpoint_seconds": 9.0, "processes": 2}
    assert decided(crossval=some, train=faster) == decided()
    assert decided(crossval=CROSSVAL.model_copy(update={"val": 0.3})) != decided()
    assert decided(train=TRAIN.model_dump() | {"epochs": 3}) != decided()
    # How synthetic images are made matters where there are any.
    more = AUGMENT.model_dump() | {"target_count": 9}
    filled = CROSSVAL.model_copy(update={"synthetic": True})
    assert decided(augment=more) == decided()
    assert decided(augment=more, crossval=filled) != decided(crossval=filled)
    assert decided("cuda/bf16") != decided()


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


@pytest.mark.parametrize("protocol", ["lesion", "image"])
def test_generators_of_a_fold_see_none_of_its_held_out_images(
    protocol, manifest, pictures, store, tmp_path, caplog
):
    fold = make_folds(manifest, protocol, CROSSVAL.val, 1)[0]
    held_out = fold.held_out["image_id"].str.removeprefix("i").astype(int)
    changed = pictures.copy()
    changed[held_out] = 255 - changed[held_out]
    elsewhere = write_store(changed, tmp_path / "changed")

    def draw(source, folder, rows=fold):
        synthesis = FoldSynthesis(source, AUGMENT, DUPLICATES, CLASSES)
        working = WorkingFolder(tmp_path / folder, {"run": "a"})
        return synthesis.draw(rows, 1, working, lambda metrics, step: None)

    def pixels(synthetic):
        return synthetic.images.store.take(synthetic.images.rows)

    drawn = draw(store, "a")
    counts = drawn.facts["synthetic"]
    assert drawn.images.labels.tolist() == [0] * counts["mel"] + [1] * counts["nv"]
    same = draw(elsewhere, "b")
    np.testing.assert_array_equal(pixels(same), pixels(drawn))
    assert same.digest == drawn.digest
    other = draw(store, "c", make_folds(manifest, protocol, CROSSVAL.val, 1)[1])
    assert not np.array_equal(pixels(other), pixels(drawn))
    assert other.digest != drawn.digest
    # Finished generators of an interrupted run are taken as they are.
    with caplog.at_level("INFO"):
        again = draw(store, "a")
    np.testing.assert_array_equal(pixels(again), pixels(drawn))
    assert "The generator of mel is fitted already" in caplog.messages


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
