"""DVC's own commands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from dermaflow.versioning.dvc.internals import keep_site_cache
from dermaflow.versioning.git import git_environment


def run_dvc(
    project_path: Path, *arguments: str, given: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command of DVC to its end, whatever it comes to.

    Args:
        project_path: root of the project, to which paths are relative.
        arguments: of ``dvc``.
        given: what it reads; nothing by default, so that it does not ask.
    """
    keep_site_cache(project_path)
    return subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        cwd=project_path,
        env=git_environment(),
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
