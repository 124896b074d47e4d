"""Training parameters for tests: those of conf/ but for what makes a run small and plain."""

from conf_params import params_of
from dermaflow.params.train import TrainParams

_SMALL = {
    "epochs": 4,
    "batch_size": 16,
    "learning_rate": 0.05,
    "backbone_factor": 0.5,
    "weight_decay": 0.01,
    "warmup_epochs": 1,
    "ema_decay": 0.9,
    "balance": 1.0,
    "patience": 10,
    "precision": "fp32",
    "workers": 0,
    "log_every": 2,
    "loss.label_smoothing": 0.0,
}
_STILL = {
    "augmentation.flip": False,
    "augmentation.rotate": False,
    "augmentation.max_degrees": 0,
    "augmentation.zoom": 0,
    "augmentation.shift": 0,
    "augmentation.brightness": 0,
    "augmentation.contrast": 0,
    "augmentation.colour": 0,
}


def make_params(augmented=True, augmentation=None, loss=None, **changes) -> TrainParams:
    """Validated parameters.

    Args:
        augmented: False turns off every change to the images but those of ``augmentation``.
        augmentation, loss: keys of these groups to set.
        changes: other keys of ``train`` to set.
    """
    values = _SMALL | ({} if augmented else _STILL)
    values |= {f"augmentation.{key}": value for key, value in (augmentation or {}).items()}
    values |= {f"loss.{key}": value for key, value in (loss or {}).items()}
    return params_of("train", values | changes)
