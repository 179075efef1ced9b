"""Waking the matcher of a region."""

import json
from datetime import timedelta
from typing import Any

import pytest
from celery.app.trace import build_tracer
from django.db import transaction

from accounts.models import Partner, User
from core import clock, valkey
from regions.models import Region
from requests_app import wakeups
from requests_app.models import CheerRequest
from requests_app.tasks import match_region, worker_queues
from requests_app.wakeups import match_queue
from speedycheers.celery import app as celery_app
from tests.cast import decline, fresh, make_partner, make_user, match, north, open_offer, submit


def waiting(slug: str = "nyc") -> int:
    count = valkey.client().llen(match_queue(slug))
    assert isinstance(count, int)
    return count


def test_at_most_one_waits_per_region(nyc: Region) -> None:
    for _ in range(10):
        wakeups.wake("nyc")
        wakeups.wake("elsewhere")
    assert (waiting("nyc"), waiting("elsewhere")) == (1, 1)


def test_while_one_runs_the_next_may_wait(nyc: Region) -> None:
    """What has come too late for the run under way has a wake-up of its own."""
    wakeups.wake("nyc")
    wakeups.taken("nyc")
    for _ in range(10):
        wakeups.wake("nyc")
    assert waiting() == 2


def test_the_task_takes_it_before_it_looks(nyc: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    wakeups.wake("nyc")
    seen = []

    def look(region: Region) -> bool:
        wakeups.wake("nyc")
        seen.append(waiting())
        return False

    monkeypatch.setattr("requests_app.matching.batch.match_batch", look)
    match_region("nyc")
    assert seen == [2]


def test_a_lost_one_does_not_block_for_long(nyc: Region) -> None:
    wakeups.wake("nyc")
    ttl = valkey.client().ttl("{nyc}:match:pending")
    assert isinstance(ttl, int)
    assert 0 < ttl <= wakeups.PENDING_FOR_S


def test_nor_does_one_from_before_the_clock_was_set_back(nyc: Region) -> None:
    """Valkey's machine was ten minutes ahead, so the note that one waits would stay for as long."""
    valkey.client().set("{nyc}:match:pending", 1, ex=wakeups.PENDING_FOR_S + 600)
    wakeups.wake("nyc")
    wakeups.wake("nyc")
    assert waiting() == 1


@pytest.mark.parametrize(("waited_s", "runs"), [(59, True), (61, False)])
def test_a_stale_one_is_not_run(nyc: Region, monkeypatch: pytest.MonkeyPatch, waited_s: int, runs: bool) -> None:
    """By the database's clock: those of the machines may be minutes apart."""
    ran: list[str] = []
    wakeups.wake("nyc")
    headers = json.loads(valkey.client().lindex(match_queue("nyc"), 0) or b"")["headers"]
    assert headers["expires"] is None
    later = clock.now() + timedelta(seconds=waited_s)
    monkeypatch.setattr(clock, "now", lambda: later)
    monkeypatch.setattr(match_region, "run", ran.append)
    tracer = build_tracer(match_region.name, match_region, app=celery_app)
    tracer(headers["id"], ["nyc"], {}, headers)
    assert ran == (["nyc"] if runs else [])


def test_only_once_committed(nyc: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[str] = []
    monkeypatch.setattr(wakeups, "wake", woken.append)
    with transaction.atomic():
        wakeups.wake_on_commit("nyc")
        assert woken == []
    assert woken == ["nyc"]


def test_not_where_it_was_rolled_back(nyc: Region) -> None:
    def fail() -> None:
        with transaction.atomic():
            wakeups.wake_on_commit("nyc")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert waiting() == 0


def test_a_request_wakes(nyc: Region, user: User) -> None:
    submit(user)
    assert waiting() == 1


def test_so_does_everything_that_frees_a_partner_or_a_request(nyc: Region, user: User, partner: Partner) -> None:
    request = submit(user)
    match(nyc)
    valkey.client().delete(match_queue("nyc"), "{nyc}:match:pending")
    decline(open_offer(request))
    assert waiting() == 1


def test_many_requests_make_one_batch(nyc: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeups, "PENDING_FOR_S", 600)  # however slow the machine, no wake-up is considered lost
    requests = [submit(make_user(f"U{n}")) for n in range(5)]
    for n in range(5):
        make_partner(f"P{n}", at=north(n))
    assert waiting() == 1
    match_region("nyc")
    assert {fresh(request).status for request in requests} == {"offered"}
    assert CheerRequest.objects.count() == 5


def test_without_the_broker_nothing_fails(nyc: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr(celery_app, "send_task", away)
        wakeups.wake("nyc")


def test_a_wake_up_that_could_not_be_sent_does_not_hold_back_the_next(
    nyc: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr(celery_app, "send_task", away)
        wakeups.wake("nyc")
    wakeups.wake("nyc")
    assert waiting() == 1


def test_a_worker_listens_to_every_region(nyc: Region) -> None:
    Region.objects.create(slug="b", name="B", boundary=nyc.boundary, time_zone="UTC", active=False)
    assert worker_queues() == ["default", "match.b", "match.nyc"]
