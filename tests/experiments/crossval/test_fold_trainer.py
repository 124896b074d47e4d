"""A fold that is done is found; one that is not is trained. No network is trained here."""

import numpy as np
import pytest
import torch

from conf_params import params_of
from dermaflow.errors import WeightsError
from dermaflow.experiments.crossval.fold_trainer import FoldTrainer
from dermaflow.experiments.crossval.folds import make_folds
from dermaflow.ml.training.checkpoints import Checkpoint, Checkpoints
from dermaflow.ml.training.working_folder import WorkingFolder
from experiments.crossval.images import CLASSES, PICTURES, make_manifest, write_store

FACTS = {"fold": 1, "best_epoch": 1}


@pytest.fixture(scope="module")
def folds():
    return make_folds(make_manifest(), "lesion", 0.2, 1)


@pytest.fixture
def make_trainer(tmp_path):
    """A trainer whose every training fails at once: its first weights are no weights."""
    store = write_store(PICTURES, tmp_path / "store")
    (tmp_path / "damaged.safetensors").write_text("no tensors here")
    backbone = {"backbone.weights": "file", "backbone.path": str(tmp_path / "damaged.safetensors")}

    def make():
        return FoldTrainer(
            store,
            params_of("crossval", {"synthetic": False}),
            None,
            params_of("train", backbone),
            params_of("image"),
            CLASSES,
            1,
            WorkingFolder(tmp_path / "folds", {"run": "a"}),
        )

    return make


def leave_done(folder, fold, logits, other=None):
    """What a finished fold leaves; ``other`` is what it was made from, where that is another."""
    decides = {"run": "a", "fold": fold.number} | (other or {})
    done = Checkpoint(3, {"logits": torch.from_numpy(logits)}, FACTS)
    Checkpoints(folder / f"folds/fold_{fold.number}/done", decides).save(done)


def numbered(fold):
    """Logits that tell the place of each row."""
    count = len(fold.held_out)
    return np.arange(2 * count, dtype=np.float32).reshape(count, 2)


def test_a_finished_fold_is_a_table_of_its_held_out_images_in_their_order(
    folds, make_trainer, tmp_path
):
    fold, trainer = folds[0], make_trainer()
    leave_done(tmp_path, fold, numbered(fold))
    table, facts = trainer.result(fold)
    assert facts == FACTS
    named = ["fold", "image_id", "group_id", "source", "label", "split", "logit_mel", "logit_nv"]
    assert list(table.columns) == named
    parts = fold.parts
    assert table["image_id"].tolist() == [*parts["val"]["image_id"], *parts["test"]["image_id"]]
    assert table["split"].tolist() == ["val"] * len(parts["val"]) + ["test"] * len(parts["test"])
    assert table["label"].tolist() == [*parts["val"]["label"], *parts["test"]["label"]]
    assert table["fold"].eq(1).all()
    assert table.index.tolist() == list(range(len(table)))
    np.testing.assert_array_equal(table[["logit_mel", "logit_nv"]], numbered(fold))
    assert table["logit_mel"].dtype == np.float32


@pytest.mark.parametrize("other", [{"run": "b"}, {"fold": 2}])
def test_a_fold_that_was_made_from_something_else_is_trained_anew(
    folds, make_trainer, tmp_path, other, caplog
):
    leave_done(tmp_path, folds[0], numbered(folds[0]), other)
    with pytest.raises(WeightsError, match="not readable safetensors"):
        make_trainer().result(folds[0])
    assert f"made with other {next(iter(other))}" in caplog.text


def test_each_fold_is_kept_in_a_place_of_its_own(folds, make_trainer, tmp_path):
    trainer = make_trainer()
    for fold, add in zip(folds, (0, 100), strict=True):
        leave_done(tmp_path, fold, numbered(fold) + add)
    tables = [trainer.result(fold)[0] for fold in folds]
    assert [table["logit_mel"].min() for table in tables] == [0, 100]
    assert not set(tables[0].query("split == 'test'")["image_id"]) & set(
        tables[1].query("split == 'test'")["image_id"]
    )
