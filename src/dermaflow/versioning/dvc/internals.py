"""What we use of DVC's Python code, which DVC promises to nobody. No other module imports it.

Decision 11 says why each piece is needed. An upgrade of DVC that changes one of them fails in
``tests/versioning/dvc/test_internals.py``, in the test of that piece.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dermaflow.errors import VersioningError
from dermaflow.io.atomic_files import replacing_file
from dermaflow.versioning.dvc.site_cache import settle_site_cache

logger = logging.getLogger(__name__)

_GIVEN = "given"  # name of a remote that no file of the repository knows


class DvcError(VersioningError):
    """DVC refuses or fails; the text is DVC's own."""


class UnsupportedDvcError(VersioningError):
    """The installed DVC is not built as we expect; the text names its version."""


@contextmanager
def _calling_dvc() -> Iterator[None]:
    """Turn DVC's errors, and those of a call that DVC does not offer, into ours."""
    try:
        from dvc.exceptions import DvcException
    except ImportError as error:
        raise _unsupported(error) from error
    try:
        yield
    except DvcException as error:
        raise DvcError(str(error)) from error
    except (ImportError, AttributeError, TypeError) as error:
        raise _unsupported(error) from error
    except OSError as error:
        if error.errno and error.filename is None:  # DVC's locks do not say which file is at fault
            error.filename = ".dvc"
        raise


def _unsupported(error: Exception) -> UnsupportedDvcError:
    return UnsupportedDvcError(f"DVC {version('dvc')} is not one that is supported: {error}")


@_calling_dvc()
def keep_site_cache(folder: Path) -> None:
    """Have DVC keep its knowledge of a repository's files inside it; see ``site_cache``.

    Every way to DVC begins here, so that whatever is called later, plain ``dvc`` too, does so.

    Args:
        folder: of the repository or below it; where there is no repository, nothing is done.
    """
    from dvc.config import Config

    places = (place / ".dvc" for place in (folder.resolve(), *folder.resolve().parents))
    dvc_folder = next(filter(Path.is_dir, places), None)
    if dvc_folder:
        settle_site_cache(dvc_folder, Config(str(dvc_folder))["core"].get("site_cache_dir"))


@contextmanager
def open_repository(folder: Path, remote: str | None = None) -> Iterator[DvcRepository]:
    """Open the DVC repository of a folder or of one above it. DVC logs warnings only, then.

    Args:
        folder: of the repository, or below it.
        remote: address of a remote that takes the default one's place.

    Raises:
        DvcError: there is none, or it cannot be opened; most need git, which a copy of the files
            may lack.
    """
    with ExitStack() as stack:
        keep_site_cache(folder)
        with _calling_dvc():
            from dvc.repo import Repo

            logging.getLogger("dvc").setLevel(logging.WARNING)  # importing it sets another
            given = {"core": {"remote": _GIVEN}, "remote": {_GIVEN: {"url": remote}}}
            repo = Repo(str(folder), config=given if remote else None)
            repository = DvcRepository(stack.enter_context(repo))
        yield repository


class DvcRepository:
    """An open DVC repository. ``open_repository`` makes it.

    Args:
        repo: DVC's own.
    """

    def __init__(self, repo: Any) -> None:
        self._repo = repo

    @property
    @_calling_dvc()
    def root(self) -> Path:
        """The folder that holds ``.dvc``."""
        return Path(self._repo.root_dir)

    @property
    @_calling_dvc()
    def cache_folder(self) -> Path:
        """Where objects lie as ``<first two digits>/<the others>``."""
        return Path(self._repo.cache.local.path)

    @property
    @_calling_dvc()
    def remote(self) -> str | None:
        """Name of the default remote; None where there is none."""
        name: str | None = self._repo.config["core"].get("remote")
        return name

    @property
    @_calling_dvc()
    def output_folders(self) -> set[Path]:
        """Folders with outputs, of all stages and ``.dvc`` files."""
        return {Path(out.fs_path).parent for out in self._repo.index.outs}

    @contextmanager
    def locked(self, seconds: float = 0) -> Iterator[None]:
        """Hold the lock that DVC's commands take.

        Args:
            seconds: how long to wait for it, beside the three for which DVC waits by itself.

        Raises:
            DvcError: another process keeps it.
        """
        with ExitStack() as stack:
            with _calling_dvc():
                self._take_lock(stack, time.monotonic() + seconds)
            yield

    def _take_lock(self, stack: ExitStack, deadline: float) -> None:
        from dvc.lock import LockError

        told = False
        while True:
            try:
                stack.enter_context(self._repo.lock)
            except LockError:
                if time.monotonic() >= deadline:
                    raise
                if not told:
                    logger.info("Waiting for another DVC command, which holds DVC's lock")
                told = True
            else:
                return

    @contextmanager
    def busy_list(self) -> Iterator[Path]:
        """Keep DVC from changing its list of busy files, and give the list's path.

        Raises:
            DvcError: another process is changing it.
        """
        with ExitStack() as stack:
            with _calling_dvc():
                from dvc.lock import make_lock
                from dvc.rwlock import RWLOCK_FILE, RWLOCK_LOCK

                folder = self.root / ".dvc/tmp"
                hardlink = self._repo.config["core"].get("hardlink_lock", False)
                guard = make_lock(str(folder / RWLOCK_LOCK), str(folder), hardlink_lock=hardlink)
                stack.enter_context(guard)
            yield folder / RWLOCK_FILE

    @_calling_dvc()
    def stage(self, file: Path, name: str) -> DvcStage:
        """A stage of a ``dvc.yaml``."""
        return DvcStage(self._repo.stage.load_one(path=str(file), name=name))

    def fetch(self, hashes: Collection[str]) -> None:
        """Bring objects from the default remote into the cache; progress goes to the terminal.

        Raises:
            Exception: of DVC, or of the library that knows the remote's protocol.
        """
        from dvc_data.hashfile.hash_info import HashInfo

        logging.getLogger("dvc").setLevel(logging.INFO)  # else it shows no progress
        self._repo.cloud.pull([HashInfo("md5", md5) for md5 in sorted(hashes)])

    def push(self, hashes: Collection[str]) -> int:
        """Bring objects from the cache to the default remote; progress goes to the terminal.

        Returns:
            How many the remote did not have and could not be brought there.

        Raises:
            Exception: of DVC, or of the library that knows the remote's protocol.
        """
        from dvc_data.hashfile.hash_info import HashInfo

        logging.getLogger("dvc").setLevel(logging.INFO)
        done = self._repo.cloud.push([HashInfo("md5", md5) for md5 in sorted(hashes)])
        return len(done.failed)


class DvcStage:
    """A stage of a ``dvc.yaml``. ``DvcRepository.stage`` makes it; the repository must be locked.

    Args:
        stage: DVC's own.
    """

    def __init__(self, stage: Any) -> None:
        self._stage = stage

    @_calling_dvc()
    def save(self, with_deps: bool) -> dict[str, str | None]:
        """Hash the outputs, all of which must be there, and maybe what the stage depends on.

        Args:
            with_deps: whether dependencies, too, must be there and are hashed, for the lock.

        Returns:
            Path of each output -> its hash.
        """
        if with_deps:
            self._stage.save()
        else:
            self._stage.save_outs(allow_missing=False)
        return {out.def_path: out.hash_info.value for out in self._stage.outs}

    @_calling_dvc()
    def cache(self) -> None:
        """Put the outputs into DVC's cache, as ``save`` found them."""
        self._commit(allow_missing=False)

    @_calling_dvc()
    def cache_what_is_there(self) -> None:
        """Put those outputs into DVC's cache that are there, whatever they were made from."""
        self._stage.save_outs(allow_missing=True)
        self._commit(allow_missing=True)

    def _commit(self, allow_missing: bool) -> None:
        # DVC removes outputs to replace them by links: only where `cache.type` asks for links.
        relink = "type" in self._stage.repo.config["cache"]
        self._stage.commit(allow_missing=allow_missing, relink=relink)

    @_calling_dvc()
    def write_lock_entry(self, lock: Path) -> None:
        """Put what ``save`` found into a ``dvc.lock``.

        The file is replaced: DVC writes it in place, and stops for good at one that was cut short.
        """
        from dvc.stage.serialize import to_lockfile
        from dvc.utils.serialize import modify_yaml

        with replacing_file(lock) as partial:
            if lock.exists():
                shutil.copyfile(lock, partial)
            with modify_yaml(str(partial)) as content:
                content.setdefault("schema", "2.0")
                content.setdefault("stages", {}).update(to_lockfile(self._stage))
