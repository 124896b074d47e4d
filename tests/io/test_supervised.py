"""What a command and its supervisor tell each other."""

import json
import os

from dermaflow.io import supervised
from dermaflow.io.supervised import Wires, reached_limit, tell_supervisor


def test_what_a_command_said_is_kept_up_to_the_last_whole_line():
    wires = Wires()
    wires._tell({"message": "first", "run_id": "a"})
    wires._tell({"message": "x" * 5000})
    os.write(wires._facts[1], json.dumps({"run_id": "b"})[:-3].encode())  # killed as it wrote
    assert wires.facts() == {"message": "x" * 2000, "run_id": "a"}
    wires.close()


def test_the_time_is_up_from_when_it_is_said(monkeypatch):
    monkeypatch.setattr(supervised, "_wires", None)
    assert reached_limit() is None
    tell_supervisor(message="nobody listens")
    wires = Wires()
    there = os.dup(wires._orders[1])
    wires.attach("8h")
    assert reached_limit() is None
    os.write(there, b"!")
    assert [reached_limit(), reached_limit()] == ["8h", "8h"]
    os.close(there)


def test_a_supervisor_that_is_gone_is_no_end_of_the_time(monkeypatch):
    monkeypatch.setattr(supervised, "_wires", None)
    Wires().attach("8h")  # closes the one end that could tell
    assert reached_limit() is None


def test_a_full_pipe_does_not_stop_a_command(monkeypatch):
    monkeypatch.setattr(supervised, "_wires", None)
    wires = Wires()
    wires.attach("8h")
    for _ in range(100):
        tell_supervisor(message="x" * 2000)
    assert wires.facts()["message"] == "x" * 2000
