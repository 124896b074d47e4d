"""What of a picture and its record is compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# A row a batch and feature, over which the suite `drift` is checked.
DRIFT_COLUMNS = (
    "batch",
    "feature",
    "images",
    "missing_share",
    "missing_excess",
    "statistic",
    "value",
    "expected_by_chance",
    "p_value",
    "p_adjusted",
)


@dataclass(frozen=True)
class Scale:
    """Equal bins into which a number is sorted; what is outside counts for the outermost.

    Attributes:
        title: what the number is, in words.
        unit: what it is measured in, or by.
        low: lower end of the first bin.
        high: upper end of the last bin.
        bins: how many; fine enough that a comparison by bins is one of the numbers themselves.
        bar: bins that are drawn as one.
    """

    title: str
    unit: str
    low: float
    high: float
    bins: int
    bar: int

    @property
    def width(self) -> float:
        """Of a bin."""
        return (self.high - self.low) / self.bins

    def count(self, values: pd.Series) -> NDArray[np.int64]:
        """Known values in each bin, int64 (bins,)."""
        known = values.dropna().to_numpy(dtype=np.float64)
        place = np.floor((known - self.low) / self.width).clip(0, self.bins - 1)
        return np.bincount(place.astype(np.int64), minlength=self.bins)


# Columns of the manifest -> what they are, in words.
CATEGORIES = {"label": "Class", "sex": "Sex", "localization": "Site"}

NUMBERS = {
    "age": Scale("Age", "years", 0, 120, 120, 5),
    "brightness": Scale("Brightness", "mean grey level", 0, 256, 128, 4),
    "contrast": Scale("Contrast", "standard deviation of grey levels", 0, 128, 128, 4),
    "sharpness": Scale("Sharpness", "log₁₀ of the Laplacian's variance", 0, 5, 125, 4),
    "redness": Scale("Redness", "mean CIELAB a*", -64, 64, 128, 2),
    "yellowness": Scale("Yellowness", "mean CIELAB b*", -64, 64, 128, 2),
}

EMBEDDING = "embedding"

TITLES = {
    **CATEGORIES,
    **{name: scale.title for name, scale in NUMBERS.items()},
    EMBEDDING: "Colour and texture",
}
