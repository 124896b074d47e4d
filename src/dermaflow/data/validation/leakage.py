"""How much of a test set has a picture of the same lesion in training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

DRAWS = 20  # splits by images, over which the figures are means


def measure_leakage(
    manifest: pd.DataFrame, test_share: float, rng: np.random.Generator
) -> dict[str, Any]:
    """Leakage of the manifest's split, and of one by images with as large a test set.

    Args:
        manifest: with ``label``, ``group_id`` and ``split``.
        test_share: of the images of each class.
        rng: draws the splits by images.

    Returns:
        ``split`` and ``image_split``, each with the share of ``test_images`` that have one of their
        group outside the test set, and ``by_class`` the same for each class.
    """
    draws = [share_leaking(manifest, _draw(manifest, test_share, rng)) for _ in range(DRAWS)]
    return {
        "split": _as_report(share_leaking(manifest, manifest["split"] == "test")),
        "image_split": _as_report(pd.concat(draws, axis=1).mean(axis=1)),
    }


def _draw(manifest: pd.DataFrame, share: float, rng: np.random.Generator) -> pd.Series:
    """Whether an image is in a test set that was drawn by class, image by image."""
    place = pd.Series(rng.random(len(manifest)), manifest.index).groupby(manifest["label"])
    return place.rank(pct=True) <= share


def share_leaking(manifest: pd.DataFrame, is_test: pd.Series) -> pd.Series:
    """Of the test images those with a sibling elsewhere: of all (index ""), and of each class.

    Args:
        manifest: with ``label`` and ``group_id``.
        is_test: of each row.
    """
    tests_of_group = is_test.groupby(manifest["group_id"]).transform("mean")
    leaking = (tests_of_group < 1)[is_test]
    by_class = leaking.groupby(manifest["label"][is_test]).mean()
    return pd.concat([pd.Series({"": leaking.mean()}), by_class])


def _as_report(shares: pd.Series) -> dict[str, Any]:
    rounded = {str(label): round(float(share), 4) for label, share in shares.items()}
    return {"test_images": rounded.pop(""), "by_class": rounded}
