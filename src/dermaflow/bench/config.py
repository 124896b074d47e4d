"""``conf/<env>/bench.yml``, typed."""

from __future__ import annotations

from dermaflow.params.base import Params, PositiveFloat, PositiveInt


class BenchConfig(Params):
    """How much is measured.

    Attributes:
        images: taken of the source, at most.
        phantom_side: to which phantoms are enlarged before they are encoded, in pixels.
        pairs: of a stage's run and a bare one, in turns.
        seconds: after which a measurement begins no further pair.
        train_steps: updates of the classifier in one run.
    """

    images: PositiveInt
    phantom_side: PositiveInt
    pairs: PositiveInt
    seconds: PositiveFloat
    train_steps: PositiveInt
