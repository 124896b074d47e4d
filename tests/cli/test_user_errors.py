"""Errors in words that a user can act on."""

import errno
import re
import shutil
import sqlite3

import pytest
from kedro.io import DatasetError
from mlflow.exceptions import MlflowException

from dermaflow.cli.user_errors import as_user_error
from dermaflow.errors import StorageError, TrackingError, WeightsError


def raised(error, cause=None):
    try:
        raise error from cause
    except Exception as caught:
        return caught


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "data/x"), StorageError, "left.*data/x"),
        (OSError(errno.EDQUOT, "Quota exceeded", "data/x"), StorageError, "no space left.*data/x"),
        (PermissionError(errno.EACCES, "denied", "data/x"), StorageError, "permission for data/x"),
        (OSError(errno.EROFS, "Read-only", "data/x"), StorageError, "data/x is .*read-only"),
        (OSError(errno.EFBIG, "File too large", "data/x"), StorageError, "data/x: File.*ulimit"),
        (OSError(errno.EIO, "Input/output error", "data/x"), StorageError, "data/x: .*damaged"),
        (OSError(errno.EMFILE, "Too many open files"), StorageError, "Too many .*ulimit -n"),
        (
            MlflowException("(sqlite3.OperationalError) database or disk is full"),
            StorageError,
            "no space left to write MLflow's database",
        ),
        (
            sqlite3.OperationalError("database or disk is full"),
            StorageError,
            "no space left to write MLflow's database",
        ),
        (
            RuntimeError("I/O error: No space left on device (os error 28)"),
            StorageError,
            "no space left to write the outputs",
        ),
        (OSError("3000000 requested and 1536000 written"), StorageError, "no space left to write"),
        (
            shutil.Error([("a", "b", "[Errno 28] No space left on device: 'b'")]),
            StorageError,
            "no space left to write",
        ),
        (MlflowException("no such\nthing"), TrackingError, "MLflow: no such thing"),
        (WeightsError("weights.safetensors is damaged"), WeightsError, "is damaged"),
    ],
)
def test_what_a_user_can_mend_is_found_behind_kedros_own_error(error, kind, text):
    told = as_user_error(raised(DatasetError("Failed while saving data"), error))
    assert type(told) is kind
    assert re.search(text, str(told))


def test_a_full_disk_names_the_dataset_where_the_system_names_no_file():
    saving = (
        "Failed while saving data to dataset kedro_datasets.pandas.parquet_dataset."
        "ParquetDataset(filepath=PurePosixPath('/data/a.parquet'), protocol='file')."
    )
    told = as_user_error(raised(DatasetError(saving), OSError(errno.ENOSPC, "No space left")))
    assert "/data/a.parquet" in str(told)


def test_a_long_error_of_mlflow_is_cut_after_its_secrets_were_hidden():
    text = f"{'x' * 280} postgresql://ward:hunter2hunter2@db/runs"
    told = str(as_user_error(raised(MlflowException(text))))
    assert "hunter" not in told
    assert "postgresql" in told


def test_what_only_a_developer_can_mend_stays_as_it_is():
    assert as_user_error(raised(ValueError("a defect"), KeyError("x"))) is None
    assert as_user_error(raised(OSError(errno.EINVAL, "Invalid argument", "data/x"))) is None


def test_our_error_wins_over_the_systems():
    inner = raised(WeightsError("weights.safetensors cannot be read"), PermissionError(13, "no"))
    assert as_user_error(raised(DatasetError("Failed while loading"), inner)) is inner
