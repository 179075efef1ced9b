"""Valkey is gone, hangs, or comes back with nothing."""

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

import positions
from accounts.models import Partner, User
from api import health
from core import valkey
from notifications.models import Event
from ops.sweep import Sweeper, sweep_presence
from regions.models import Region
from requests_app.models import CheerRequest
from requests_app.states import RequestStatus
from tests.cast import EMPIRE_STATE, at, fresh, north, offered_to, report
from tests.failures.conftest import back_with_nothing, go_on

Hit = Callable[[int], None]
BODY = {"location": at(EMPIRE_STATE)}


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[None]:
    """A client of these tests' own, which does not wait for two seconds."""
    monkeypatch.setattr(health, "WORKER_ANSWER_S", 0.1)
    settings.VALKEY_TIMEOUT_S = 0.2
    valkey.client.cache_clear()
    yield
    valkey.client.cache_clear()


def missing(api: APIClient) -> list[str]:
    response = api.get("/readyz")
    found: list[str] = response.json()["failing"]
    assert response.status_code == 503
    return found


def test_gone_requests_are_taken_and_matching_goes_on_when_it_is_back(
    nyc: Region, partner: Partner, user_api: APIClient, valkey_process: Hit
) -> None:
    valkey_process(signal.SIGKILL)
    response = user_api.post("/cheerRequest", BODY)
    assert response.status_code == 201
    request = CheerRequest.objects.get(pk=response.json()["requestId"])
    assert Event.objects.filter(recipient=f"user:{request.user_id}").count() == 1
    assert missing(user_api) == ["valkey", "worker"]
    assert user_api.get(f"/cheerRequest/{request.pk}").json()["status"] == "pending"
    report(partner, north(600))  # to the database meanwhile
    assert fresh(partner).lat == pytest.approx(north(600)[0])
    back_with_nothing()
    go_on()
    assert offered_to(request) == partner


def test_gone_the_sweep_keeps_deadlines(nyc: Region, offer: Any, clock: Any, valkey_process: Hit) -> None:
    clock.now = offer.expires_at
    valkey_process(signal.SIGKILL)
    Sweeper().run_due()
    assert fresh(offer).status == "expired"
    assert fresh(offer.request).status == RequestStatus.PENDING


def test_hanging_it_is_waited_for_once(
    nyc: Region, user_api: APIClient, valkey_process: Hit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that needs Valkey five times must not wait five times."""
    waits: list[str] = []
    user_api.get("/me")  # connected
    original = valkey.Retry.call_with_retry

    def counted(self: Any, do: Any, fail: Any, *args: Any, **options: Any) -> Any:
        try:
            return original(self, do, fail, *args, **options)
        except valkey.redis.TimeoutError:
            waits.append("in vain")
            raise

    monkeypatch.setattr(valkey.Retry, "call_with_retry", counted)
    monkeypatch.setattr(valkey, "SPARED_S", 60.0)
    valkey_process(signal.SIGSTOP)
    assert user_api.post("/cheerRequest", BODY).status_code == 201
    assert waits == ["in vain"]
    monkeypatch.undo()
    valkey_process(signal.SIGCONT)


def test_emptied_everybody_is_found_again(
    nyc: Region, partner: Partner, other_partner: Partner, user: User, user_api: APIClient
) -> None:
    sweep_presence(timezone.now())  # their positions are in the database
    valkey.client().flushall()
    response = user_api.post("/cheerRequest", BODY)
    go_on()
    assert partner.pk not in positions.searchable("nyc")[1]  # offered by now
    assert other_partner.pk in positions.searchable("nyc")[1]
    assert offered_to(CheerRequest.objects.get(pk=response.json()["requestId"])) == partner
