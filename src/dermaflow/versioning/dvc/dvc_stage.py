"""Whether DVC has started this process as one of the project's stages."""

from __future__ import annotations

import os
from pathlib import Path


def is_dvc_stage(project_path: Path) -> bool:
    """Whether the project's own DVC runs this process, and will hash and commit what it makes.

    ``DVC_STAGE`` alone does not say so: the whole command may be a stage of another project, or
    have been given in a shell that is one. ``DVC_ROOT`` names the repository.

    Args:
        project_path: root of the project.
    """
    if "DVC_STAGE" not in os.environ:
        return False
    root, own = os.environ.get("DVC_ROOT"), dvc_root(project_path)
    return root is None or own is None or own.resolve() == Path(root).resolve()


def dvc_root(project_path: Path) -> Path | None:
    """The folder of DVC's repository that the project is in; None where there is none."""
    folders = (project_path, *project_path.parents)
    return next((folder for folder in folders if (folder / ".dvc").is_dir()), None)
