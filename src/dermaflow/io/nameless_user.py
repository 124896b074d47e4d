"""A user without a name or a home folder, as containers have, whom libraries do not expect."""

from __future__ import annotations

import getpass
import os
from pathlib import Path


def settle_user(home: Path) -> None:
    """Set ``HOME`` and ``USER`` where the system knows neither, for this process and its children.

    MLflow cannot be imported without a home folder, and DVC cannot be opened without a name.

    Args:
        home: where libraries then keep their caches; made by whoever writes there first.
    """
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = str(home)
    try:
        getpass.getuser()
    except (KeyError, OSError):  # OSError since Python 3.13
        os.environ["USER"] = str(os.getuid())
