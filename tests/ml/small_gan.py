"""The least GAN that the parameters allow, and a finder of copies to go with it."""

import pandas as pd

from conf_params import params_of

AUGMENT = params_of(
    "augment",
    {
        "target_count": 12,
        "min_real": 4,
        "dcgan.pixels": 32,
        "dcgan.latent": 8,
        "dcgan.width": 8,
        "dcgan.steps": 2,
        "dcgan.batch_size": 4,
        "dcgan.ema_decay": 0.9,
        "dcgan.r1_every": 2,
        "dcgan.grid_every": 1,
        "dcgan.log_every": 1,
    },
)
DUPLICATES = params_of("duplicates", {"candidates": 5})


def make_manifest(real, classes):
    """A manifest of training rows, so many of each class, and two held-out rows of each."""
    rows = [(code, "train") for code, count in real.items() for _ in range(count)]
    rows += [(code, split) for code in classes for split in ("val", "test")]
    manifest = pd.DataFrame(rows, columns=["label", "split"])
    manifest["data_version"] = "v1"
    manifest.insert(0, "image_id", [f"x{number}" for number in range(len(manifest))])
    return manifest
