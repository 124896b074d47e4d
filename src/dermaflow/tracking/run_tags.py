"""Tags that say where a run comes from: environment, command, code and raw data."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from dermaflow.io.redaction import redact
from dermaflow.tracking.run_description import RAW
from dermaflow.versioning.git import code_version


def origin_tags(project_path: Path, env: str) -> dict[str, str]:
    """Tags that say where a run comes from: environment, command and code."""
    commit, dirty = code_version(project_path)
    return {
        "env": env,
        "command": shlex.join(["kedro", *map(redact, sys.argv[1:])]),
        "mlflow.source.git.commit": commit or "none",
        "git_dirty": str(dirty).lower(),
    }


def raw_tags(versions: Mapping[str, str]) -> dict[str, str]:
    """Tags that name the raw data: by the names of files, which are the same on all machines.

    Args:
        versions: path -> hash.
    """
    names = Counter(Path(path).name for path in versions)
    return {
        f"{RAW}{path if names[Path(path).name] > 1 else Path(path).name}": value
        for path, value in versions.items()
    }
