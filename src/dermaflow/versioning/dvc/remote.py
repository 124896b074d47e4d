"""Getting what DVC's cache lacks from its remote."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path

from dermaflow.versioning.dvc.cache import DvcCache
from dermaflow.versioning.dvc.internals import DvcRepository, open_repository
from dermaflow.versioning.dvc.leftovers import holding

logger = logging.getLogger(__name__)


def fetch(project_path: Path, hashes: Collection[str]) -> str:
    """Get outputs by their hashes, whatever commit is checked out; progress goes to the terminal.

    Args:
        project_path: root of the project, where DVC is set up.
        hashes: of files and folders.

    Returns:
        Where it looked, for people.
    """
    with open_repository(project_path) as repository:
        cache = DvcCache.in_repository(repository)
        remote = cache.remote
        if remote and cache.missing(hashes):
            logger.info("DVC's cache lacks some of it: fetching from the remote '%s'", remote)
            _fetch(repository, remote, cache, hashes)
    if remote:
        return f"neither in DVC's cache nor on its remote '{remote}'"
    return "not in DVC's cache, and there is no remote to fetch from (`dvc remote add --default`)"


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
