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

from accounts.models import Partner, User
from api import health
from core import metric_totals, metrics, valkey
from core.heartbeats import beat
from ops import gauges
from ops.sweep import show_life
from ops.watcher import look_around
from requests_app.models import CheerRequest
from rides.models import Ride
from speedycheers.celery import app
from tests.cast import assert_refused, at, north
from tests.cheer_calls import caller, cheer

KEYS = (gauges.KEY, f"{gauges.KEY}:by", metric_totals.KEY)


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
    monkeypatch.setattr(metrics, "_counted", {})
    monkeypatch.setattr(health, "readiness", health.Readiness())
    beat("sweep")
    valkey.client().delete(*KEYS)
    yield
    valkey.client().delete(*KEYS)


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


def test_metrics(anonymous: APIClient, ride: Ride, other_partner: Partner) -> None:
    look_around(timezone.now())
    response = anonymous.get("/metrics")
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain")
    text = response.content.decode()
    assert metric(text, 'speedycheers_requests{status="accepted"}') == 1
    assert metric(text, 'speedycheers_requests{status="pending"}') == 0
    assert metric(text, 'speedycheers_rides{status="en_route"}') == 1
    assert metric(text, 'speedycheers_partners{status="available"}') == 1
    assert metric(text, 'speedycheers_partners{status="busy"}') == 1


def test_metrics_of_a_whole_cheer(
    anonymous: APIClient, user_api: APIClient, partner_api: APIClient, partner: Partner, settings: Settings
) -> None:
    settings.MIN_SESSION_S = 0
    cheer(caller(user_api, partner_api))
    metric_totals.tell()
    text = anonymous.get("/metrics").content.decode()
    for of, to in [("cheerrequest", "completed"), ("offer", "accepted"), ("ride", "completed"), ("partner", "busy")]:
        assert metric(text, f'speedycheers_transitions_total{{of="{of}",to="{to}"}}') == 1
    for stage in ("offered", "accepted", "arrived"):
        assert metric(text, f'speedycheers_stage_seconds_count{{region="nyc",stage="{stage}"}}') == 1
    assert metric(text, 'speedycheers_stage_seconds_bucket{le="1800.0",region="nyc",stage="offered"}') == 1
    assert metric(text, 'speedycheers_call_seconds_count{method="POST",status="2xx"}') == 5


def test_metrics_name_nobody(
    anonymous: APIClient, user_api: APIClient, user: User, completed: Ride, settings: Settings
) -> None:
    settings.MONITOR_TOKEN = "a-token-of-the-scraper"
    place = {**at(north(900)), "address": "7 Planted Street"}
    user_api.post("/cheerRequest", {"location": place, "requestType": "planted_type", "note": "planted words"})
    user_api.generic("PLANT", "/planted/path", HTTP_X_REQUEST_ID="planted-planted-planted")
    metric_totals.tell()
    look_around(timezone.now())
    answer = anonymous.get("/metrics", HTTP_AUTHORIZATION="Bearer a-token-of-the-scraper")
    text = answer.content.decode()
    assert "speedycheers_call_seconds_count" in text
    for secret in ("Ada", "Pia", "@", str(completed.user_id), "40.7", "lanted", "PLANT", "a-token-of", "127.0.0.1"):
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


@pytest.mark.parametrize("counted", [True, False])
def test_a_scrape_asks_the_database_for_nothing(anonymous: APIClient, completed: Ride, counted: bool) -> None:
    """However many rows there are, an answer takes the same time."""
    if counted:
        look_around(timezone.now())
    with CaptureQueriesContext(connection) as seen:
        assert anonymous.get("/metrics").status_code == 200
    assert not seen.captured_queries


def test_a_sweep_that_is_away_degrades(worker: None, anonymous: APIClient) -> None:
    valkey.client().delete("heartbeat:sweep")
    answer = anonymous.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "degraded", "failing": ["sweep"]})


def test_each_round_of_the_sweep_shows_its_life(worker: None, anonymous: APIClient) -> None:
    valkey.client().delete("heartbeat:sweep")
    show_life(timezone.now())
    assert anonymous.get("/readyz").json()["status"] == "ok"
