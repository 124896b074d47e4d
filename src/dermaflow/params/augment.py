"""Parameters of augment: which classes are filled up, and by which GAN."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dermaflow.params.base import Fraction, Params, PositiveFloat, PositiveInt


class DcganParams(Params):
    """The DCGAN that is fitted for each minority class."""

    pixels: Literal[32, 64]  # side of the generated square; resized to the store's shape
    latent: PositiveInt  # length of the noise vector
    width: Annotated[int, Field(ge=8, le=512)]  # channels of the widest-resolution layer
    steps: PositiveInt  # generator updates a class
    batch_size: Annotated[int, Field(ge=4, le=1024)]
    learning_rate: PositiveFloat
    beta1: Fraction  # Adam's first moment
    ema_decay: Fraction
    r1_penalty: Annotated[float, Field(ge=0)]  # weight of the gradient penalty on real images
    r1_every: PositiveInt  # steps between two such penalties
    grid_every: PositiveInt  # steps between two rows of the progress grid
    log_every: PositiveInt  # steps between two logged losses


class AugmentParams(Params):
    strategy: Literal["dcgan", "none"]
    target_count: PositiveInt  # training images a class, real and synthetic together
    min_real: Annotated[int, Field(ge=4)]  # classes with fewer real training images get no GAN
    dcgan: DcganParams
