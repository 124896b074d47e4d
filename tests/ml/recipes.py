"""Training parameters for tests: those of conf/base but for what makes a run small and plain."""

from pathlib import Path

import yaml

from dermaflow.params.train import TrainParams

_BASE = Path(__file__).parents[2] / "conf" / "base" / "parameters_train.yml"
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
}
_STILL = {
    "flip": False,
    "rotate": False,
    "max_degrees": 0,
    "zoom": 0,
    "shift": 0,
    "brightness": 0,
    "contrast": 0,
    "colour": 0,
}


def make_params(augmented=True, augmentation=None, loss=None, **changes) -> TrainParams:
    """Validated parameters.

    Args:
        augmented: False turns off every change to the images but those of ``augmentation``.
        augmentation, loss: keys of these groups to set.
        changes: other keys of ``train`` to set.
    """
    values = yaml.safe_load(_BASE.read_text())["train"] | _SMALL
    values["augmentation"] |= ({} if augmented else _STILL) | (augmentation or {})
    values["loss"] |= {"label_smoothing": 0.0} | (loss or {})
    return TrainParams.model_validate(values | changes)
