"""The pyfunc model, logged as this very file (MLflow's "models from code"): no pickle anywhere."""

# ruff: noqa: E402 - what is imported before may decide how the rest is
from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc.model import PythonModel, PythonModelContext

# Python would leave bytecode in the model's folder, where the list of files knows of none.
_WRITES_NONE, sys.dont_write_bytecode = sys.dont_write_bytecode, True
from dermaflow.data.images.pixel_modes import ImageError
from dermaflow.io.file_list import check_list
from dermaflow.serving.columns import INPUT_COLUMN
from dermaflow.serving.predictor import Predictor

sys.dont_write_bytecode = _WRITES_NONE

# Name of the artifact that is the folder of weights.
WEIGHTS = "weights"


class InvalidImageError(MlflowException):
    """Answered with status 400 and our text alone.

    MLflow's scoring server writes the request's data in front of an exception's message. An image
    of a patient must not come back in an error, or stand in a log, so the message stays as it was.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        super().__init__(text, error_code=INVALID_PARAMETER_VALUE)

    @property
    def message(self) -> str:
        """The text, whatever is assigned."""
        return self._text

    @message.setter
    def message(self, value: str) -> None:
        """Ignore what the server would make of it."""


class DermaflowModel(PythonModel):
    """Base64 images in, probabilities and calls out; see ``contract.json`` beside the weights."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the weights once, when the model is loaded.

        Raises:
            IntegrityError: the model's folder does not hold the files that were registered.
            WeightsError: see ``Predictor``.
        """
        weights = Path(context.artifacts[WEIGHTS])
        check_list(weights.parents[1])  # MLflow keeps it in `artifacts` of the model's folder
        self._predictor = Predictor(weights)

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Answer for the images of a request; see ``Predictor.predict``."""
        try:
            return self._predictor.predict(model_input[INPUT_COLUMN].tolist())
        except ImageError as error:
            raise InvalidImageError(str(error)) from None


mlflow.models.set_model(DermaflowModel())
