"""The gauges in `/metrics`: what waits, and what each process does."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import DeferredMail, Partner, User
from accounts.states import PartnerStatus
from core import clock, valkey, vitals
from core.heartbeats import beat
from core.ids import new_id
from core.jobs import enqueue
from core.vitals import KNOWN, Vitals
from insights.forecast.models import Forecaster
from ops import gauges
from ops.watcher import look_around
from regions.models import Region
from requests_app.models import CheerRequest
from requests_app.states import RequestStatus
from requests_app.wakeups import match_queue, wake
from tests.cast import Clock
from tests.planning import by_index

Series = dict[str, float]


@pytest.fixture
def time(request: pytest.FixtureRequest) -> Clock:
    """The time that the program reads; `clock` is the module."""
    moved: Clock = request.getfixturevalue("clock")
    return moved


@pytest.fixture(autouse=True)
def _nothing_counted() -> Iterator[None]:
    valkey.client().delete(gauges.KEY, f"{gauges.KEY}:by")
    yield
    valkey.client().delete(gauges.KEY, f"{gauges.KEY}:by")


def scraped(anonymous: APIClient, name: str) -> Series:
    """The values of a metric by their labels, after a sweep has counted."""
    valkey.client().delete(f"{gauges.KEY}:by")
    look_around(clock.now())
    return seen(anonymous, name)


def seen(anonymous: APIClient, name: str) -> Series:
    """The values of a metric by their labels."""
    lines = anonymous.get("/metrics").content.decode().splitlines()
    split = [
        line.rpartition(" ") for line in lines if line.startswith((f"speedycheers_{name}{{", f"speedycheers_{name} "))
    ]
    return {series.partition("{")[2].rstrip("}"): float(value) for series, _, value in split}


def age(queue: str, by_s: float) -> None:
    """Let the message at the head of a queue have been sent earlier."""
    message = json.loads(valkey.client().lindex(queue, -1) or b"")
    message["headers"]["sent_at"] -= by_s
    valkey.client().lset(queue, -1, json.dumps(message))


def test_the_oldest_request_of_each_region(anonymous: APIClient, pending: CheerRequest, time: Clock) -> None:
    quiet = Region.objects.get(slug="nyc")
    quiet.pk, quiet.slug, quiet._state.adding = new_id(), "quiet", True
    quiet.save()
    time.now = pending.created_at
    time.advance(90)
    assert scraped(anonymous, "oldest_pending_seconds") == {'region="nyc"': 90, 'region="quiet"': 0}


def test_the_oldest_task_of_each_region(anonymous: APIClient, nyc: Region) -> None:
    assert scraped(anonymous, "oldest_task_seconds") == {'region="any"': 0, 'region="nyc"': 0}
    wake("nyc")
    age(match_queue("nyc"), 40)
    enqueue("match_region", "nyc", queue=match_queue("nyc"), expires_s=60)
    enqueue("settle", expires_s=60)
    assert scraped(anonymous, "tasks_waiting") == {'region="any"': 1, 'region="nyc"': 2}
    oldest = scraped(anonymous, "oldest_task_seconds")
    assert 40 <= oldest['region="nyc"'] < 340
    assert oldest['region="any"'] < 300


@pytest.mark.parametrize("message", [b"", b"[]", b"{}", b'{"headers": null}', b'{"headers": {"sent_at": "soon"}}'])
def test_a_message_that_says_nothing_has_no_age(anonymous: APIClient, nyc: Region, message: bytes) -> None:
    valkey.client().lpush(match_queue("nyc"), message)
    assert scraped(anonymous, "oldest_task_seconds")['region="nyc"'] == 0
    assert scraped(anonymous, "tasks_waiting")['region="nyc"'] == 1


def test_each_process_by_its_kind(anonymous: APIClient, nyc: Region) -> None:
    vitals.tell(Vitals("socket", "one", 7, {"cpu": 0.5, "sockets": 800, "handshakes": 3}))
    vitals.tell(Vitals("worker", "one", 8, {"cpu": 0.1, "busy": 0.25}))
    socket, worker = 'kind="socket",process="one:7"', 'kind="worker",process="one:8"'
    assert scraped(anonymous, "process_cpu_share") == {socket: 0.5, worker: 0.1}
    assert scraped(anonymous, "process_sockets") == {socket: 800}
    assert scraped(anonymous, "process_handshakes_waiting") == {socket: 3}
    assert scraped(anonymous, "process_threads_busy_share") == {worker: 0.25}


def test_a_process_that_is_gone_is_forgotten(anonymous: APIClient, nyc: Region) -> None:
    for pid in (7, 8):
        vitals.tell(Vitals("worker", "one", pid, {"cpu": 0.5}))
    assert 0 < valkey.client().ttl(f"{KNOWN}:one:7") <= vitals.KEPT_S
    valkey.client().delete(f"{KNOWN}:one:7")
    assert scraped(anonymous, "process_cpu_share") == {'kind="worker",process="one:8"': 0.5}
    assert valkey.client().smembers(KNOWN) == {b"one:8"}


def test_without_valkey_only_that_is_told(
    anonymous: APIClient, pending: CheerRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> Any:
        raise valkey.Unreachable

    look_around(clock.now())
    with monkeypatch.context() as patch:
        patch.setattr(valkey, "client", away)
        look_around(clock.now())
        lines = anonymous.get("/metrics").content.decode().splitlines()
    told = [line for line in lines if not line.startswith("#")]
    assert told == ["speedycheers_valkey_up 0.0"]


def test_requests_in_a_region_without_partners(anonymous: APIClient, partner: Partner, pending: CheerRequest) -> None:
    assert scraped(anonymous, "requests_without_partners") == {'region="nyc"': 0}
    Partner.objects.update(status=PartnerStatus.BUSY)
    assert scraped(anonymous, "requests_without_partners") == {'region="nyc"': 0}
    Partner.objects.update(status=PartnerStatus.OFFLINE)
    assert scraped(anonymous, "requests_without_partners") == {'region="nyc"': 1}


def test_how_well_the_forecast_of_each_region_fits(anonymous: APIClient, nyc: Region) -> None:
    assert scraped(anonymous, "forecast_error_ratio") == {'region="nyc"': 0}
    Forecaster.objects.create(region=nyc, error_ratio=1.25)
    assert scraped(anonymous, "forecast_error_ratio") == {'region="nyc"': 1.25}


def test_work_that_no_worker_has_taken(anonymous: APIClient, user: User, time: Clock) -> None:
    mail = {"user": user, "kind": "receipt", "created_at": time.now, "until": time.now + timedelta(days=1)}
    DeferredMail.objects.create(**mail, due_at=time.now - timedelta(seconds=40))
    DeferredMail.objects.create(**mail, due_at=time.now + timedelta(seconds=40))
    overdue = scraped(anonymous, "overdue_seconds")
    assert overdue['what="mail"'] == 40
    assert overdue['what="push"'] == overdue['what="attempt"'] == 0


def test_the_age_of_the_counts(anonymous: APIClient, nyc: Region, time: Clock) -> None:
    look_around(time.now)
    time.advance(30)
    assert seen(anonymous, "counts_age_seconds") == {"": 30}
    valkey.client().delete(gauges.KEY)
    assert seen(anonymous, "counts_age_seconds") == {}


def test_a_sweep_that_is_away(anonymous: APIClient, nyc: Region) -> None:
    beat("sweep")
    assert seen(anonymous, "sweep_alive") == {"": 1}
    valkey.client().delete("heartbeat:sweep")
    assert seen(anonymous, "sweep_alive") == {"": 0}
    assert seen(anonymous, "processes") == {'kind="sweep"': 0, 'kind="worker"': 0}


def test_one_of_several_sweeps_counts(pending: CheerRequest) -> None:
    with CaptureQueriesContext(connection) as first:
        look_around(clock.now())
    with CaptureQueriesContext(connection) as second:
        look_around(clock.now())
    assert (len(first) > 10, len(second)) == (True, 0)


def test_the_oldest_request_is_found_by_an_index(pending: CheerRequest) -> None:
    """However many requests are over, a count reads those that wait."""
    waiting = CheerRequest.objects.filter(status=RequestStatus.PENDING)
    with by_index():
        plan = waiting.order_by().values_list("region__slug").annotate(at=gauges.oldest_at()).explain()
    assert "request_waiting" in plan or "request_status" in plan, plan
