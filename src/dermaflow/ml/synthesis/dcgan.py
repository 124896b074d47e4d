"""DCGAN: networks, losses and fitting (Radford et al. 2016, arXiv:1511.06434).

Additions for small classes: every image the discriminator sees, real or generated, passes the same
random differentiable change (Zhao et al. 2020, arXiv:2006.10738), gradients on real images are
penalised (R1; Mescheder et al. 2018, arXiv:1801.04406), and the generator that is kept is a moving
average of the trained one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from dermaflow.io.seeding import derive_seed
from dermaflow.ml.augmentation.batch_random import Draws
from dermaflow.ml.augmentation.geometry_and_light import augment_batch
from dermaflow.ml.runtime import Runtime, beside, torch_generator
from dermaflow.ml.training.checkpoints import Checkpoint, Checkpoints, below
from dermaflow.ml.training.ema import Ema
from dermaflow.params.augment import DcganParams
from dermaflow.params.train import BatchAugmentParams

Log = Callable[[Mapping[str, float], int], None]

# Geometry only: a colour change applied to both sides would still let the generator drift in hue.
DISCRIMINATOR_AUGMENTATION = BatchAugmentParams(
    flip=True, rotate=True, max_degrees=0, zoom=0, shift=0.1, brightness=0, contrast=0, colour=0
)

GRID_IMAGES = 8


@dataclass(frozen=True)
class FittedGan:
    """Outcome of fitting one class.

    Attributes:
        tensors: state dict of the averaged generator, on the CPU.
        grid: uint8 (rows, GRID_IMAGES, S, S, 3); the same noise at growing training steps.
        history: one record every ``log_every`` steps.
    """

    tensors: dict[str, Tensor]
    grid: NDArray[np.uint8]
    history: list[dict[str, float]]


def build_generator(params: DcganParams) -> nn.Sequential:
    """Noise (N, latent) to images (N, 3, S, S) in [-1, 1]."""
    doublings = _doublings(params.pixels)
    channels = params.width * 2**doublings
    layers: list[nn.Module] = [
        nn.Unflatten(1, (params.latent, 1, 1)),
        nn.ConvTranspose2d(params.latent, channels, 4, bias=False),  # (N, C, 4, 4)
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
    ]
    for _ in range(doublings):  # each doubles the side and halves the channels
        layers += [
            nn.ConvTranspose2d(channels, channels // 2, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(channels // 2),
            nn.ReLU(inplace=True),
        ]
        channels //= 2
    layers += [nn.ConvTranspose2d(channels, 3, 4, stride=2, padding=1), nn.Tanh()]
    return nn.Sequential(*layers)


def build_discriminator(params: DcganParams) -> nn.Sequential:
    """Images (N, 3, S, S) to one logit each (N,); positive means real."""
    channels = params.width
    layers: list[nn.Module] = [nn.Conv2d(3, channels, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
    for _ in range(_doublings(params.pixels)):
        layers += [
            nn.Conv2d(channels, channels * 2, 4, stride=2, padding=1, bias=False),
            # Not batch norm: R1 needs the gradient of each image by itself.
            nn.GroupNorm(1, channels * 2),
            nn.LeakyReLU(0.2),
        ]
        channels *= 2
    layers += [nn.Conv2d(channels, 1, 4), nn.Flatten(0)]
    return nn.Sequential(*layers)


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Cross-entropy of both sides: mean softplus(-D(x)) + mean softplus(D(G(z)))."""
    return functional.softplus(-real).mean() + functional.softplus(fake).mean()


def generator_loss(fake: Tensor) -> Tensor:
    """Non-saturating loss: mean softplus(-D(G(z)))."""
    return functional.softplus(-fake).mean()


def r1_penalty(real_logits: Tensor, real_images: Tensor) -> Tensor:
    """Mean squared gradient norm of the logits in the real images: E ||grad D(x)||^2."""
    (gradient,) = torch.autograd.grad(real_logits.sum(), real_images, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean()


def fit_dcgan(
    images: NDArray[np.uint8],
    params: DcganParams,
    runtime: Runtime,
    seed: int,
    name: str,
    log: Log,
    advance: Callable[[int], Any] = lambda steps: None,
) -> FittedGan:
    """Fit a generator to the images of one class.

    Args:
        images: uint8 (N, H, W, 3), training rows of one class; resized to the GAN's square.
        name: of the class; part of every seed, and of the names of the logged losses.
        log: called every ``log_every`` steps with ``gan/<name>_…``.
        advance: called with the number of steps done since the last call.
    """
    real = to_square(torch.from_numpy(images), params.pixels).to(runtime.device)
    step = _GanStep(params, runtime, derive_seed(seed, "gan", name))
    noise = torch.randn(GRID_IMAGES, params.latent, generator=torch_generator(seed, "grid", name))
    grid, history = [], []
    for count in range(1, params.steps + 1):
        losses = step(real)
        advance(1)
        if count % params.log_every == 0:
            record = {key: float(value) for key, value in losses.items()}
            history.append({"step": count, **record})
            log({f"gan/{name}_{key}": value for key, value in record.items()}, count)
        if count % params.grid_every == 0 or count == params.steps:
            grid.append(generate(step.ema.module, noise.to(runtime.device)))
    return FittedGan(step.ema.copy_weights(), np.stack(grid), history)


def keep_gan(kept: Checkpoints, gan: FittedGan, steps: int) -> None:
    """Write a fitted generator, of so many steps, where ``kept_gan`` finds it."""
    tensors = {f"generator.{name}": tensor for name, tensor in gan.tensors.items()}
    tensors["grid"] = torch.from_numpy(gan.grid)
    kept.save(Checkpoint(steps, tensors, {"history": gan.history}))


def kept_gan(kept: Checkpoints) -> FittedGan | None:
    """What ``keep_gan`` wrote; None where there is nothing."""
    found = kept.latest()
    if found is None:
        return None
    grid: NDArray[np.uint8] = found.tensors["grid"].numpy()
    return FittedGan(below("generator", found.tensors), grid, found.facts["history"])


class _GanStep:
    """One update of the discriminator and one of the generator."""

    def __init__(self, params: DcganParams, runtime: Runtime, seed: int) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self._generator = _initialise(build_generator(params)).to(runtime.device)
            self._discriminator = _initialise(build_discriminator(params)).to(runtime.device)
        self.ema = Ema(self._generator, params.ema_decay)
        self._params = params
        self._count = 0
        self._random = torch.Generator().manual_seed(seed)
        betas = (params.beta1, 0.999)
        rate = params.learning_rate
        self._optimizer_g = torch.optim.Adam(self._generator.parameters(), rate, betas, fused=True)
        self._optimizer_d = torch.optim.Adam(
            self._discriminator.parameters(), rate, betas, fused=True
        )

    def __call__(self, images: Tensor) -> dict[str, Tensor]:
        """Losses of the step, as detached scalars."""
        size = self._params.batch_size
        chosen = torch.randint(len(images), (size,), generator=self._random)
        real = images[beside(chosen, images)]
        noise = torch.randn(size, self._params.latent, generator=self._random)
        fake = self._generator(beside(noise, images))
        loss_d = self._update_discriminator(real, fake.detach())
        self._count += 1
        loss_g = generator_loss(self._discriminator(self._augment(fake)))
        self._optimizer_g.zero_grad()
        loss_g.backward()
        self._optimizer_g.step()
        self.ema.update_parameters(self._generator)
        return {"discriminator_loss": loss_d.detach(), "generator_loss": loss_g.detach()}

    def _update_discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        # The penalty costs a second backward pass, so it is taken now and then at full weight
        # (lazy regularisation; Karras et al. 2020, arXiv:1912.04958).
        every = self._params.r1_every
        penalised = self._params.r1_penalty > 0 and self._count % every == 0
        real = self._augment(real).requires_grad_(penalised)
        real_logits = self._discriminator(real)
        loss = discriminator_loss(real_logits, self._discriminator(self._augment(fake)))
        total = loss
        if penalised:
            weight = self._params.r1_penalty / 2 * every
            total = loss + weight * r1_penalty(real_logits, real)
        self._optimizer_d.zero_grad()
        total.backward()
        self._optimizer_d.step()
        return loss

    def _augment(self, images: Tensor) -> Tensor:
        pixels = (images + 1) * 127.5
        return augment_batch(pixels, DISCRIMINATOR_AUGMENTATION, Draws(self._random)) / 127.5 - 1


def generate(generator: nn.Module, noise: Tensor) -> NDArray[np.uint8]:
    """Images of the given noise (N, latent), as uint8 (N, S, S, 3)."""
    generator.eval()
    with torch.inference_mode():
        images = generator(noise)
    pixels = ((images + 1) * 127.5).round().clamp(0, 255).byte()
    array: NDArray[np.uint8] = pixels.permute(0, 2, 3, 1).cpu().numpy()
    return array


def to_square(pixels: Tensor, side: int) -> Tensor:
    """uint8 (N, H, W, 3) to float (N, 3, side, side) in [-1, 1]; proportions are not kept."""
    images = pixels.permute(0, 3, 1, 2).float() / 127.5 - 1
    return functional.interpolate(images, (side, side), mode="bilinear", antialias=True)


def to_shape(pixels: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """uint8 (N, S, S, 3) to (N, height, width, 3): the inverse of ``to_square``'s squeeze."""
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float()
    resized = functional.interpolate(images, (height, width), mode="bicubic", antialias=True)
    array: NDArray[np.uint8] = resized.round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
    return array


def _doublings(pixels: int) -> int:
    """Layers between the 4 x 4 map and the last one, which doubles once more."""
    return {32: 2, 64: 3}[pixels]


def _initialise(network: nn.Sequential) -> nn.Sequential:
    """The paper's initialisation: normal weights of standard deviation 0.02."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, std=0.02)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
    return network
