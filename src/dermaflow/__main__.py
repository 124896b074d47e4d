"""``python -m dermaflow``: ``kedro run`` where the package is installed, without Kedro's project.

The working directory is the project: ``conf/`` is read there, or from ``--conf-source``, and data
are written there.
"""

from __future__ import annotations

import sys

from kedro.framework.cli.utils import find_run_command
from kedro.framework.project import configure_project

PACKAGE = "dermaflow"


def main(*arguments: object, **options: object) -> object:
    """Run pipelines, with the options of ``kedro run``.

    Args:
        arguments: of the command; those of the process by default.
        options: of the command's call.

    Returns:
        What the run returns, in an interactive session. Otherwise the process ends.
    """
    configure_project(PACKAGE)
    options.setdefault("standalone_mode", not hasattr(sys, "ps1"))
    return find_run_command(PACKAGE)(*arguments, **options)


if __name__ == "__main__":
    main()
