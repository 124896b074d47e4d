"""Getting what DVC's cache lacks from its remote, and bringing there what the remote lacks."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path

from dermaflow.errors import VersioningError
from dermaflow.io.redaction import redact
from dermaflow.io.text import one_line
from dermaflow.versioning.dvc.cache import DvcCache
from dermaflow.versioning.dvc.internals import DvcRepository, open_repository
from dermaflow.versioning.dvc.leftovers import holding

logger = logging.getLogger(__name__)


def fetch(project_path: Path, hashes: Collection[str], url: str | None = None) -> str:
    """Get outputs by their hashes, whatever commit is checked out; progress goes to the terminal.

    Args:
        project_path: root of the project, where DVC is set up.
        hashes: of files and folders.
        url: of a remote that takes the default one's place.

    Returns:
        Where it looked, for people.
    """
    with open_repository(project_path, url) as repository:
        cache = DvcCache.in_repository(repository)
        remote = cache.remote
        if remote and cache.missing(hashes):
            logger.info("DVC's cache lacks some of it: fetching from the remote '%s'", remote)
            _fetch(repository, remote, cache, hashes)
    if remote:
        return f"neither in DVC's cache nor on its remote '{remote}'"
    return "not in DVC's cache, and there is no remote to fetch from (`dvc remote add --default`)"


def push(project_path: Path, hashes: Collection[str], url: str | None = None) -> None:
    """Bring outputs to the remote by their hashes; progress goes to the terminal.

    Args:
        project_path: root of the project, where DVC is set up.
        hashes: of files and folders.
        url: of a remote that takes the default one's place.

    Raises:
        VersioningError: there is no remote, the cache lacks something, or the remote did not take
            all of it.
    """
    with open_repository(project_path, url) as repository:
        cache, remote = DvcCache.in_repository(repository), redact(url or "") or repository.remote
        if remote is None:
            raise VersioningError("DVC has no remote to push to: `dvc remote add --default`")
        items = [item for md5 in hashes for item in cache.objects(md5)]
        if any(item.missing for item in items):
            raise VersioningError("DVC's cache lacks some of what is to be pushed")
        try:
            with holding(repository):
                failed = repository.push({item.md5 for item in items})
        except Exception as error:  # of DVC, or of the library that knows the remote's protocol
            raise VersioningError(
                f"DVC's remote {remote}: {one_line(redact(str(error)))}"
            ) from error
    if failed:
        raise VersioningError(
            f"DVC's remote {remote} did not take {failed} of {len(items)} objects"
        )


def _fetch(
    repository: DvcRepository, remote: str, cache: DvcCache, hashes: Collection[str]
) -> None:
    """Folders' lists first, then what they list. What fails is missing later, and named then."""
    try:
        with holding(repository):
            for _ in range(2):
                items = (item for md5 in hashes for item in cache.objects(md5))
                lacking = {item.md5 for item in items if item.missing}
                if lacking:
                    repository.fetch(lacking)
    except Exception as error:  # of DVC, or of the library that knows the remote's protocol
        logger.warning("DVC's remote '%s': %s", remote, error)
        logger.debug("Nothing fetched", exc_info=error)
