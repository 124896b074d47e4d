"""The least GAN that the parameters allow, and a finder of copies to go with it."""

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
DUPLICATES = params_of("duplicates", {"keypoints": 200, "candidates": 5})
