"""A training as a file: what it names is what is trained on."""

import numpy as np
import pytest
import torch

from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.ml.training.batches import LabelledImages
from dermaflow.ml.training.checkpoints import Checkpoint
from dermaflow.ml.training.training_job import ImageList, TrainingJob
from ml import small_training
from ml.recipes import make_params
from ml.small_training import PREPROCESS, ignore, make_sets


@pytest.fixture
def images(tmp_path):
    """Three of five flat images, in another order than the store's."""
    pictures = (StoredImage(f"x{v}", np.full((32, 32, 3), v, np.uint8)) for v in range(5))
    write_image_store(tmp_path / "store", ImageBatch(pictures, (32, 32, 3)))
    store = ImageStore(tmp_path / "store")
    return LabelledImages(store, np.array([4, 0, 2]), np.array([1, 0, 1]))


def make_job(images, folder, **changes):
    """A job whose parts can be told apart."""
    fewer = LabelledImages(images.store, images.rows[:1], images.labels[:1])
    values = {
        "classes": 2,
        "train": [ImageList.of(images), ImageList.of(fewer)],
        "val": ImageList.of(fewer),
        "preprocess": PREPROCESS.to_dict(),
        "params": make_params(epochs=3, colour_constancy=6),
        "seed": 5,
        "checkpoints": str(folder / "training"),
        "made_from": {"run": "a"},
    }
    return TrainingJob(**(values | changes))


def test_a_list_opens_the_images_that_it_was_made_of(images, tmp_path, monkeypatch):
    """Wherever the process that opens it works."""
    monkeypatch.chdir(tmp_path)
    near = LabelledImages(ImageStore("store"), images.rows, images.labels)
    listed = ImageList.of(near).model_dump_json()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    opened = ImageList.model_validate_json(listed).open()
    assert opened.store.take(opened.rows)[:, 0, 0, 0].tolist() == [4, 0, 2]
    assert opened.labels.tolist() == [1, 0, 1]
    assert opened.rows.dtype == opened.labels.dtype == np.int64


def test_the_file_of_a_job_says_all_of_it(images, tmp_path):
    job = make_job(images, tmp_path)
    assert TrainingJob.model_validate_json(job.model_dump_json()) == job


def test_checkpoints_are_of_what_the_job_is_made_from(images, tmp_path):
    done = Checkpoint(7, {"weight": torch.ones(1)}, {})
    make_job(images, tmp_path).open_checkpoints().save(done)
    assert make_job(images, tmp_path).open_checkpoints().latest().steps == 7
    other = make_job(images, tmp_path, made_from={"run": "b"})
    assert other.open_checkpoints().latest() is None


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the images lie."""
    folder = tmp_path_factory.mktemp("sets")
    make_sets(folder)
    return folder


@pytest.mark.slow
def test_a_job_trains_the_real_network_in_two_processes(folder, tmp_path):
    """From the file of the job to the finished training; an epoch of four updates.

    Small ones: on 16 pixels, ResNet-50's last batch norms see a value an image, and what the order
    of sums changes soon grows.
    """
    train, val = small_training.open_sets(folder)
    params = make_params(
        epochs=1,
        learning_rate=1e-6,
        checkpoint_seconds=3600,
        processes=2,
        timeout_seconds=120,
    )
    job = TrainingJob(
        classes=2,
        train=[ImageList.of(train)],
        val=ImageList.of(val),
        preprocess=PREPROCESS.to_dict(),
        params=params,
        seed=1,
        checkpoints=str(tmp_path),
        made_from={"run": "a"},
    )
    alone = job.model_copy(
        update={
            "params": params.model_copy(update={"processes": 1}),
            "checkpoints": str(tmp_path / "alone"),
        }
    )
    results = [each.run(ignore) for each in (job, alone)]
    assert results[0].tensors.keys() == results[1].tensors.keys()
    together, single = (each.open_checkpoints().latest().tensors["losses"] for each in (job, alone))
    assert len(together) == 4
    torch.testing.assert_close(together, single, rtol=5e-3, atol=0)
