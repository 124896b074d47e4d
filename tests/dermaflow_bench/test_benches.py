"""What is timed is what the lines claim: real stages and bare work of the same size."""

import re

import numpy as np
import pytest
import torch
from kedro.config import OmegaConfigLoader
from tqdm import tqdm

from dermaflow.data.images.image_store import ImageStore
from dermaflow.ml.evaluation.decision_rule import DecisionRule
from dermaflow.ml.explanation.lime_maps import explain_with_lime
from dermaflow.ml.explanation.relevance import class_probability
from dermaflow.ml.runtime import detect_runtime
from dermaflow.ml.synthesis import dcgan as gan_module
from dermaflow.ml.training.metric_sink import NullSink
from dermaflow.params.parameters import Parameters
from dermaflow.settings import CONFIG_LOADER_ARGS
from dermaflow_bench.bench_config import BenchConfig
from dermaflow_bench.time_explanations import (
    UPDATES,
    bare_forward,
    build_classifier,
    count_evaluations,
    measure_attribution,
)
from dermaflow_bench.time_gan import BareGan, measure_gan
from dermaflow_bench.time_ingest import decode_in_threads, ingest, measure_ingest, read_files
from dermaflow_bench.time_training import (
    BareTraining,
    TrainingLoop,
    build_trainer,
    measure_training,
)
from dermaflow_bench.workload import prepare_workload

RUNTIME = detect_runtime("fp32")


@pytest.fixture(scope="module")
def conf(project_path):
    return OmegaConfigLoader(str(project_path / "conf"), env="smoke", **CONFIG_LOADER_ARGS)


@pytest.fixture(scope="module")
def workload(conf, tmp_path_factory):
    """Sixteen phantoms and the smallest networks that the parameters allow."""
    grid = {"pixels": [32], "batches": [4], "processes": [1], "images": 8}
    config = BenchConfig(images=16, phantom_side=96, pairs=1, seconds=1, train_steps=2, grid=grid)
    parameters = Parameters.model_validate(conf["parameters"])
    backbone = parameters.train.backbone.model_copy(update={"frozen": ["stem", "layer1"]})
    train = parameters.train.model_copy(update={"batch_size": 4, "backbone": backbone})
    parameters = parameters.model_copy(update={"train": train})
    return prepare_workload(parameters, config, tmp_path_factory.mktemp("bench"))


def values(lines):
    pattern = re.compile(r"(\w+): (\S+)")
    return dict(pattern.fullmatch(line).groups() for line in lines if not line.startswith("#"))


def test_every_environment_has_settings(project_path):
    for env in ("base", "ham10000", "ham10000_gpu", "smoke"):
        loader = OmegaConfigLoader(str(project_path / "conf"), env=env, **CONFIG_LOADER_ARGS)
        assert BenchConfig(**loader["bench"]).pairs > 0


def test_phantoms_become_files_that_are_bounded_and_sound(workload):
    (source,) = workload.parameters.ingest.train
    assert workload.parameters.ingest.sources[source].kind == "table"
    assert len(workload.images) == len(workload.store) == 16
    assert set(workload.images["label"]) <= set(workload.parameters.labels.classes)
    info = workload.store.index
    assert info["error"].isna().all()
    assert set(info["width"]) == {96}
    files = read_files(workload)
    assert len(files.images) == len(files.masks) == 16


def test_the_timed_ingest_stores_the_images_and_masks_of_the_workload(workload):
    ingest(workload)
    again = ImageStore(workload.folder / "again/image_store")
    ids = workload.images["image_id"].tolist()
    np.testing.assert_array_equal(again.read(ids), workload.store.read(ids))
    masks = ImageStore(workload.folder / "again/mask_store").read(ids)
    assert set(np.unique(masks)) == {0, 255}


def test_bare_decoding_refuses_what_is_no_image(workload):
    """It does decode: a pool's errors appear only where its results are taken."""
    files = read_files(workload)
    files.images[3] = files.images[3][:50]
    with pytest.raises(OSError):
        decode_in_threads(files, workload.parameters.image)


def test_the_loop_goes_on_from_turn_to_turn_and_into_the_next_epoch(workload, monkeypatch):
    monkeypatch.setattr("dermaflow_bench.time_training.EPOCH", 3)
    trainer = build_trainer(workload, RUNTIME)
    ends = []
    with tqdm(disable=False) as progress:
        loop = TrainingLoop(trainer, progress, lambda metrics, step: ends.append(step))
        loop.run(2)
        assert (trainer.epoch, trainer.steps, progress.n) == (1, 2, 8)
        loop.run(2)
        assert (trainer.epoch, trainer.steps, progress.n) == (2, 4, 16)
    assert 3 in ends


def test_bare_training_updates_what_the_stage_updates(workload):
    bare = BareTraining(workload, RUNTIME)
    before = {k: v.clone() for k, v in bare.network.state_dict().items()}
    bare.run(2)
    after = bare.network.state_dict()
    changed = {name.split(".")[0] for name, value in after.items() if not value.equal(before[name])}
    assert changed == {"layer2", "layer3", "layer4", "fc"}
    assert after["layer4.0.bn1.num_batches_tracked"] == 2


def test_bare_gan_penalises_as_often_as_the_stage(workload, monkeypatch):
    params = workload.parameters.augment.dcgan.model_copy(update={"r1_every": 3})
    calls = []

    def counting(logits, images):
        calls.append(images.requires_grad)
        return gan_module.r1_penalty(logits, images)

    monkeypatch.setattr("dermaflow_bench.time_gan.r1_penalty", counting)
    bare = BareGan(torch.zeros(2, 3, params.pixels, params.pixels), params, RUNTIME.device)
    bare.run(7)  # steps 0, 3 and 6
    assert calls == [True] * 3


def test_bare_forward_runs_as_many_images_as_the_explainer_scores(workload):
    explain = workload.parameters.explain
    classifier = build_classifier(workload, RUNTIME)
    assert classifier.network.state_dict()["layer4.0.bn1.num_batches_tracked"] == UPDATES
    pixels = workload.store.read(workload.images["image_id"].head(1).tolist())[0]
    score = class_probability(classifier, DecisionRule(), "mel", RUNTIME, 8)
    count = count_evaluations(lambda p: explain_with_lime(p, pixels, explain.lime, 8, 1), score)
    assert count == explain.lime.samples == 32
    sizes = []
    handle = classifier.network.register_forward_hook(lambda *given: sizes.append(len(given[2])))
    bare_forward(classifier, pixels, 19, 8, RUNTIME)()
    handle.remove()
    assert sizes == [8, 8, 3]


@pytest.mark.slow
def test_every_measurement_gives_its_lines(workload):
    sink = NullSink()
    found = values(
        [
            *measure_ingest(workload),
            *measure_training(workload, sink),
            *measure_gan(workload, sink),
            *measure_attribution(workload),
        ]
    )
    ratios = [f"{n}_ceiling_ratio" for n in ("ingest", "train", "gan")]
    ratios += [f"{n}_forward_ratio" for n in ("lime", "shap")]
    for name in ratios:
        low, middle, high = (float(found[f"{name}{end}"]) for end in ("_low", "", "_high"))
        assert 0 < low <= middle <= high < float("inf")
    assert found["train_batch"] == "4"
    assert found["train_pixels"] == "32x32"
    assert found["train_precision"] in ("bf16", "fp32")
    assert float(found["train_images_per_s"]) > 0
