"""Evidence of made-up models of made-up lesions, with figures that are measured and not written."""

from dataclasses import replace

import numpy as np
import pandas as pd

from conf_params import params_of
from dermaflow.ml.evaluation.decision_rule import DecisionRule
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.measure import measure
from dermaflow.registry.evidence import Evidence, image_table
from dermaflow.registry.gates import images_of_part, predictions_of

CLASSES = ("bcc", "mel", "nv")
EVALUATE = params_of("evaluate", {"bootstrap_samples": 200})


def make_manifest(lesions, seed=0, prefix="", images=2):
    """A manifest of so many lesions of each class, of two images each; 3 in 5 are tested.

    Args:
        lesions: of each class.
        seed: of what the images show.
        prefix: of names, and in the content.
        images: of each lesion.
    """
    numbers = np.repeat(np.arange(lesions * len(CLASSES)), images)
    splits = np.array(["test", "train", "test", "val", "test"], dtype=object)
    names = [f"{prefix}{lesion}_{place % images}" for place, lesion in enumerate(numbers)]
    return pd.DataFrame(
        {
            "image_id": names,
            "group_id": [f"{prefix}l{lesion}" for lesion in numbers],
            "sha256": [f"{prefix}sha{name}" for name in names],
            "label": np.array(CLASSES, dtype=object)[numbers % len(CLASSES)],
            "split": splits[numbers // len(CLASSES) % len(splits)],
            "source": "own",
        }
    )


def make_predictions(manifest, quality=3.0, seed=0, noise=0.3):
    """Calibrated or not, of all images: what is of an image is the same for each model.

    Args:
        manifest: of the images.
        quality: how far logits are moved towards the true class.
        seed: of the model's own noise.
        noise: its size.
    """
    rng = np.random.default_rng(seed)
    truth = np.array([CLASSES.index(code) for code in manifest["label"]])
    shown = np.array([_shown(name) for name in manifest["group_id"]])
    logits = shown + noise * rng.normal(size=shown.shape) + quality * np.eye(3)[truth]
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    columns = {f"p_{code}": probabilities[:, place] for place, code in enumerate(CLASSES)}
    return manifest[["image_id"]].assign(**columns)


def _shown(name):
    """What a lesion looks like: a random direction that its name decides."""
    return np.random.default_rng(list(name.encode())).normal(size=3)


def make_evidence(manifest, predictions, env="base", tested=("test", "val", "external"), **changes):
    """Evidence with the figures of the images; ``changes`` replace what it says."""
    held_out = manifest.loc[manifest["split"].isin(tested), "image_id"]
    known = predictions[predictions["image_id"].isin(held_out)]
    evidence = Evidence(
        parts={},
        environment=env,
        data_version="d1",
        metrics_run="r1",
        classes=CLASSES,
        groups_across_splits=0,
        broken=(),
        confidence=EVALUATE.confidence,
        resamples=EVALUATE.bootstrap_samples,
        images=image_table(manifest, known, list(CLASSES)),
    )
    sources = sorted(manifest.loc[manifest["split"] == "external", "source"].unique())
    parts = {
        part: measured(evidence, part) for part in ("test", *(f"external/{s}" for s in sources))
    }
    return replace(evidence, **({"parts": parts} | changes))


def measured(evidence, part):
    """Figures of a part, as evaluate makes them."""
    predictions = predictions_of(images_of_part(evidence, part), evidence.classes)
    generator = np.random.default_rng(0)
    samples = EVALUATE.bootstrap_samples
    sets = {
        "mel/coverage_in_band": Estimate(1.0, groups=60),
        "nv/coverage_in_band": Estimate(1.0, groups=60),
        "sets_chose_epoch": Estimate(0.0),
    }
    return measure(predictions, DecisionRule(), EVALUATE, samples, generator) | sets
