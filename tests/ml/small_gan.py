"""The least GAN that the parameters allow, and a finder of copies to go with it."""

from dermaflow.params.augment import AugmentParams, DcganParams
from dermaflow.params.duplicates import DuplicateParams

AUGMENT = AugmentParams(
    strategy="dcgan",
    target_count=12,
    min_real=4,
    dcgan=DcganParams(
        pixels=32,
        latent=8,
        width=8,
        steps=2,
        batch_size=4,
        learning_rate=2e-4,
        beta1=0.5,
        ema_decay=0.9,
        r1_penalty=0.1,
        r1_every=2,
        grid_every=1,
        log_every=1,
    ),
)
DUPLICATES = DuplicateParams(keypoints=200, words=32, candidates=5, agreeing=10, chance_pairs=0.5)
