"""A version's files, fetched and checked, before anything is decided on them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import mlflow
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model

from dermaflow.errors import IntegrityError, RegistryError
from dermaflow.io.full_disk import is_full
from dermaflow.io.redaction import redact
from dermaflow.io.text import one_line
from dermaflow.registry.evidence import Evidence, read_evidence
from dermaflow.registry.model_files import EVIDENCE_FOLDER, check_model
from dermaflow.registry.signature import check_signature

DIGEST_TAG, SIGNATURE_TAG = "digest", "signature"  # of a version
_SHOWN = 200  # characters of another library's error


@dataclass(frozen=True)
class CheckedModel:
    """A version's files as they were registered.

    Attributes:
        folder: a private copy, for as long as ``fetch_checked`` lasts.
        digest: of the list of its files, 64 hex digits.
        evidence: what is known of it.
    """

    folder: Path
    digest: str
    evidence: Evidence


@contextmanager
def fetch_checked(
    client: MlflowClient, version: ModelVersion, *, digest: str | None = None
) -> Iterator[CheckedModel]:
    """Copy a version's files to a folder of this user's alone and check the copy.

    Args:
        client: of the registry.
        version: to be fetched.
        digest: that it must have; None for the one that its tag names.

    Raises:
        IntegrityError: the files are not those that were registered, or where the host asks for a
            signature there is no valid one; the text names the version and says what is wrong.
        RegistryError: the files cannot be fetched, or the evidence among them says what cannot be.
    """
    named = f"version {version.version} of {version.name}"
    with tempfile.TemporaryDirectory(prefix="dermaflow-") as private:  # mode 0700
        folder = _fetch(client, version, Path(private) / "model")
        try:
            found = check_model(folder, version.name, str(version.version))
            _check_digest(found, version.tags.get(DIGEST_TAG), digest)
            check_signature(found, version.tags.get(SIGNATURE_TAG))
            _check_model_id(folder, version.source or "")
            evidence = read_evidence(folder / EVIDENCE_FOLDER)
        except (IntegrityError, RegistryError) as error:
            raise type(error)(f"{named}: {error}") from error
        yield CheckedModel(folder, found, evidence)


def _check_digest(found: str, tagged: str | None, asked: str | None) -> None:
    if not tagged:
        raise IntegrityError(f"it has no tag {DIGEST_TAG}, and its files have the digest {found}")
    if found != tagged:
        raise IntegrityError(f"its files have the digest {found}, its tag says {tagged}")
    if asked is not None and found != asked.strip().lower():
        raise IntegrityError(f"its files have the digest {found}, not {asked}, which was asked for")


def _check_model_id(folder: Path, source: str) -> None:
    """Refuse the files of another version, whose digest and signature would be valid, too."""
    registered = source.removeprefix("models:/")
    if registered == source or "/" in registered:  # a copy that MLflow made of a version
        return
    found = Model.load(str(folder)).model_id
    if found != registered:
        raise IntegrityError(f"its files are those of the model {found}, not of {registered}")


def _fetch(client: MlflowClient, version: ModelVersion, folder: Path) -> Path:
    """Copy the files, links as links, to ``folder`` or into it; gives where they are then."""
    try:
        place = client.get_model_version_download_uri(version.name, version.version)
        address = urlsplit(place)
        if address.scheme in ("", "file"):
            return Path(shutil.copytree(Path(url2pathname(address.path)), folder, symlinks=True))
        folder.mkdir(mode=0o700)
        copy = mlflow.artifacts.download_artifacts(
            artifact_uri=place, dst_path=str(folder), tracking_uri=client.tracking_uri
        )
    except (MlflowException, OSError) as error:
        if is_full(error):
            raise
        # MLflow sets a heading before what the server said: "##### File … #####".
        reason = one_line(redact(str(error).rpartition("#####")[2]), _SHOWN)
        raise RegistryError(
            f"version {version.version} of {version.name}: its files cannot be fetched: {reason}"
        ) from error
    return Path(copy)
