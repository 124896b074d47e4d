"""``conf/<env>/bench.yml``, typed."""

from __future__ import annotations

from dermaflow.params.base import OpenFraction, Params, PositiveFloat, PositiveInt


class GridConfig(Params):
    """Where in the grid of `kedro bench --grid` the training is timed.

    Attributes:
        pixels: sides of square images.
        batches: images of one update.
        processes: that train together; more than 1 with the recipe's own batch.
        images: of one turn, in whole batches, of which there is one at least.
    """

    pixels: list[PositiveInt]
    batches: list[PositiveInt]
    processes: list[PositiveInt]
    images: PositiveInt


class GatePowerConfig(Params):
    """What `kedro bench --gates` simulates.

    Attributes:
        disagreements: shares of test images of which two models say another class, such as two
            trainings that differ by their seed.
        rivals: of each kind.
        resamples: of each comparison.
    """

    disagreements: list[OpenFraction]
    rivals: PositiveInt
    resamples: PositiveInt


class BenchConfig(Params):
    """How much is measured.

    Attributes:
        images: taken of the source, at most.
        phantom_side: to which phantoms are enlarged before they are encoded, in pixels.
        pairs: of a stage's turn and a bare one, at most.
        seconds: after which a measurement begins no further pair.
        train_steps: updates of the classifier in one turn.
        grid: see GridConfig.
        gates: see GatePowerConfig.
    """

    images: PositiveInt
    phantom_side: PositiveInt
    pairs: PositiveInt
    seconds: PositiveFloat
    train_steps: PositiveInt
    grid: GridConfig
    gates: GatePowerConfig
