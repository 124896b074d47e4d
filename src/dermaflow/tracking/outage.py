"""Telling MLflow of an end where MLflow may be what has ended."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import mlflow

from dermaflow.errors import TrackingError
from dermaflow.tracking.store import ANSWER_SECONDS, require_answer

logger = logging.getLogger(__name__)


@contextmanager
def unheard(what: str) -> Iterator[None]:
    """Let no failure of MLflow hide the one that there is already, or take minutes over it.

    Args:
        what: is told to MLflow, for the log.
    """
    _try_once_if_gone()
    try:
        yield
    except Exception as error:
        logger.warning("%s could not be told to MLflow: %s", what, error)
        logger.debug("Not told to MLflow", exc_info=error)


def _try_once_if_gone() -> None:
    """Let each later call end at once where no server answers, MLflow's own at exit as well.

    It would try again for minutes at each, which is right for a run that could still go on.
    """
    try:
        require_answer(mlflow.get_tracking_uri())
    except TrackingError:
        os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
        os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = str(ANSWER_SECONDS)
