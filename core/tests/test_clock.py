"""One clock for all machines: the database's."""

import logging
import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from core import clock as clocks
from core.clock import Clock, Reading
from tests.cast import Clock as MachineClock


class Counter:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Counter:
    counter = Counter()
    monkeypatch.setattr(clocks, "time", counter)
    return counter


def off(seconds: float, *, error_s: float = 0.01) -> Reading:
    """A reading of a database whose clock is ahead of the machine's."""
    return Reading(timezone.now() + timedelta(seconds=seconds), clocks.time.monotonic(), error_s)


def test_before_the_database_was_asked_it_is_the_machines_time(clock: MachineClock) -> None:
    assert Clock().now() == clock.now


@pytest.mark.parametrize("seconds", [300.0, -300.0])
def test_a_machine_whose_clock_is_wrong_goes_by_the_databases(
    clock: MachineClock, counter: Counter, seconds: float, caplog: pytest.LogCaptureFixture
) -> None:
    ours = Clock()
    ours.take(off(seconds))
    assert ours.now() == clock.now + timedelta(seconds=seconds)
    counter.now += 7
    assert ours.now() == clock.now + timedelta(seconds=seconds + 7)
    assert f"{-seconds:+.1f} s from the database's" in caplog.text


def test_a_step_of_the_machines_clock_changes_nothing(clock: MachineClock, counter: Counter) -> None:
    ours = Clock()
    ours.take(off(0))
    before = ours.now()
    clock.advance(300)
    assert ours.now() == before
    clock.advance(-900)
    counter.now += 60
    assert ours.now() == before + timedelta(seconds=60)


def test_time_does_not_tremble_by_what_a_reading_may_be_wrong(clock: MachineClock, counter: Counter) -> None:
    ours = Clock()
    ours.take(off(0))
    first = ours.now()
    ours.take(off(-0.015))
    assert ours.now() == first
    ours.take(off(-0.5))
    assert ours.now() == first - timedelta(seconds=0.5)


def test_a_clock_that_is_right_is_not_mentioned(
    clock: MachineClock, counter: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        Clock().take(off(1.5))
    assert not caplog.messages


def test_while_the_database_is_away_time_goes_on(
    clock: MachineClock, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = Clock()
    ours.take(off(300))

    def away() -> Reading:
        raise OperationalError("away")

    monkeypatch.setattr("core.clock.read", away)
    monkeypatch.setattr(connection, "close", lambda: None)
    ours.read()
    counter.now += 3
    assert ours.now() == clock.now + timedelta(seconds=303)


@pytest.mark.django_db
def test_the_database_tells_its_time_if_it_has_a_clock() -> None:
    if connection.vendor == "sqlite":
        clocks.follow()
        assert "clock" not in {thread.name for thread in threading.enumerate()}
        return
    reading = clocks.read()
    assert reading.error_s >= 0
    assert abs((reading.now() - timezone.now()).total_seconds()) < clocks.APART_S
