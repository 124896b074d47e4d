"""The fitting of a GAN beside the updates of its two networks alone."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

import torch

from dermaflow.io.progress import Progress
from dermaflow.ml.runtime import detect_runtime
from dermaflow.ml.synthesis.dcgan import (
    build_discriminator,
    build_generator,
    discriminator_loss,
    fit_dcgan,
    generator_loss,
    r1_penalty,
    to_square,
)
from dermaflow.ml.synthesis.fill_classes import PRECISION
from dermaflow.ml.training.metric_sink import MetricSink
from dermaflow.params.augment import DcganParams
from dermaflow_bench.timing import time_pairs
from dermaflow_bench.workload import Workload


def measure_gan(workload: Workload, sink: MetricSink) -> Iterator[str]:
    """Lines on ``fit_dcgan``, for as many steps as lie between two rows of its progress grid."""
    dcgan = workload.parameters.augment.dcgan
    params = dcgan.model_copy(update={"steps": dcgan.grid_every})
    runtime, seed = detect_runtime(PRECISION), workload.parameters.seed
    largest = workload.images["label"].value_counts().idxmax()
    ids = workload.images.loc[workload.images["label"] == largest, "image_id"].tolist()
    pixels = workload.store.read(ids)
    bare = BareGan(to_square(torch.from_numpy(pixels), params.pixels), params, runtime.device)
    with Progress(desc="dcgan", unit="step", leave=False) as progress:
        found = time_pairs(
            first=lambda: bare.run(params.steps),
            second=lambda: fit_dcgan(
                pixels, params, runtime, seed, str(largest), sink.log, progress.update
            ),
            pairs=workload.config.pairs,
            seconds=workload.config.seconds,
        )
    yield (
        f"# gan: {len(found.ratios)} pairs of {params.steps} steps, {params.pixels} px, "
        f"batch {params.batch_size}, width {params.width}, {runtime.name}"
    )
    yield from found.lines("gan_ceiling_ratio")
    yield f"gan_steps_per_s: {params.steps / median(found.second):.1f}"


class BareGan:
    """Both networks' updates on images and noise that lie in memory: nothing drawn or averaged.

    Args:
        images: float (N, 3, S, S) in [-1, 1]; the first batch of them is used, again and again.
    """

    def __init__(self, images: torch.Tensor, params: DcganParams, device: torch.device) -> None:
        self._params = params
        self._generator = build_generator(params).to(device)
        self._discriminator = build_discriminator(params).to(device)
        repeated = images.repeat(-(-params.batch_size // len(images)), 1, 1, 1)
        self._real = repeated[: params.batch_size].to(device)
        self._noise = torch.randn(params.batch_size, params.latent).to(device)
        self._optimizer_g, self._optimizer_d = (
            torch.optim.Adam(
                network.parameters(), params.learning_rate, (params.beta1, 0.999), fused=True
            )
            for network in (self._generator, self._discriminator)
        )

    def run(self, steps: int) -> None:
        """So many updates of both, with the penalty of real images' gradients as often as in ml."""
        every = self._params.r1_every
        for step in range(steps):
            fake = self._generator(self._noise)
            penalised = self._params.r1_penalty > 0 and step % every == 0
            real = self._real.detach().requires_grad_(penalised)
            real_logits = self._discriminator(real)
            loss = discriminator_loss(real_logits, self._discriminator(fake.detach()))
            if penalised:
                weight = self._params.r1_penalty / 2 * every
                loss = loss + weight * r1_penalty(real_logits, real)
            self._optimizer_d.zero_grad()
            loss.backward()
            self._optimizer_d.step()
            loss = generator_loss(self._discriminator(fake))
            self._optimizer_g.zero_grad()
            loss.backward()
            self._optimizer_g.step()
