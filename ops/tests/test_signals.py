"""The signals in `/metrics` that say whether there are enough processes."""

import json
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Min
from rest_framework.test import APIClient

from core import valkey, vitals
from core.ids import new_id
from core.jobs import enqueue
from core.vitals import KNOWN, Vitals
from regions.models import Region
from requests_app.models import CheerRequest
from requests_app.states import RequestStatus
from requests_app.wakeups import match_queue, wake
from tests.cast import Clock

Series = dict[str, float]


def scraped(anonymous: APIClient, name: str) -> Series:
    """The values of a metric by their labels."""
    lines = anonymous.get("/metrics").content.decode().splitlines()
    split = [line.rpartition(" ") for line in lines if line.startswith(f"speedycheers_{name}{{")]
    return {series.partition("{")[2].rstrip("}"): float(value) for series, _, value in split}


def age(queue: str, by_s: float) -> None:
    """Let the message at the head of a queue have been sent earlier."""
    message = json.loads(valkey.client().lindex(queue, -1) or b"")
    message["headers"]["sent_at"] -= by_s
    valkey.client().lset(queue, -1, json.dumps(message))


def test_the_oldest_request_of_each_region(anonymous: APIClient, pending: CheerRequest, clock: Clock) -> None:
    quiet = Region.objects.get(slug="nyc")
    quiet.pk, quiet.slug, quiet._state.adding = new_id(), "quiet", True
    quiet.save()
    clock.now = pending.created_at
    clock.advance(90)
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


def test_without_valkey_the_others_are_told(
    anonymous: APIClient, pending: CheerRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> Any:
        raise valkey.Unreachable

    monkeypatch.setattr(valkey, "client", away)
    assert scraped(anonymous, "oldest_pending_seconds").keys() == {'region="nyc"'}
    assert scraped(anonymous, "oldest_task_seconds") == {}
    assert scraped(anonymous, "requests")['status="pending"'] == 1


def test_the_oldest_request_is_found_by_an_index(pending: CheerRequest) -> None:
    """However many requests are over, a scrape reads those that wait."""
    waiting = CheerRequest.objects.filter(status=RequestStatus.PENDING)
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_seqscan = off")  # the tables of a test are tiny
        plan = waiting.order_by().values_list("region__slug").annotate(at=Min("created_at")).explain()
    assert "request_waiting" in plan or "request_status" in plan, plan
