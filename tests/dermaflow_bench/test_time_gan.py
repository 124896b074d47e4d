"""Bare updates of the GAN are those of the stage, and cost less than all of it."""

import torch

from dermaflow.ml.runtime import detect_runtime
from dermaflow.ml.synthesis import dcgan
from dermaflow.ml.training.metric_sink import NullSink
from dermaflow_bench.time_gan import BareGan, measure_gan

RUNTIME = detect_runtime("fp32")


def test_bare_gan_penalises_as_often_as_the_stage(workload, monkeypatch):
    params = workload.parameters.augment.dcgan.model_copy(update={"r1_every": 3})
    calls = []

    def counting(logits, images):
        calls.append(images.requires_grad)
        return dcgan.r1_penalty(logits, images)

    monkeypatch.setattr("dermaflow_bench.time_gan.r1_penalty", counting)
    bare = BareGan(torch.zeros(2, 3, params.pixels, params.pixels), params, RUNTIME.device)
    bare.run(7)  # steps 0, 3 and 6
    assert calls == [True] * 3


def test_as_many_steps_are_timed_as_lie_between_two_rows_of_the_grid(workload):
    comment, *lines = measure_gan(workload, NullSink())
    assert comment.startswith("# gan: 1 pairs of 2 steps, 32 px, batch 8, width 8, ")
    found = dict(line.split(": ") for line in lines)
    assert 0 < float(found["gan_ceiling_ratio"]) < 1  # the stage builds its networks, too
    assert float(found["gan_steps_per_s"]) > 0
