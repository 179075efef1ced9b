"""The figures that each process tells of itself."""

import json
from datetime import UTC, datetime

import pytest
from redis.exceptions import ReadOnlyError

from core import task_waits, valkey, vitals
from core.task_waits import Business
from core.vitals import KNOWN, Processor, Vitals


class Time:
    """Clocks that a test moves."""

    def __init__(self) -> None:
        self.now = self.used = 100.0

    def monotonic(self) -> float:
        return self.now

    def process_time(self) -> float:
        return self.used

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    clock = Time()
    for module in (vitals, task_waits):
        monkeypatch.setattr(module, "time", clock)
    return clock


def test_the_share_of_a_processor_is_that_since_the_last_look(clock: Time) -> None:
    processor = Processor()
    clock.now, clock.used = clock.now + 2, clock.used + 1
    assert processor.share() == 0.5
    clock.now += 2
    assert processor.share() == 0.0
    clock.now, clock.used = clock.now + 2, clock.used + 3
    assert processor.share() == 1.5


def test_the_threads_of_a_worker_are_busy_while_tasks_run(clock: Time) -> None:
    business = Business(threads=4)
    clock.now += 1
    business.begin()
    clock.now += 1
    business.begin()
    clock.now += 1
    business.end()
    clock.now += 1
    assert business.share() == (1 + 2 + 1) / (4 * 4)
    clock.now += 10
    assert business.share() == 0.25  # one still runs
    business.end()
    clock.now += 10
    assert business.share() == 0.0


def test_a_message_carries_when_it_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.clock.now", lambda: datetime.fromtimestamp(100, UTC))
    headers: dict[str, float] = {}
    task_waits.note_sending(headers=headers)
    assert headers == {"sent_at": 100.0}


def fails() -> float:
    raise ReadOnlyError("You can't write against a read only replica.")


def breaks() -> float:
    raise ZeroDivisionError


@pytest.mark.parametrize("gauge", [fails, breaks])
def test_a_figure_that_fails_does_not_end_the_telling(gauge: vitals.Gauge) -> None:
    vitals.tell_now(Processor(), {"sockets": gauge})
    vitals.tell_now(Processor(), {"sockets": lambda: 3.0})
    assert [told.figures["sockets"] for told in vitals.read()] == [3.0]


@pytest.mark.parametrize("left", ["", "[]", "7", "{}", '{"kind": "worker", "host": "two", "pid": 9, "figures": 3}'])
def test_what_cannot_be_read_hides_no_other_process(left: str) -> None:
    """The supervisor would end, and all processes with it."""
    vitals.tell(Vitals("worker", "one", 8, {"cpu": 0.5}))
    valkey.client().set(f"{KNOWN}:two:9", left)
    valkey.client().sadd(KNOWN, "two:9")
    assert [told.name for told in vitals.read()] == ["one:8"]


def test_a_process_of_a_newer_release_is_read_for_what_is_known() -> None:
    newer = {"kind": "worker", "host": "two", "pid": 9, "figures": {"cpu": 0.5, "of": "late"}, "release": "2"}
    valkey.client().set(f"{KNOWN}:two:9", json.dumps(newer))
    valkey.client().sadd(KNOWN, "two:9")
    assert vitals.read() == [Vitals("worker", "two", 9, {"cpu": 0.5})]
