"""Reports on their way to Valkey: a lone one immediately, others together, and none by a reader."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

import positions
from core import valkey
from positions import Reports, Search, Service
from positions.tests.conftest import EVERY_S, Cue
from positions.tests.live_map import wait_for_writers, writers
from positions.tests.reports import at, let_wait, stored

# ---------------------------------------------------------------- when


def test_a_lone_report_is_written_immediately(reports: Reports) -> None:
    first = at(1)
    assert reports.take("x", first) == positions.Recorded(True, False, None)
    assert stored(first) == 1
    reports._written_at -= EVERY_S  # as if that had been so long ago
    later = at(2)
    assert reports.take("x", later) is not None
    assert stored(later) == 2
    assert writers() == []


def test_the_others_together_soon_after(reports: Reports) -> None:
    crowd = [at(number) for number in range(50)]
    for one in crowd:
        reports.take("x", one)
    wait_for_writers()
    assert [stored(one) for one in crowd] == list(range(50))


def test_the_writer_ends_with_the_work_and_starts_again(cue: Cue, reports: Reports, settings: Any) -> None:
    settings.POSITION_FLUSH_S = 3600.0
    let_wait(reports)
    for number in range(3):
        waiting = at(number)
        assert reports.take("x", waiting) is None
        assert stored(waiting) is None
        cue.write()
        assert stored(waiting) == number
        assert writers() == []


def test_one_writer_however_many_report(cue: Cue, reports: Reports, settings: Any) -> None:
    settings.POSITION_FLUSH_S = 3600.0
    crowd = [[at(n) for n in range(100)] for _ in range(8)]
    let_wait(reports)
    threads = [threading.Thread(target=lambda part=part: [reports.take("x", one) for one in part]) for part in crowd]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(writers()) == 1
    cue.write()
    assert all(stored(one) == n for part in crowd for n, one in enumerate(part))


# ---------------------------------------------------------------- what


def test_of_several_of_one_partner_the_newest_is_written(cue: Cue, busy: Reports) -> None:
    someone, now = uuid4(), timezone.now()
    made = [at(number, now - timedelta(seconds=age_s), someone) for number, age_s in enumerate([5, 1, 3, 1])]
    let_wait(busy, *made)
    assert len(busy._waiting["x"]) == 1
    cue.write()
    assert stored(made[0]) == 1


def test_what_is_older_than_what_is_held_is_dropped_from_a_batch(cue: Cue, busy: Reports) -> None:
    now = timezone.now()
    first, other = at(1, now), at(7, now)
    positions.record_many("x", [first])
    let_wait(busy, at(2, now - timedelta(seconds=1), first.partner_id), other)
    cue.write()
    assert [stored(first), stored(other)] == [1, 7]


def test_each_answer_belongs_to_its_report() -> None:
    served, old, plain = at(1), at(2), at(3)
    positions.serve("x", served.partner_id, Service(UUID(int=5)))
    positions.record_many("x", [old])
    positions.enter("x", [plain.partner_id])
    batch = [at(number) for number in range(700)]
    batch[10], batch[600], batch[601] = served, old, plain
    answers = positions.record_many("x", batch)
    assert [n for n, answer in enumerate(answers) if answer.serves_user_id] == [10]
    assert answers[10].serves_user_id == str(UUID(int=5))
    assert [n for n, answer in enumerate(answers) if not answer.applied] == [600]
    assert answers[601].entered
    assert not answers[0].entered


# ---------------------------------------------------------------- reading, and changes of presence, meanwhile


@pytest.mark.parametrize(
    "read",
    [
        lambda pk: positions.held("x", [pk]),
        lambda pk: positions.searchable("x"),
        lambda pk: positions.moved("x", 10),
        lambda pk: positions.nearest_to_many("x", [Search(40.0, 1.0, 1000.0, 1)]),
        lambda pk: positions.received_since("x", [pk], timezone.now()),
        lambda pk: positions.without_position("x", [pk]),
        lambda pk: positions.serving("x"),
        lambda pk: positions.available_count("x"),
        lambda pk: positions.enter("x", [pk]),
        lambda pk: positions.leave("x", [pk]),
        lambda pk: positions.hide("x", [pk]),
        lambda pk: positions.hand_over("x", "y", pk),
        lambda pk: positions.forget("x", pk),
    ],
    ids=[
        "held",
        "searchable",
        "moved",
        "nearest_to_many",
        "received_since",
        "without_position",
        "serving",
        "available_count",
        "enter",
        "leave",
        "hide",
        "hand_over",
        "forget",
    ],
)
def test_nobody_but_the_writer_writes_what_waits(cue: Cue, busy: Reports, read: Callable[[UUID], object]) -> None:
    other, own = at(1), at(2)
    let_wait(busy, other, own)
    read(own.partner_id)
    assert [stored(other), stored(own)] == [None, None]
    cue.write()
    assert stored(other) == 1


@pytest.mark.parametrize("entered_first", [True, False])
def test_going_online_right_after_a_report(cue: Cue, busy: Reports, entries: list[str], entered_first: bool) -> None:
    mine = at(1)
    let_wait(busy, mine)
    if not entered_first:
        cue.write()
    positions.enter("x", [mine.partner_id])
    if entered_first:
        assert positions.searchable("x") == ({mine.partner_id}, set())
        cue.write()
    assert positions.searchable("x") == ({mine.partner_id}, {mine.partner_id})
    assert entries == (["x"] if entered_first else [])  # else going online wakes the matcher


def test_a_report_that_waits_does_not_bring_a_forgotten_partner_back(cue: Cue, busy: Reports) -> None:
    gone, other = at(1), at(2)
    positions.record_many("x", [at(0, timezone.now() - timedelta(seconds=5), gone.partner_id)])
    positions.enter("x", [gone.partner_id])
    let_wait(busy, gone, other)
    positions.forget("x", gone.partner_id)
    cue.write()
    assert [stored(gone), stored(other)] == [None, 2]
    assert positions.searchable("x") == (set(), set())
    assert gone.partner_id not in positions.moved("x", 10)


def test_a_report_that_waits_for_the_old_region_puts_nobody_on_its_map(cue: Cue, busy: Reports) -> None:
    someone, now = uuid4(), timezone.now()
    positions.record_many("x", [at(1, now - timedelta(seconds=5), someone)])
    positions.enter("x", [someone])
    let_wait(busy, at(2, now - timedelta(seconds=1), someone))
    positions.hand_over("x", "y", someone)
    positions.enter("y", [someone])
    there = at(3, now, someone)
    positions.record_many("y", [there])
    cue.write()
    assert positions.searchable("x") == (set(), set())
    assert positions.searchable("y") == ({someone}, {someone})
    assert stored(there, "y") == 3
    # And back again: the newest report counts, whatever the old region still holds.
    positions.hand_over("y", "x", someone)
    back = at(4, now + timedelta(seconds=1), someone)
    positions.record_many("x", [back])
    assert stored(back) == 4


def test_a_snapshot_takes_what_waited_at_its_next_turn(cue: Cue, busy: Reports) -> None:
    mine = at(2, partner_id=uuid4())
    let_wait(busy, mine)
    assert mine.partner_id not in positions.moved("x", 10)
    cue.write()
    assert positions.moved("x", 10)[mine.partner_id][0].lng == mine.position.lng


# ---------------------------------------------------------------- processes


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_starts_a_writer_of_its_own(cue: Cue, busy: Reports) -> None:
    let_wait(busy, at(1))
    theirs = at(2)
    child = os.fork()
    if child == 0:
        valkey.client.cache_clear()
        busy.take("x", theirs)
        cue.write()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert stored(theirs) == 2


ENDING = """
import django
django.setup()
from uuid import UUID
from django.utils import timezone
from positions import Position, Report, Reports
reports, now = Reports(save=print), timezone.now()
for number in (1, 2):
    reports.take("x", Report(UUID(int=number), Position(40.0, number, now), now))
"""


def test_a_process_that_ends_writes_first_what_waits() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "speedycheers.settings", "POSITION_FLUSH_S": "1.0"}
    subprocess.run([sys.executable, "-c", ENDING], env=environment, check=True, timeout=60)
    found = positions.held("x", [UUID(int=1), UUID(int=2)])
    assert [place.lng for place, _ in found.values()] == [1, 2]
