"""Signals wait until the block obeys them; a second one does not."""

import os
import signal

import pytest

from dermaflow.ml.processes.interrupts import interrupts_held_back


class EndedError(Exception):
    pass


@pytest.fixture(autouse=True)
def raising():
    """As the command line has it: a signal is an exception."""

    def end(number, frame):
        raise EndedError(number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    yield end
    for number, handler in before.items():
        signal.signal(number, handler)


def send(number):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_waits_until_it_is_obeyed(number):
    done = []
    with pytest.raises(EndedError, match=str(int(number))), interrupts_held_back() as end:
        assert not end
        send(number)
        done.append("the update")
        assert end
        done.append("the checkpoint")
        end.obey()
        done.append("never")
    assert done == ["the update", "the checkpoint"]


def test_one_that_nobody_looked_at_comes_after_the_block():
    done = []
    with pytest.raises(EndedError), interrupts_held_back():
        send(signal.SIGTERM)
        done.append("all")
    assert done == ["all"]


def test_a_second_one_comes_at_once():
    done = []
    with pytest.raises(EndedError, match=str(int(signal.SIGINT))), interrupts_held_back():
        send(signal.SIGTERM)
        done.append("first")
        send(signal.SIGINT)
        done.append("never")
    assert done == ["first"]


def test_handlers_are_as_before_whatever_happens_in_the_block(raising):
    with interrupts_held_back():
        assert signal.getsignal(signal.SIGTERM) is not raising
    assert signal.getsignal(signal.SIGTERM) is raising
    with pytest.raises(ZeroDivisionError), interrupts_held_back():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGTERM) is raising


def test_an_error_of_the_block_is_not_replaced_by_the_signal():
    with pytest.raises(ZeroDivisionError), interrupts_held_back():
        send(signal.SIGTERM)
        raise ZeroDivisionError
