"""Reported positions on their way to Valkey: at once, or together with others."""

import os
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

import positions
from accounts import presence
from accounts.models import Partner
from accounts.services import report_position
from core import valkey
from positions import Position, Report, reporting
from positions.reporting import Reports
from regions.models import Region
from tests.cast import Clock, fresh, north, report

EVERY_S = 0.025


@pytest.fixture
def busy(settings: Any) -> Iterator[None]:
    """As in production: what comes right after a flush waits for the next one. The thread does not run by itself."""
    settings.POSITION_FLUSH_S = 3600.0
    positions.reports.reset()
    positions.reports._thread = threading.current_thread()
    yield
    positions.reports.reset()


@pytest.fixture
def reports(settings: Any) -> Iterator[Reports]:
    """Reports with a thread of their own."""
    settings.POSITION_FLUSH_S = EVERY_S
    made = Reports()
    yield made
    made.flush()
    end(made)


def end(reports: Reports) -> None:
    """Let the thread go, as after a time without work."""
    thread = reports._thread
    if thread is not None:
        with reports._changed:
            reports._idle_s = 0.0
            reports._changed.notify()
        thread.join(5)
        assert not thread.is_alive()


def at(number: float, recorded_at: datetime | None = None, partner_id: UUID | None = None) -> Report:
    now = timezone.now()
    return Report(partner_id or uuid4(), Position(40.0, number, recorded_at or now), now)


def stored(report: Report) -> float | None:
    """The longitude in Valkey, asked for behind the program's back."""
    row = valkey.client().hget("{x}:pos", str(report.partner_id))
    return float(row.split()[3]) if row else None


def wait_until(condition: Any, seconds: float = 3.0) -> float:
    """How long it took, in seconds."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds
        time.sleep(0.001)
    return time.monotonic() - begun


# ---------------------------------------------------------------- when


def test_a_lone_report_goes_through_at_once(reports: Reports) -> None:
    first = at(1)
    assert reports.take("x", first) == positions.Recorded(True, False, None)
    assert stored(first) == 1
    assert reports._thread is None
    reports._flushed_at -= EVERY_S  # as if that had been so long ago
    later = at(2)
    assert reports.take("x", later) is not None
    assert stored(later) == 2


def test_the_others_soon_after(reports: Reports) -> None:
    crowd = [at(number) for number in range(50)]
    assert [reports.take("x", one) is None for one in crowd] == [False] + [True] * 49
    wait_until(lambda: all(stored(one) is not None for one in crowd))
    assert [stored(one) for one in crowd] == list(range(50))


def test_the_thread_ends_with_the_work(reports: Reports) -> None:
    for _ in range(3):
        for number in range(3):
            reports.take("x", at(number))
        end(reports)
        assert reports._thread is None
        assert not reports._waiting


def test_one_thread_however_many_report(reports: Reports) -> None:
    crowd = [[at(n) for n in range(100)] for _ in range(8)]
    before = threading.active_count()
    threads = [threading.Thread(target=lambda part=part: [reports.take("x", one) for one in part]) for part in crowd]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert threading.active_count() <= before + 1
    reports.flush()
    assert all(stored(one) == n for part in crowd for n, one in enumerate(part))


# ---------------------------------------------------------------- what


@pytest.mark.usefixtures("busy")
def test_of_several_of_one_partner_the_newest_is_written() -> None:
    someone, now = uuid4(), timezone.now()
    positions.reports.take("x", at(0))
    for number, age_s in enumerate([5, 1, 3, 1]):
        assert positions.reports.take("x", at(number, now - timedelta(seconds=age_s), someone)) is None
    assert len(positions.reports._waiting["x"]) == 1
    assert positions.held("x", [someone])[someone][0].lng == 1


@pytest.mark.usefixtures("busy")
def test_what_is_older_than_what_is_held_is_dropped_from_a_batch() -> None:
    now = timezone.now()
    first, other = at(1, now), at(7, now)
    positions.record("x", first.partner_id, first.position, now=now)
    positions.reports.take("x", at(0))
    positions.reports.take("x", at(2, now - timedelta(seconds=1), first.partner_id))
    positions.reports.take("x", other)
    positions.flush()
    assert [stored(first), stored(other)] == [1, 7]


def test_each_answer_belongs_to_its_report() -> None:
    now = timezone.now()
    served, old, plain = at(1), at(2), at(3)
    positions.serve("x", served.partner_id, UUID(int=5))
    positions.record("x", old.partner_id, old.position, now=now)
    positions.enter("x", [plain.partner_id])
    batch = [at(number) for number in range(700)]
    batch[10], batch[600], batch[601] = served, old, plain
    answers = positions.record_many("x", batch)
    assert [n for n, answer in enumerate(answers) if answer.serves_user_id] == [10]
    assert answers[10].serves_user_id == str(UUID(int=5))
    assert [n for n, answer in enumerate(answers) if not answer.applied] == [600]
    assert answers[601].entered
    assert not answers[0].entered


# ---------------------------------------------------------------- what follows from it


@pytest.mark.usefixtures("busy")
def test_who_reads_sees_what_waits(nyc: Region, partner: Partner, other_partner: Partner, clock: Clock) -> None:
    clock.advance(5)
    report(partner, north(700))
    report(other_partner, north(900))
    found = positions.nearest("nyc", *north(0), radius_m=2000, count=2)
    assert [round(candidate.distance_m, -1) for candidate in found] == [700, 900]


@pytest.mark.usefixtures("busy")
def test_the_matcher_hears_of_who_enters_with_a_batch(nyc: Region, partner: Partner, clock: Clock) -> None:
    woken: list[str] = []
    positions.hide("nyc", [partner.pk])
    clock.advance(5)
    positions.reports.take("nyc", at(0))
    here = Position(*north(700), clock.now)
    assert report_position(fresh(partner), here, now=clock.now, on_entered=woken.append) is None
    assert woken == []
    positions.flush()
    assert woken == ["nyc"]
    clock.advance(5)
    report_position(fresh(partner), Position(*north(800), clock.now), now=clock.now, on_entered=woken.append)
    positions.flush()
    assert woken == ["nyc"]


def test_a_long_silent_partner_who_is_back_wakes_the_matcher(nyc: Region, partner: Partner, clock: Clock) -> None:
    """Also where the sweep has not taken them off the map meanwhile."""
    clock.advance(1000)
    assert report_position(fresh(partner), Position(*north(700), clock.now), now=clock.now) == "nyc"


@pytest.mark.usefixtures("busy")
def test_those_served_hear_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(reporting, "push_latest", sent.extend)
    crowd = [at(number) for number in range(4)]
    for one in crowd[2:]:
        positions.serve("x", one.partner_id, UUID(int=9))
    for one in crowd:
        positions.reports.take("x", one)
    positions.flush()
    assert [(to, type) for to, type, _ in sent] == [(f"user:{UUID(int=9)}", "partner.location")] * 2
    assert [payload["location"] for _, _, payload in sent] == [{"lat": 40.0, "lng": 2.0}, {"lat": 40.0, "lng": 3.0}]


@pytest.mark.usefixtures("busy")
def test_while_valkey_is_away_a_batch_goes_to_the_database(
    nyc: Region, partner: Partner, other_partner: Partner, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise valkey.Unreachable("away")

    clock.advance(5)
    positions.reports.take("nyc", at(0))
    report(partner, north(700))
    report(other_partner, north(900))
    with monkeypatch.context() as patch:
        patch.setattr(valkey, "client", away)
        positions.flush()
    assert (fresh(partner).lat, fresh(partner).lng) == pytest.approx(north(700))
    assert (fresh(other_partner).lat, fresh(other_partner).lng) == pytest.approx(north(900))
    assert fresh(partner).position_at == clock.now


def test_the_database_keeps_the_newer_one(nyc: Region, partner: Partner, clock: Clock) -> None:
    earlier, before = clock.now - timedelta(seconds=1), fresh(partner).lat
    assert positions.write_to_database([(partner.pk, 1.0, 2.0, earlier)]) == 0
    assert fresh(partner).lat == before
    assert positions.write_to_database([(partner.pk, 1.0, 2.0, clock.advance(1))]) == 1
    assert fresh(partner).lat == 1.0


def test_a_snapshot_that_fails_is_made_up_for(
    nyc: Region, partner: Partner, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.advance(5)
    report(partner, north(700))

    def broken(_: object) -> int:
        raise RuntimeError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(positions, "write_to_database", broken)
        with pytest.raises(RuntimeError, match="away"):
            presence.snapshot_positions(nyc)
    assert presence.snapshot_positions(nyc) == 1


# ---------------------------------------------------------------- processes


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.usefixtures("busy")
def test_a_forked_child_starts_with_nothing() -> None:
    positions.reports.take("x", at(0))
    positions.reports.take("x", at(1))
    child = os.fork()
    if child == 0:
        clean = not positions.reports._waiting and positions.reports._thread is None
        os._exit(0 if clean else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert positions.reports._waiting
