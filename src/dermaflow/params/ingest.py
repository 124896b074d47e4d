"""Parameters of ingest: where images come from, and how the store is divided."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from dermaflow.params.base import Params, Strings
from dermaflow.params.sources import AnySource


class FeatureParams(Params):
    """Local features of an image, by which others of the same lesion are recognised."""

    side: Annotated[int, Field(ge=64, le=1024)]  # pixels of the longer side, when they are found
    keypoints: Annotated[int, Field(ge=50, le=2000)]  # features of an image, at most


class IngestParams(Params):
    """Where images come from, and what for."""

    train: Annotated[Strings, Field(min_length=1)]  # sources that are split: train, val and test
    external: Strings  # sources on which the model is only tested
    sources: dict[Annotated[str, Field(pattern=r"^[a-z0-9_]+$")], AnySource]
    unknown: Strings  # words of a table, whatever their case, that mean that a value is not known
    # What stands behind an image's name in that of its mask: `a_mask.png` is that of `a.jpg`.
    mask_suffixes: Annotated[Strings, Field(min_length=1)]
    shard_images: Annotated[int, Field(ge=16, le=65_536)]  # images a shard file
    features: FeatureParams

    @property
    def roles(self) -> dict[str, str]:
        """Role of each source in use, in order."""
        return dict.fromkeys(self.train, "train") | dict.fromkeys(self.external, "external")

    def raw_paths(self) -> list[Path]:
        """Raw files and folders of the sources in use."""
        return [path for name in self.roles for path in self.sources[name].raw_paths()]

    @model_validator(mode="after")
    def _sources_are_described(self) -> IngestParams:
        for name in (*self.train, *self.external):
            if name not in self.sources:
                known = ", ".join(self.sources)
                raise ValueError(f"there is no source '{name}' in ingest.sources ({known})")
        named = Counter([*self.train, *self.external])
        for name, times in named.items():
            if times > 1:
                raise ValueError(f"'{name}' is named {times} times under train and external")
        return self
