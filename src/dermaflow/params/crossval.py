"""Parameters of cross-validation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, model_validator

from dermaflow.params.base import OpenFraction, Params, PositiveInt, Strings

# What folds leave for the stage that scores them, under the names that the catalog gives.
FOLD_FILES = ("crossval_logits.parquet", "crossval_folds.json")


def _as_numbers(value: object) -> object:
    """``all`` is none in particular, and a single one may be written without brackets."""
    if value == "all":
        return []
    return [value] if isinstance(value, int) else value


class CrossvalParams(Params):
    """Which folds are trained here, and what they keep whole."""

    # They say which folds there are, not what becomes of one.
    WITHOUT_EFFECT: ClassVar = ("folds", "collect")

    protocol: Literal["lesion", "image"]
    folds: Annotated[list[PositiveInt], BeforeValidator(_as_numbers)]  # none: all there are
    collect: Strings  # folders with FOLD_FILES of other machines
    val: OpenFraction  # of all images; chooses a fold's epoch, temperature and thresholds
    synthetic: bool  # whether generators of a fold's own fill up its small classes
    views: Literal[1, 2, 4, 8]

    def raw_paths(self) -> list[Path]:
        """Files of the folds that other machines trained."""
        return self.collected_files

    @property
    def collected_files(self) -> list[Path]:
        """FOLD_FILES of each folder of ``collect``."""
        return [Path(folder).expanduser() / name for folder in self.collect for name in FOLD_FILES]

    @model_validator(mode="after")
    def _is_there(self) -> CrossvalParams:
        if len(set(self.folds)) < len(self.folds):
            raise ValueError(f"folds: {self.folds} names a fold twice")
        for path in self.collected_files:
            if not path.is_file():
                raise ValueError(f"collect: there is no file {path}")
        return self
