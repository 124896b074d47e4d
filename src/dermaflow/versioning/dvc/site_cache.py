"""Where DVC keeps what it knows of files: in the project, not where every user may write.

By default DVC does so in ``/var/tmp/dvc``, and reads pickles there: whoever puts one there runs
code as whoever runs DVC (CVE-2025-69872, of the library diskcache).
"""

from __future__ import annotations

import stat
from pathlib import Path

from configobj import ConfigObj

from dermaflow.io.atomic_files import replacing_file

FOLDER = "site-cache"  # below `.dvc`


def settle_site_cache(dvc_folder: Path, setting: str | None) -> None:
    """Make the folder and name it in ``.dvc/config.local``, unless somebody has chosen another.

    DVC takes a relative path for one below wherever it is called, so that a project that was
    copied or moved has the path of the old place; it is replaced.

    Args:
        dvc_folder: the project's ``.dvc``, an absolute path.
        setting: DVC's ``core.site_cache_dir`` by all its files.
    """
    folder = dvc_folder / FOLDER
    if setting and Path(setting).parts[-2:] != folder.parts[-2:]:
        return
    _make_private(folder)
    if setting != str(folder):
        _write_setting(dvc_folder / "config.local", folder)


def _make_private(folder: Path) -> None:
    """Close it to others; to the group too, unless that may write to ``.dvc`` itself."""
    group = stat.S_IRWXG if folder.parent.stat().st_mode & stat.S_IWGRP else 0
    mode = stat.S_IRWXU | group
    folder.mkdir(mode=stat.S_IRWXU, exist_ok=True)
    if stat.S_IMODE(folder.stat().st_mode) != mode:
        folder.chmod(mode)


def _write_setting(file: Path, folder: Path) -> None:
    with replacing_file(file) as partial:
        content = file.read_bytes() if file.exists() else b""
        partial.touch(mode=stat.S_IMODE(file.stat().st_mode) if content else 0o666)
        # Interpolation would read `%` in the settings of others.
        config = ConfigObj(content.decode().splitlines(), interpolation=False, encoding="utf-8")
        config.setdefault("core", {})["site_cache_dir"] = str(folder)
        with partial.open("wb") as written:
            config.write(written)
