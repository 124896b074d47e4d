"""Users without a name or a home folder get both; others keep theirs."""

import os
import shutil
import subprocess
import sys

import pytest

SHOW = """
import getpass, os, sys
from pathlib import Path
from dermaflow.io.nameless_user import settle_user
settle_user(Path("/a/home"))
print(Path.home(), getpass.getuser(), os.environ.get("HOME"), os.environ.get("USER"))
"""


def may_be_nameless():
    unshare = shutil.which("unshare")
    command = (unshare, "-U", "--map-user=54321", "true")
    return bool(unshare) and subprocess.run(command, capture_output=True).returncode == 0


def show(environment, *before):
    command = (*before, sys.executable, "-c", SHOW)
    kept = {"PATH": os.environ["PATH"]}
    return subprocess.run(
        command, env=kept | environment, capture_output=True, text=True, check=True
    ).stdout.split()


@pytest.mark.skipif(not may_be_nameless(), reason="needs another user's id: `unshare -U`")
def test_a_container_user_without_a_name_has_a_home_and_a_name():
    nameless = ("unshare", "-U", "--map-user=54321", "--map-group=54321")
    assert show({}, *nameless) == ["/a/home", "54321", "/a/home", "54321"]
    assert show({"HOME": "/b"}, *nameless) == ["/b", "54321", "/b", "54321"]
    assert show({"LOGNAME": "anna"}, *nameless) == ["/a/home", "anna", "/a/home", "None"]


def test_whoever_has_both_keeps_them():
    assert show({"HOME": "/b", "USER": "anna"}) == ["/b", "anna", "/b", "anna"]
