"""Asking a store for an answer, and saying what it takes where there is none."""

from __future__ import annotations

import requests
from mlflow.exceptions import MlflowException
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request
from mlflow.utils.uri import extract_db_type_from_uri
from sqlalchemy.exc import SQLAlchemyError

from dermaflow.errors import TrackingError
from dermaflow.io.redaction import redact
from dermaflow.io.text import one_line

ANSWER_SECONDS = 10
GONE = (502, 503, 504)  # what a proxy says for a server that is not there
_NO_DATABASE = "TEMPORARILY_UNAVAILABLE"  # MLflow's own word, beside a 503
_QUESTION = "/api/2.0/mlflow/experiments/search?max_results=1"
_SHOWN = 300  # characters of another's error
_WHERE = "MLFLOW_TRACKING_URI (or tracking_uri in conf/base/mlflow.yml)"

# Module that SQLAlchemy looks for -> what to install: an extra of ours for the driver that plain
# `postgresql://` takes, else the distribution, where the names differ.
_DRIVERS = {
    "psycopg": "dermaflow[postgres]",
    "psycopg2": "psycopg2-binary",
    "MySQLdb": "mysqlclient",
    "mysql": "mysql-connector-python",
}


def require_answer(uri: str) -> None:
    """Ask once for an answer, with MLflow's own client: MLflow would try for minutes.

    Args:
        uri: of a store. A SQLite file is not asked.

    Raises:
        TrackingError: a server gives no answer within ten seconds, or one that it is not there, as
            a proxy's; it or its certificate refuses; a database or its driver is not there.
    """
    if uri.startswith(("http://", "https://")):
        _require_server(uri)
    elif "://" in uri and not uri.startswith("sqlite") and _is_database(uri):
        _require_database(uri)


def _require_server(uri: str) -> None:
    shown = redact(uri)
    try:
        # As MLflow asks itself, so that all its settings of certificates and users count.
        answer = http_request(
            get_default_host_creds(uri),
            _QUESTION,
            "GET",
            max_retries=0,
            timeout=ANSWER_SECONDS,
            raise_on_status=False,
        )
    except MlflowException as error:
        raise _no_connection(shown, error) from error
    code = answer.status_code
    said = f"{code} {answer.reason or ''}".strip()
    if code in GONE and _NO_DATABASE in answer.text:
        raise TrackingError(
            f"the MLflow server at {shown} answers, but its database does not ({said}): ask its "
            "administrator to start it, and run again"
        )
    if code in GONE:
        raise _not_there(shown, said)
    if code == requests.codes.unauthorized:
        raise TrackingError(
            f"the MLflow server at {shown} does not know who asks ({said}): set "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
        )
    if code == requests.codes.forbidden:
        text = one_line(redact(answer.text), _SHOWN)
        raise TrackingError(
            f"the MLflow server at {shown} refuses ({said}: {text}): ask its administrator, or set "
            "another MLFLOW_TRACKING_USERNAME or MLFLOW_TRACKING_TOKEN"
        )


def _no_connection(shown: str, error: MlflowException) -> TrackingError:
    cause = error.__cause__ or error.__context__
    first = cause.args[0] if cause and cause.args else None  # urllib3's, in one of requests
    reason = one_line(redact(str(getattr(first, "reason", cause or error))), _SHOWN)
    if isinstance(cause, requests.exceptions.ProxyError):
        return TrackingError(
            f"the proxy does not lead to the MLflow server at {shown} ({reason}): correct "
            "HTTPS_PROXY or HTTP_PROXY, or name the server in NO_PROXY"
        )
    if isinstance(cause, requests.exceptions.SSLError) or "SSL" in reason:
        return TrackingError(
            f"no secure connection to the MLflow server at {shown} ({reason}): "
            "MLFLOW_TRACKING_SERVER_CERT_PATH names the file of its certificate authority, "
            "MLFLOW_TRACKING_CLIENT_CERT_PATH that of a certificate of your own if it asks for one"
        )
    if cause is None or not isinstance(cause, requests.exceptions.RequestException):
        # A setting that MLflow cannot use, such as the name of a file that is not there.
        return TrackingError(
            f"the MLflow server at {shown} cannot be asked ({reason}): correct the variables "
            "that begin with MLFLOW_TRACKING"
        )
    return _not_there(shown, reason)


def _not_there(shown: str, reason: str) -> TrackingError:
    return TrackingError(
        f"no MLflow server answers at {shown} ({reason}): start it, or correct {_WHERE}"
    )


def _is_database(uri: str) -> bool:
    try:
        return bool(extract_db_type_from_uri(uri))
    except MlflowException:  # what it is, MLflow will say
        return False


def _require_database(uri: str) -> None:
    from mlflow.store.db.utils import create_sqlalchemy_engine

    shown = redact(uri)
    try:
        engine = create_sqlalchemy_engine(uri)
        try:
            engine.connect().close()
        finally:
            engine.dispose()
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        package = _DRIVERS.get(module, module)
        in_checkout = "`uv sync --extra postgres`, or " if package.startswith("dermaflow") else ""
        raise TrackingError(
            f"{shown}: Python's driver for this database is missing: install it "
            f"({in_checkout}`uv pip install '{package}'`), or correct {_WHERE}"
        ) from error
    except (SQLAlchemyError, OSError, ValueError) as error:
        reason = one_line(redact(str(error).partition("\n(Background")[0]), _SHOWN)
        raise TrackingError(
            f"no database answers at {shown} ({reason}): start it, or correct {_WHERE}"
        ) from error
