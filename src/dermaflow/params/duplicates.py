"""How pictures of one lesion are found, which validate, augment and crossval_train look for."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dermaflow.params.base import Params, PositiveFloat


class DuplicateParams(Params):
    """How pictures of one lesion under several ids are found."""

    words: Annotated[int, Field(ge=16, le=1024)]  # typical halves of a feature, of each half
    candidates: Annotated[int, Field(ge=0, le=200)]  # looked at closely of each; 0: find none
    agreeing: Annotated[int, Field(ge=4)]  # features that must lie where they should, at least
    chance_pairs: PositiveFloat  # pairs of different lesions to be expected by chance
