"""Everything under ``parameters`` in ``conf/``, typed.

Values live in ``conf/`` alone, so the models set types and ranges but no defaults, except ``None``
where a key is optional. Unknown keys are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, combinations, product
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from dermaflow.params.augment import AugmentParams
from dermaflow.params.base import Params
from dermaflow.params.class_names import LONGEST_NAME, ClassNames
from dermaflow.params.crossval import CrossvalParams
from dermaflow.params.duplicates import DuplicateParams
from dermaflow.params.evaluate import EvaluateParams
from dermaflow.params.explain import ExplainParams
from dermaflow.params.gate_metrics import MetricNames, unknown_metrics
from dermaflow.params.image import ImageParams
from dermaflow.params.ingest import IngestParams
from dermaflow.params.labels import LabelParams
from dermaflow.params.promote import PromoteParams
from dermaflow.params.register import RegisterParams
from dermaflow.params.search import Choices, Range, SearchParams
from dermaflow.params.train import TrainParams
from dermaflow.params.validate import ValidateParams


class Parameters(Params):
    """Everything under ``parameters`` in ``conf/``; its leaves are what MLflow logs."""

    seed: Annotated[int, Field(ge=0, lt=2**31)]
    labels: LabelParams
    class_names: ClassNames  # of codes whose name is not known otherwise
    image: ImageParams
    ingest: IngestParams
    duplicates: DuplicateParams
    validate_: ValidateParams = Field(alias="validate")
    augment: AugmentParams
    train: TrainParams
    evaluate: EvaluateParams
    explain: ExplainParams
    crossval: CrossvalParams
    search: SearchParams
    register_: RegisterParams = Field(alias="register")
    promote: PromoteParams

    @model_validator(mode="after")
    def _parts_agree(self) -> Parameters:
        """Raise ValueError with a text that begins with the key at fault."""
        height, width = self.image.height, self.image.width
        views = {"evaluate": self.evaluate.views, "crossval": self.crossval.views}
        for name, number in views.items():
            if number == 8 and height != width:
                raise ValueError(
                    f"{name}.views: 8 views are quarter turns, too, and need square images, but "
                    f"image is {height} x {width} pixels; take 4"
                )
        folds = self.validate_.split.folds
        if self.crossval.val + 1 / folds >= 1:
            raise ValueError(
                f"crossval.val: with {folds} folds (validate.split.folds) it must leave something "
                f"to train on (be below {1 - 1 / folds:g})"
            )
        beyond = [number for number in self.crossval.folds if number > folds]
        if beyond:
            raise ValueError(
                f"crossval.folds: there is no fold {beyond[0]}, but {folds} (validate.split.folds)"
            )
        _require_valid(self.train, self.search.space)
        known = {code for scheme in self.labels.schemes.values() for code in scheme}
        for code, name in self.class_names.items():
            if code not in known:
                raise ValueError(f"class_names.{code}: no label scheme has a class '{code}'")
            if not (name.isprintable() and 0 < len(name) <= LONGEST_NAME):
                raise ValueError(
                    f"class_names.{code}: a name is a line of 1 to {LONGEST_NAME} characters"
                )
        for name, point in self.evaluate.operating_points.items():
            key = f"evaluate.operating_points.{name}"
            if name in known:
                raise ValueError(f"{key}: a class has that name, and metrics of its own under it")
            if point.class_ not in known:
                raise ValueError(
                    f"{key}.class: no label scheme has a class '{point.class_}' "
                    f"({', '.join(sorted(known))})"
                )
        return self

    @model_validator(mode="after")
    def _gates_ask_for_metrics_that_exist(self) -> Parameters:
        codes = sorted({code for scheme in self.labels.schemes.values() for code in scheme})
        points, sources = self.evaluate.operating_points, self.ingest.sources
        names = MetricNames(tuple(codes), tuple(points), tuple(sources))
        for problem in unknown_metrics(self.promote, names):
            raise ValueError(problem)
        return self


def _require_valid(train: TrainParams, space: Mapping[str, Range | Choices]) -> None:
    """Raise ValueError if the search could not give train some value, or two values together."""
    examples = [[(key, value) for value in tried.examples] for key, tried in space.items()]
    pairs = chain.from_iterable(product(a, b) for a, b in combinations(examples, 2))
    for values in ({key: value} for key, value in chain(*examples)):
        _try_values(train, values)
    for pair in pairs:
        _try_values(train, dict(pair))


def _try_values(train: TrainParams, values: dict[str, Any]) -> None:
    said = " with ".join(f"{key} {value!r}" for key, value in values.items())
    try:
        train.with_values(values)
    except KeyError as error:
        raise ValueError(f"search.space: train has no key '{next(iter(values))}'") from error
    except ValidationError as error:
        raise ValueError(f"search.space: may not try {said}: {error.errors()[0]['msg']}") from error
