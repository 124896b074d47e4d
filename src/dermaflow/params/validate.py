"""Parameters of validate: what is expected of the data, the split and drift."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from dermaflow.params.base import OpenFraction, Params


class ExpectationParams(Params):
    """One Great Expectations expectation, and what happens to what breaks it."""

    expectation: Annotated[str, Field(pattern=r"^expect_[a-z_]+$")]
    kwargs: dict[str, Any]
    # The image is set aside; its value is not known; nothing happens; the whole run ends.
    on_failure: Literal["quarantine", "unset", "warn", "stop"]
    reason: str  # shown in the quarantine table or in the error


class SplitParams(Params):
    """Shares of images; groups (lesions, patients) are never divided."""

    val: OpenFraction
    test: OpenFraction
    folds: Annotated[int, Field(ge=2, le=20)]
    keep: str | None = None  # an earlier manifest, whose images stay on their sides

    @model_validator(mode="after")
    def _leaves_training_rows(self) -> SplitParams:
        if self.val + self.test >= 1:
            raise ValueError("val + test must leave something to train on (be below 1)")
        return self

    @model_validator(mode="after")
    def _kept_manifest_is_there(self) -> SplitParams:
        if self.keep and not Path(self.keep).expanduser().is_file():
            raise ValueError(f"split.keep: there is no file {self.keep}")
        return self


class DriftParams(Params):
    """How batches of images are compared with those trained on."""

    reference: str | None = None  # reference_profile.json of an earlier run; None: no comparison
    sample: Annotated[int, Field(ge=20, le=1000)]  # images of which a profile keeps embeddings
    # Deals that tell what chance does; of fewer no p-value is small enough once it is adjusted.
    permutations: Annotated[int, Field(ge=499, le=10_000)]

    @model_validator(mode="after")
    def _reference_is_there(self) -> DriftParams:
        if self.reference and not Path(self.reference).expanduser().is_file():
            raise ValueError(f"drift.reference: there is no file {self.reference}")
        return self


class ValidateParams(Params):
    expectations: dict[str, list[ExpectationParams]]  # suite name -> expectations
    decisions: str | None = None  # CSV by which people overrule the finder of duplicates
    drift: DriftParams
    split: SplitParams

    def raw_paths(self) -> list[Path]:
        """People's decisions, the split that is kept, and the earlier profile."""
        named = (self.decisions, self.split.keep, self.drift.reference)
        return [Path(path).expanduser() for path in named if path]
