"""One training from images to described weights, which goes on where it was stopped."""

import numpy as np
import pytest
import torch

from conf_params import params_of
from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.ml.models.classifier import load_classifier
from dermaflow.ml.training.batches import LabelledImages
from dermaflow.ml.training.fine_tune import fine_tune
from dermaflow.ml.training.working_folder import WorkingFolder
from ml.recipes import make_params

CLASSES = ["nv", "mel"]  # in the order of the outputs
IMAGE = params_of("image", {"height": 64, "width": 64, "max_pixels": 5000})
RECIPE = {
    "epochs": 1,
    "batch_size": 4,
    "log_every": 1,
    "colour_constancy": 6,
    "checkpoint_seconds": 3600,
    "learning_rate": 1e-4,
}


class StoppedError(Exception):
    pass


def stop(metrics, step):
    """A log that ends a training at the first that it tells."""
    raise StoppedError


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """Real and further training images, and others; an update is done on four of six."""
    folder = tmp_path_factory.mktemp("images") / "store"
    rng = np.random.default_rng(0)
    pictures = (StoredImage(f"x{n}", rng.integers(0, 256, (32, 40, 3), np.uint8)) for n in range(8))
    write_image_store(folder, ImageBatch(pictures, (32, 40, 3)))
    store = ImageStore(folder)
    real, more, val = (
        LabelledImages(store, np.array(rows), np.array(rows) % 2)
        for rows in ([0, 1, 2, 3], [4, 5], [6, 7])
    )
    return [real, more], val


@pytest.fixture(scope="module")
def run(sets, tmp_path_factory):
    """Train in the same folder, by parameters as a runner tells of them."""
    folder = tmp_path_factory.mktemp("training")

    def run(log=lambda metrics, step: None, seed=1, **changes):
        params = make_params(**(RECIPE | changes))
        parameters = {"train": params.model_dump(mode="json"), "seed": seed}
        working = WorkingFolder(folder, {"parameters": parameters})
        return fine_tune(sets, params, IMAGE, CLASSES, seed, log, working)

    return run


@pytest.fixture(scope="module")
def trained(run):
    """The weights and the course of a training of one update."""
    return run()


def test_weights_are_those_of_the_best_epoch_and_say_how_to_use_them(trained):
    weights, result = trained
    assert (result.best_epoch, len(result.history)) == (1, 1)
    assert weights.tensors is result.tensors
    classifier = load_classifier(weights)
    assert classifier.classes == ("nv", "mel")
    preprocess = classifier.preprocess
    assert (preprocess.height, preprocess.width, preprocess.max_pixels) == (32, 40, 5000)
    assert preprocess.colour_constancy == 6
    assert weights.config["stride"] == "torchvision"


def test_the_validation_images_choose_and_are_scored_by_the_averaged_weights(trained, sets):
    weights, result = trained
    classifier, (_, val) = load_classifier(weights), sets
    with torch.inference_mode():
        inputs = classifier.preprocess.to_input(torch.from_numpy(val.store.take(val.rows)))
        logits = classifier.network(inputs)
    loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(val.labels)).item()
    assert result.history[0]["val_loss"] == pytest.approx(loss, rel=1e-3)


def test_what_only_changes_how_it_is_done_finds_the_finished_training(run, trained):
    again, result = run(stop, workers=1, log_every=3, checkpoint_seconds=0, timeout_seconds=9)
    assert result.history == trained[1].history
    assert all(torch.equal(again.tensors[k], v) for k, v in trained[0].tensors.items())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"learning_rate": 2e-4}, "parameters.train.learning_rate"),
        ({"precision": "bf16"}, "parameters.train.precision, precision"),
    ],
)
def test_another_training_starts_anew(run, trained, caplog, changes, told):
    with pytest.raises(StoppedError):
        run(stop, **changes)
    assert "Training starts anew" in caplog.text
    assert f"made with other {told}" in caplog.text
