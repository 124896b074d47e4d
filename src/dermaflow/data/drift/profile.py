"""The profile of a set of pictures: what is kept of them, so that others can be compared later.

It is small JSON without a picture, a name or an id. Of each group (a lesion, or a patient with all
lesions) one picture is counted: pictures of one lesion are alike, and to count them all would make
chance look like drift.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError, model_validator

from dermaflow.data.drift.appearance import EMBEDDING_LENGTH
from dermaflow.data.drift.drift_features import CATEGORIES, NUMBERS
from dermaflow.errors import SourceError

_DIGITS = 3  # of an embedding


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Categories(_Part):
    """How often each category occurs, and how many pictures have none."""

    counts: dict[str, NonNegativeInt]
    missing: NonNegativeInt


class Histogram(_Part):
    """How many pictures are in each bin of the feature's ``Scale``, and how many in none."""

    counts: list[NonNegativeInt]
    missing: NonNegativeInt


class Embeddings(_Part):
    """Mean and standard deviation of each number of the embedding, and embeddings of a few."""

    mean: list[float]
    std: list[float]
    sample: list[list[float]]

    def standardise(self, vectors: ArrayLike) -> NDArray[np.float64]:
        """Embeddings in standard deviations of this set from its mean, (N, D)."""
        mean, std = np.array(self.mean), np.array(self.std)
        centred = np.asarray(vectors, np.float64).reshape(-1, len(mean)) - mean
        return np.asarray(centred / np.where(std > 0, std, 1))


class Profile(_Part):
    """What is kept of a set of pictures.

    Attributes:
        format: of this file.
        stored_size: height and width in pixels of the stored pictures, on which what is measured of
            them depends.
        images: pictures of the set.
        groups: of the set; so many pictures are counted below.
        categories: by column of the manifest.
        numbers: by column of the manifest, or what was measured of the pixels.
        embeddings: see ``dermaflow.data.drift.appearance.embed``.
    """

    format: Literal[1]
    stored_size: tuple[int, int]
    images: NonNegativeInt
    groups: NonNegativeInt
    categories: dict[str, Categories]
    numbers: dict[str, Histogram]
    embeddings: Embeddings

    @model_validator(mode="after")
    def _is_of_our_features(self) -> Profile:
        bins = {name: len(histogram.counts) for name, histogram in self.numbers.items()}
        if bins != {name: scale.bins for name, scale in NUMBERS.items()}:
            raise ValueError("numbers are not those that this version measures")
        if self.categories.keys() != CATEGORIES.keys():
            raise ValueError("categories are not those that this version looks at")
        vectors = [self.embeddings.mean, self.embeddings.std, *self.embeddings.sample]
        if any(len(vector) != EMBEDDING_LENGTH for vector in vectors):
            raise ValueError("embeddings are not those that this version measures")
        return self


def build_profile(
    rows: pd.DataFrame,
    embeddings: NDArray[np.float32],
    images: int,
    stored_size: tuple[int, int],
    sample: int,
    rng: np.random.Generator,
) -> Profile:
    """Summarise a set of pictures.

    Args:
        rows: a row a group, with the columns of ``CATEGORIES`` and ``NUMBERS``.
        embeddings: of these, float32 (N, D).
        images: of the set, before one a group was chosen.
        stored_size: see ``Profile``.
        sample: embeddings that are kept, at most.
        rng: chooses them.
    """
    chosen = np.sort(rng.permutation(len(rows))[:sample])
    return Profile(
        format=1,
        stored_size=stored_size,
        images=images,
        groups=len(rows),
        categories={name: _count_categories(rows[name]) for name in CATEGORIES},
        numbers={
            name: Histogram(
                counts=scale.count(rows[name]).tolist(), missing=int(rows[name].isna().sum())
            )
            for name, scale in NUMBERS.items()
        },
        embeddings=Embeddings(
            mean=_rounded(embeddings.mean(0, dtype=np.float64)),
            std=_rounded(embeddings.std(0, dtype=np.float64)),
            sample=_rounded(embeddings[chosen]),
        ),
    )


def read_profile(path: str, stored_size: tuple[int, int]) -> Profile:
    """Read a profile that an earlier run wrote.

    Args:
        path: of its JSON file.
        stored_size: height and width of this run's pictures.

    Raises:
        SourceError: the file cannot be read, is no profile, or is one of pictures of another size.
    """
    try:
        profile = Profile.model_validate_json(Path(path).expanduser().read_bytes())
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read ({error.strerror}); see validate.drift.reference"
        ) from error
    except ValidationError as error:
        raise SourceError(
            f"{path} is no profile ({_first(error)}); validate.drift.reference is to name the "
            "reference_profile.json of a run"
        ) from error
    if profile.stored_size != stored_size:
        theirs, ours = (
            f"{width} x {height}" for height, width in (profile.stored_size, stored_size)
        )
        raise SourceError(
            f"{path} is of pictures stored at {theirs} pixels, and these are at {ours}, which "
            "cannot be compared; set image.width and image.height as they were, or take another "
            "validate.drift.reference"
        )
    return profile


def _count_categories(values: pd.Series) -> Categories:
    counts = values.dropna().astype(str).value_counts()
    return Categories(counts=dict(sorted(counts.items())), missing=int(values.isna().sum()))


def _rounded(values: NDArray[Any]) -> list[Any]:
    rounded: list[Any] = np.round(values.astype(np.float64), _DIGITS).tolist()
    return rounded


def _first(error: ValidationError) -> str:
    detail: Mapping[str, Any] = error.errors()[0]
    key = ".".join(map(str, detail["loc"]))
    return f"{key}: {detail['msg']}" if key else str(detail["msg"])
