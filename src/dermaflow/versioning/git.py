"""Which code a result came from."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dermaflow.errors import VersioningError
from dermaflow.io.atomic_files import replacing_file
from dermaflow.io.text import one_line
from dermaflow.versioning.image_version import image_patch, image_version

# What decides a result; elsewhere files come and go as they like, and DVC writes its locks itself.
# The `.dvc` files say which raw data it was; the `?` keeps the folder `.dvc` out.
_CODE = ("src", "conf", "pyproject.toml", "uv.lock", ":(glob)**/?*.dvc")
_BUT_LOCKS = ":(exclude)*dvc.lock"
# Sources run whether git ignores them or not; of `conf` the ignored `conf/local` holds secrets.
_SOURCES = ":(glob)src/**/*.py"

# Whatever a user has configured for people to read, the patch is for `git apply`.
_PLAIN = (
    "--binary",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--src-prefix=a/",
    "--dst-prefix=b/",
)
_STATUS = ("status", "--porcelain", "--", *_CODE, _BUT_LOCKS)

# A git hook sets these for its own repository, or for how it reads paths; ours is the project's.
_OF_ANOTHER_CALLER = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GLOB_PATHSPECS",
    "GIT_GRAFT_FILE",
    "GIT_ICASE_PATHSPECS",
    "GIT_INDEX_FILE",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)


def git_environment() -> dict[str, str]:
    """The environment without what would lead git to another repository than the folder's."""
    return {name: value for name, value in os.environ.items() if name not in _OF_ANOTHER_CALLER}


def code_version(project_path: Path) -> tuple[str | None, bool | None]:
    """Git commit of the project, and whether code or configuration differ from it.

    Returns:
        None for what is not known: both where the project is no git checkout, or where git refuses
        (``git_problem`` says why); the commit alone before the first commit. In a container, which
        has no repository, what the image says.
    """
    if not has_repository(project_path):
        return image_version(project_path)
    if _is_ignored(project_path):
        return None, None
    commit = current_commit(project_path)
    changes = _git(project_path, *_STATUS)
    if changes is None:
        return commit, None
    # The user's index and settings may hide changes from `git status`; the patch asks neither.
    return commit, bool(changes or (commit and uncommitted_patch(project_path)))


def current_commit(project_path: Path) -> str | None:
    """The commit that is checked out; None where there is none."""
    return _git(project_path, "rev-parse", "HEAD")


def git_problem(project_path: Path) -> str:
    """Why git does not say which code is checked out, in its own words.

    Returns:
        Nothing where git says it, and where there is no repository.
    """
    if not has_repository(project_path):
        return ""
    try:
        done = _run_git(project_path, *_STATUS)
    except OSError as error:
        return f"git cannot be run: {error.strerror}"
    if done.returncode:
        return _words(done)
    return "the repository around the project ignores it" if _is_ignored(project_path) else ""


def has_repository(project_path: Path) -> bool:
    """Whether there is a repository, also one that git may not read and takes for none."""
    return any((folder / ".git").exists() for folder in (project_path, *project_path.parents))


def _is_ignored(project_path: Path) -> bool:
    """Whether the repository is another one's, which neither holds the project nor is meant to."""
    of_project = "pyproject.toml"
    if _git(project_path, "cat-file", "-e", f"HEAD:./{of_project}") is not None:
        return False
    return _git(project_path, "check-ignore", "--quiet", of_project) is not None


def require_git(project_path: Path) -> None:
    """Raise VersioningError, with git's own advice, where there is a repository git cannot read."""
    problem = git_problem(project_path)
    if problem:
        raise VersioningError(f"git cannot tell which code is checked out: {problem}")


def current_branch(project_path: Path) -> str:
    """Name of the branch that is checked out, or the commit where none is."""
    branch = _git(project_path, "branch", "--show-current")
    return branch or current_commit(project_path) or "HEAD"


def uncommitted_patch(project_path: Path) -> bytes:
    """Changes of code and configuration since the commit, new files too, for ``git apply``.

    Bytes, as files may be in any encoding and end their lines as they like. In a container, the
    changes since the image was built.
    """
    if not has_repository(project_path):
        return image_patch(project_path)
    with tempfile.TemporaryDirectory() as folder:
        # An index of its own, so that what the user has staged stays as it is.
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        _git(project_path, "read-tree", "HEAD", env=index)
        for path in _CODE:  # one by one, as git adds none where one of them is not there
            _git(project_path, "add", "--all", "--", path, _BUT_LOCKS, env=index)
        _git(project_path, "add", "--force", "--", _SOURCES, env=index)
        arguments = ("diff-index", "--patch", "--cached", *_PLAIN, "HEAD")
        return _git_bytes(project_path, *arguments, env=index) or b""


def has_commit(project_path: Path, commit: str) -> bool:
    """Whether the repository holds a commit."""
    return _git(project_path, "cat-file", "-e", f"{commit}^{{commit}}") is not None


def checkout(project_path: Path, name: str) -> None:
    """Check a commit or branch out. Raises VersioningError where that would lose changes."""
    _demand(project_path, "checkout", "--quiet", name)


@contextmanager
def without_locks(project_path: Path) -> Iterator[None]:
    """Keep DVC's locks out of git's way: they say what data is there, which no checkout changes."""
    locks = [project_path / "dvc.lock", *project_path.glob("conf/**/dvc.lock")]
    contents = {lock: lock.read_bytes() for lock in locks if lock.exists()}
    for lock in contents:
        if not _reset_file(project_path, lock):
            lock.unlink()  # git does not know it
    try:
        yield
    finally:
        for lock, content in contents.items():
            if lock.parent.is_dir():
                with replacing_file(lock) as partial:
                    partial.write_bytes(content)


def apply_patch(project_path: Path, patch: bytes) -> None:
    """Apply what ``uncommitted_patch`` gave. Raises VersioningError where it does not fit."""
    _demand(project_path, "apply", "--whitespace=nowarn", "-", stdin=patch)


def revert_patch(project_path: Path, patch: bytes) -> None:
    """Undo ``apply_patch``. Raises VersioningError where files have changed since."""
    _demand(project_path, "apply", "--reverse", "--whitespace=nowarn", "-", stdin=patch)


def _reset_file(project_path: Path, path: Path) -> bool:
    """Give a file the content of the commit; False where the commit has no such file."""
    return _git(project_path, "checkout", "HEAD", "--", str(path)) is not None


def _demand(folder: Path, *arguments: str, stdin: bytes = b"") -> None:
    try:
        done = _run_git(folder, *arguments, stdin=stdin)
    except OSError as error:
        raise VersioningError(f"git cannot be run: {error.strerror}") from error
    if done.returncode:
        raise VersioningError(f"git {arguments[0]} refused: {_words(done)}")


def _git(folder: Path, *arguments: str, env: dict[str, str] | None = None) -> str | None:
    """Output of a git command as text, or None where there is no git or no checkout."""
    done = _git_bytes(folder, *arguments, env=env)
    return None if done is None else done.decode(errors="replace").strip("\n")


def _git_bytes(folder: Path, *arguments: str, env: dict[str, str] | None = None) -> bytes | None:
    try:
        done = _run_git(folder, *arguments, env=env)
    except OSError:
        return None
    return None if done.returncode else done.stdout


def _run_git(
    folder: Path, *arguments: str, env: dict[str, str] | None = None, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["git", "-C", str(folder), *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        env=git_environment() | (env or {}),
    )


def _words(done: subprocess.CompletedProcess[bytes]) -> str:
    return one_line(done.stderr.decode(errors="replace"))
