"""`GET /healthz`, `/readyz` and `/metrics`."""

from collections.abc import Iterator
from contextlib import suppress
from threading import Event, Thread
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Partner
from api import health
from core import valkey
from core.heartbeats import beat
from ops.metrics import COUNTED, TABLES, keep_final_counts
from ops.sweep import show_life
from requests_app.models import CheerRequest
from rides.models import Ride
from speedycheers.celery import app
from tests.cast import Clock, assert_refused


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
                while not stop.is_set():
                    with suppress(TimeoutError):
                        link.drain_events(timeout=0.1)  # Kombu subscribes when it first waits
                    if valkey.client().pubsub_numpat():
                        ready.set()

    thread = Thread(target=listen)
    thread.start()
    assert ready.wait(5)
    yield
    stop.set()
    thread.join()


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that has just started, and numbers that nobody has counted."""
    monkeypatch.setattr(health, "readiness", health.Readiness())
    beat("sweep")
    valkey.client().delete(COUNTED, f"{COUNTED}:by")
    yield
    valkey.client().delete(COUNTED, f"{COUNTED}:by")


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


def test_ready_once_valkey_is_back(anonymous: APIClient, request: pytest.FixtureRequest) -> None:
    """Connections of before, which Celery keeps in a pool, are of no use any more."""
    for _ in range(3):
        app.control.broadcast("ping", reply=True, timeout=0.05)
    for kind in ("normal", "pubsub"):
        valkey.client().client_kill_filter(_type=kind, skipme=True)
    request.getfixturevalue("worker")
    assert anonymous.get("/readyz").json() == {"status": "ok", "failing": []}


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
    keep_final_counts()
    response = anonymous.get("/metrics")
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain")
    text = response.content.decode()
    assert metric(text, 'speedycheers_requests{status="completed"}') == 1
    assert metric(text, 'speedycheers_offers{status="accepted"}') == 1
    assert metric(text, 'speedycheers_rides{status="completed"}') == 1
    assert metric(text, 'speedycheers_payments{status="due"}') == 1
    assert metric(text, 'speedycheers_partners{status="available"}') == 2


def test_metrics_name_nobody(anonymous: APIClient, completed: Ride) -> None:
    text = anonymous.get("/metrics").content.decode()
    for secret in ("Ada", "Pia", "@", str(completed.user_id), "40.7"):
        assert secret not in text


STRANGER = {"REMOTE_ADDR": "203.0.113.7"}


def test_a_stranger_learns_nothing_of_the_inside(
    anonymous: APIClient, pending: CheerRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "WORKER_ANSWER_S", 0.1)
    response = anonymous.get("/readyz", **STRANGER)
    assert (response.status_code, response.json()) == (503, {"status": "unavailable"})
    response = anonymous.get("/metrics", **STRANGER)
    assert_refused(response, 403, "permission_denied")
    assert "speedycheers_" not in response.content.decode()


@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
    [
        (0, "127.0.0.1", 403),  # somebody stands between whom the settings do not know
        (1, "127.0.0.1, 203.0.113.7", 403),  # the proxy's word counts, not the caller's
        (1, "203.0.113.7, 10.1.2.3", 200),
        (1, None, 200),  # asked beside the proxy
    ],
)
def test_near_is_who_the_proxy_says(
    anonymous: APIClient, db: None, settings: Settings, proxies: int, forwarded: str | None, seen: int
) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": proxies}
    settings.MONITOR_NETWORKS = ["127.0.0.0/8", "10.0.0.0/8"]
    more = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    assert anonymous.get("/metrics", **more).status_code == seen


def test_the_token_opens_from_anywhere(anonymous: APIClient, db: None, settings: Settings) -> None:
    settings.MONITOR_TOKEN = "a-token-of-the-scraper"
    assert anonymous.get("/metrics", HTTP_AUTHORIZATION="Bearer a-token-of-the-scraper", **STRANGER).status_code == 200
    for wrong in ("Bearer another", "Bearer ", "Bearer é", "a-token-of-the-scraper"):
        assert anonymous.get("/metrics", HTTP_AUTHORIZATION=wrong, **STRANGER).status_code == 403
    settings.MONITOR_TOKEN = ""
    assert anonymous.get("/metrics", HTTP_AUTHORIZATION="Bearer ", **STRANGER).status_code == 403


def test_calls_in_a_row_ask_the_workers_once(
    anonymous: APIClient, db: None, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.READY_KEPT_S = 60.0
    asked: list[str] = []
    monkeypatch.setattr(health, "CHECKS", {"worker": lambda: asked.append("worker")})
    assert [anonymous.get("/readyz").status_code for _ in range(5)] == [200] * 5
    assert asked == ["worker"]


def test_a_slow_check_holds_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others get the last answer while one thread waits for the worker."""
    begun, go_on = Event(), Event()

    def slow() -> None:
        begun.set()
        assert go_on.wait(10)

    readiness = health.Readiness()
    monkeypatch.setattr(health, "CHECKS", {})
    assert readiness.failing() == []
    monkeypatch.setattr(health, "CHECKS", {"worker": slow})
    thread = Thread(target=readiness.failing)
    thread.start()
    assert begun.wait(10)
    assert readiness.failing() == []
    go_on.set()
    thread.join()


def test_a_scrape_reads_live_rows_only(anonymous: APIClient, completed: Ride) -> None:
    """No statement of a scrape counts a whole table, however many rows are in a final state."""
    with CaptureQueriesContext(connection) as seen:
        assert anonymous.get("/metrics").status_code == 200
    counting = [query["sql"] for query in seen if "GROUP BY" in query["sql"]]
    assert len(counting) == len(TABLES) + 1  # and the oldest request of each region
    assert all('"status" IN (' in sql or '"status" = ' in sql for sql in counting)


def test_one_of_several_sweeps_counts(completed: Ride, clock: Clock) -> None:
    with CaptureQueriesContext(connection) as seen:
        keep_final_counts()
        keep_final_counts()
    assert len(seen) == len(TABLES)


def test_a_sweep_that_is_away_degrades(worker: None, anonymous: APIClient) -> None:
    valkey.client().delete("heartbeat:sweep")
    answer = anonymous.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "degraded", "failing": ["sweep"]})


def test_each_round_of_the_sweep_shows_its_life(worker: None, anonymous: APIClient) -> None:
    valkey.client().delete("heartbeat:sweep")
    show_life(timezone.now())
    assert anonymous.get("/readyz").json()["status"] == "ok"
