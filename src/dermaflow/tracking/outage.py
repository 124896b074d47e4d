"""Telling MLflow of an end where MLflow may be what has ended."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import mlflow

from dermaflow.errors import TrackingError
from dermaflow.tracking.store_answer import ANSWER_SECONDS, require_answer

logger = logging.getLogger(__name__)

_ONE_TRY = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": str(ANSWER_SECONDS),
}


@contextmanager
def unheard(what: str) -> Iterator[None]:
    """Let no failure of MLflow hide the one that there is already, or take minutes over it.

    Args:
        what: is told to MLflow, for the log.
    """
    try:
        with _one_try_if_gone():
            yield
    except Exception as error:
        logger.warning("%s could not be told to MLflow: %s", what, error)
        logger.debug("Not told to MLflow", exc_info=error)


@contextmanager
def _one_try_if_gone() -> Iterator[None]:
    """Let each call end soon where the store does not answer.

    MLflow would try again for minutes at each, which is right for a run that could still go on.
    """
    try:
        require_answer(mlflow.get_tracking_uri())
    except TrackingError:
        before = {name: os.environ.get(name) for name in _ONE_TRY}
        os.environ.update(_ONE_TRY)
    else:
        before = {}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
