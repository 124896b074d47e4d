"""Synthetic images of a fold are of its training images, and of nothing that it holds out."""

import numpy as np
import pytest

from dermaflow.experiments.crossval.fold_synthesis import FoldSynthesis
from dermaflow.experiments.crossval.folds import make_folds
from dermaflow.ml.training.working_folder import WorkingFolder
from experiments.crossval.images import CLASSES, PICTURES, make_manifest, write_store
from feature_store import write_features
from ml import small_gan

AUGMENT = small_gan.AUGMENT.model_copy(update={"target_count": 5, "min_real": 2})
VAL = 0.2


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return write_store(PICTURES, tmp_path_factory.mktemp("images") / "store")


def draw(source, folder, fold, seed=1, augment=AUGMENT):
    names = source.index["image_id"].tolist()
    pictures = dict(zip(names, source.read(names), strict=True))
    features = write_features(folder.with_name(f"{folder.name}_features"), pictures)
    synthesis = FoldSynthesis(source, features, augment, small_gan.DUPLICATES, CLASSES)
    working = WorkingFolder(folder, {"run": "a"})
    return synthesis.draw(fold, seed, working, lambda metrics, step: None)


def pixels(synthetic):
    return synthetic.images.store.take(synthetic.images.rows)


@pytest.mark.parametrize("protocol", ["lesion", "image"])
def test_generators_of_a_fold_see_none_of_its_held_out_images(protocol, store, tmp_path):
    fold, other_fold = make_folds(make_manifest(), protocol, VAL, 1)
    held_out = fold.held_out["image_id"].str.removeprefix("i").astype(int)
    changed = PICTURES.copy()
    changed[held_out] = 255 - changed[held_out]
    drawn = draw(store, tmp_path / "a", fold)
    same = draw(write_store(changed, tmp_path / "changed"), tmp_path / "b", fold)
    np.testing.assert_array_equal(pixels(same), pixels(drawn))
    assert same.digest == drawn.digest
    other = draw(store, tmp_path / "c", other_fold)
    assert not np.array_equal(pixels(other), pixels(drawn))
    assert other.digest != drawn.digest


@pytest.fixture(scope="module")
def drawn(store, tmp_path_factory):
    """The first fold, its folder, and what was drawn for it."""
    fold = make_folds(make_manifest(), "lesion", VAL, 1)[0]
    folder = tmp_path_factory.mktemp("drawn")
    return fold, folder, draw(store, folder, fold)


def test_each_class_is_filled_up_to_the_target_with_its_own_label(drawn):
    fold, _, synthetic = drawn
    real = fold.parts["train"]["label"].value_counts()
    counts = {code: AUGMENT.target_count - int(real[code]) for code in CLASSES}
    assert synthetic.facts == {"synthetic": counts, "synthetic_copies": 0}
    assert synthetic.images.labels.tolist() == [0] * counts["mel"] + [1] * counts["nv"]
    assert pixels(synthetic).shape == (sum(counts.values()), 32, 32, 3)


def test_finished_generators_of_an_interrupted_run_are_taken_as_they_are(drawn, store, caplog):
    fold, folder, synthetic = drawn
    with caplog.at_level("INFO"):
        again = draw(store, folder, fold)
    np.testing.assert_array_equal(pixels(again), pixels(synthetic))
    assert again.digest == synthetic.digest
    assert "The generator of mel is fitted already" in caplog.messages


def test_another_seed_is_another_digest(drawn, store, tmp_path):
    fold, _, synthetic = drawn
    assert draw(store, tmp_path, fold, seed=2).digest != synthetic.digest


def test_a_fold_without_a_class_to_fill_up_gets_no_images(drawn, store, tmp_path):
    large = AUGMENT.model_copy(update={"min_real": 100, "target_count": 200})
    none = draw(store, tmp_path, drawn[0], augment=large)
    assert none.facts == {"synthetic": {}, "synthetic_copies": 0}
    assert len(none.images) == 0
