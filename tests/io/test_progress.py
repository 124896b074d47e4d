"""Progress off a terminal: lines of the log, a few."""

import io
import os
import pty
import re
import subprocess
import sys
import termios

import pytest

from dermaflow.io import progress
from dermaflow.io.progress import Progress

WORK = """
import logging, sys
from dermaflow.io import progress
logging.basicConfig(level=logging.INFO, format="%(message)s")
progress.SECONDS_BETWEEN_LINES = {seconds}
list(progress.Progress(range(3), "Decoding", 3, unit="image"))
"""


def test_a_terminal_shows_a_bar(monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    outer, inner = pty.openpty()
    termios.tcsetwinsize(inner, (24, 80))
    code = WORK.format(seconds=0)
    subprocess.run([sys.executable, "-c", code], stderr=inner, check=True)
    shown = os.read(outer, 100_000).decode()  # before the other end is closed, and all is lost
    os.close(inner)
    os.close(outer)
    assert "\rDecoding: 100%|" in shown


@pytest.mark.parametrize("hidden", ["", "1"])
def test_elsewhere_lines_are_logged_without_signs_that_draw(hidden):
    code, variables = WORK.format(seconds=0), {"TQDM_DISABLE": hidden, "TQDM_MININTERVAL": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | variables, capture_output=True, check=True
    )
    lines = done.stderr.decode().splitlines()
    assert re.fullmatch(r"Decoding: 3 of 3 \(100%\), 00:00<00:00, .*image/s", lines[-1])
    assert done.stderr.isascii()
    assert b"\r" not in done.stderr


def test_what_is_done_soon_says_nothing(caplog, monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with caplog.at_level("INFO"), Progress(total=2, unit="img") as shown:
        for loss in (1.5, 0.5):
            shown.set_description("train 1/1")
            shown.set_postfix(loss=loss)
            shown.update()
    assert (caplog.messages, stream.getvalue()) == ([], "")


def test_a_line_tells_what_is_known(caplog, monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0)
    with caplog.at_level("INFO"), Progress(unit="img") as shown:
        shown.update(7)
        shown.set_postfix(loss="0.5")
    assert caplog.messages[-1].startswith("7, 00:00, ")
    assert caplog.messages[-1].endswith(", loss=0.5")
