"""A folder that is a disk of its own, so that a test can fill it."""

import shutil
import subprocess
import sys

import pytest


def may_mount():
    unshare = shutil.which("unshare")
    return bool(unshare) and subprocess.run((unshare, "-Urm", "true")).returncode == 0


needs_mount = pytest.mark.skipif(not may_mount(), reason="needs a disk to fill: `unshare -Urm`")


def run_on_small_disk(folder, script, kilobytes):
    """Run a script where ``folder`` is a disk of its own, of some size."""
    mount = f"mount -t tmpfs -o size={kilobytes}k small {folder} && exec {sys.executable} -"
    return subprocess.run(
        ("unshare", "-Urm", "sh", "-c", mount), input=script, text=True, capture_output=True
    )
