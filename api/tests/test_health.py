"""`GET /healthz`, `/readyz` and `/metrics`."""

from collections.abc import Iterator
from threading import Event, Thread
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import Partner
from api import health
from core import valkey
from requests_app.models import CheerRequest
from rides.models import Ride
from speedycheers.celery import app
from tests.cast import Clock


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Something that answers pings as a worker does, through the real broker; it may take its time."""
    monkeypatch.setattr(health, "WORKER_ANSWER_S", 10.0)
    stop, ready = Event(), Event()

    def listen() -> None:
        with app.connection_for_read() as link:
            node = app.control.mailbox.Node("unit@here", channel=link.default_channel)
            node.handlers["ping"] = lambda state, **_: {"ok": "pong"}
            with node.listen(callback=node.handle_message):
                ready.set()
                while not stop.is_set():
                    try:
                        link.drain_events(timeout=0.1)
                    except TimeoutError:
                        continue

    thread = Thread(target=listen)
    thread.start()
    assert ready.wait(5)
    yield
    stop.set()
    thread.join()


def test_healthz_needs_nothing(anonymous: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(valkey, "client", away)
        patch.setattr(connection, "cursor", away)
        assert anonymous.get("/healthz").json() == {"status": "ok"}


def test_ready(anonymous: APIClient, worker: None) -> None:
    response = anonymous.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ok", "failing": []})


def test_without_a_worker(anonymous: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "WORKER_ANSWER_S", 0.1)
    response = anonymous.get("/readyz")
    assert (response.status_code, response.json()["failing"]) == (503, ["worker"])


@pytest.mark.parametrize(
    ("target", "name", "failing"), [(connection, "cursor", "database"), (valkey, "client", "valkey")]
)
def test_each_part_is_named_and_no_more_is_told(
    anonymous: APIClient, monkeypatch: pytest.MonkeyPatch, target: Any, name: str, failing: str
) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise ConnectionError("secret://password@host")

    with monkeypatch.context() as patch:
        patch.setattr(health, "WORKER_ANSWER_S", 0.1)
        patch.setattr(target, name, away)
        response = anonymous.get("/readyz")
    assert (response.status_code, response.json()["failing"]) == (503, [failing, "worker"])
    assert "secret" not in response.content.decode()


def metric(text: str, name: str) -> float:
    [value] = [line.rpartition(" ")[2] for line in text.splitlines() if line.startswith(name)]
    return float(value)


def test_metrics(anonymous: APIClient, completed: Ride, other_partner: Partner, clock: Clock) -> None:
    response = anonymous.get("/metrics")
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain")
    text = response.content.decode()
    assert metric(text, 'speedycheers_requests{status="completed"}') == 1
    assert metric(text, 'speedycheers_offers{status="accepted"}') == 1
    assert metric(text, 'speedycheers_rides{status="completed"}') == 1
    assert metric(text, 'speedycheers_payments{status="due"}') == 1
    assert metric(text, 'speedycheers_partners{status="available"}') == 2
    assert metric(text, "speedycheers_oldest_pending_seconds") == 0


def test_the_oldest_that_waits(anonymous: APIClient, pending: CheerRequest, clock: Clock) -> None:
    clock.now = pending.created_at
    clock.advance(90)
    assert metric(anonymous.get("/metrics").content.decode(), "speedycheers_oldest_pending_seconds") == 90


def test_metrics_name_nobody(anonymous: APIClient, completed: Ride) -> None:
    text = anonymous.get("/metrics").content.decode()
    for secret in ("Ada", "Pia", "@", str(completed.user_id), "40.7", "nyc"):
        assert secret not in text
