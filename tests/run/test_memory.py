"""The memory of a crowd is given back when it has left."""

import threading

import pytest

from runner import memory

WAIT_S = 60.0


@pytest.fixture
def given_back(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """One for each time that memory is given back."""
    times = threading.Semaphore(0)
    monkeypatch.setattr(memory, "give_back", times.release)
    return times


def test_it_is_given_back_once_half_of_the_crowd_has_left(given_back: threading.Semaphore) -> None:
    held = memory.Memory()
    for connections in (10, 1000, 600):
        held.note(connections)
    assert not given_back.acquire(blocking=False)
    held.note(500)
    assert given_back.acquire(timeout=WAIT_S)
    held.note(400)
    held.note(20)
    assert given_back.acquire(timeout=WAIT_S)
    assert held.largest == 20


def test_a_few_sockets_that_come_and_go_change_nothing(given_back: threading.Semaphore) -> None:
    held = memory.Memory()
    for connections in (150, 0, 150, 0):
        held.note(connections)
    assert held.largest == 150  # as long as it has not been given back


def test_giving_it_back_does_no_harm_where_the_system_takes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    memory.give_back()
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: object())
    memory.give_back()
