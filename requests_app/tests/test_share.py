"""Sharing a cheer: the link, what it shows, its end."""

import hashlib
from datetime import datetime
from typing import Any

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from accounts.models import User
from api.models import IdempotencyRecord
from ops.pruner import prune_all
from requests_app.models import CheerRequest, Offer, ShareLink
from requests_app.services import cancel_request
from rides.models import Ride
from tests.cast import Clock, accept, assert_refused, at, end, fresh, start


@pytest.fixture
def token(user_api: APIClient, pending: CheerRequest) -> str:
    answer = user_api.post(f"/cheerRequest/{pending.pk}/share")
    assert answer.status_code == 201, answer.content
    url: str = answer.json()["url"]
    assert url.startswith("http://testserver/shared/")
    return url.rpartition("/")[2]


def shared(anonymous: APIClient, token: str) -> dict[str, Any]:
    answer = anonymous.get(f"/sharedCheer/{token}")
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = answer.json()
    return body


def test_only_a_hash_is_kept(token: str, user_api: APIClient, pending: CheerRequest) -> None:
    assert ShareLink.objects.get().digest == hashlib.sha256(token.encode()).hexdigest()
    user_api.post(f"/cheerRequest/{pending.pk}/share", headers={"Idempotency-Key": "a"})
    assert not IdempotencyRecord.objects.exists()  # it would keep the token


def test_whoever_has_it_sees_how_it_stands(
    token: str, anonymous: APIClient, offer: Offer, pending: CheerRequest
) -> None:
    body = shared(anonymous, token)
    assert (body["name"], body["status"], body["partner"]) == ("Ada", "offered", None)
    assert body["location"] == at((pending.lat, pending.lng))
    assert not {"note", "email", "userId", "requestId", "fare"} & set(body)
    ride = accept(offer)
    body = shared(anonymous, token)
    assert (body["rideStatus"], body["partner"]["name"]) == ("en_route", "Pia")
    assert "phone" not in str(body)
    running = start(ride)
    assert shared(anonymous, token)["rideStatus"] == "in_progress"
    end(running)
    body = shared(anonymous, token)
    assert (body["status"], body["location"], body["partner"]) == ("completed", None, None)


def test_it_expires(token: str, anonymous: APIClient, clock: Clock) -> None:
    assert datetime.fromisoformat(shared(anonymous, token)["expiresAt"]) == ShareLink.objects.get().expires_at
    clock.advance(settings.SHARE_TTL_S + 1)
    assert_refused(anonymous.get(f"/sharedCheer/{token}"), 404, "not_found")
    prune_all(clock.now)
    assert not ShareLink.objects.exists()


def test_it_can_be_taken_back(token: str, anonymous: APIClient, user_api: APIClient, pending: CheerRequest) -> None:
    assert user_api.post(f"/cheerRequest/{pending.pk}/unshare").status_code == 204
    assert_refused(anonymous.get(f"/sharedCheer/{token}"), 404, "not_found")


@pytest.mark.parametrize("guess", ["x", "x" * 32, "%F0%9F%8E%89"])
def test_a_guess_leads_nowhere(token: str, anonymous: APIClient, guess: str) -> None:
    assert_refused(anonymous.get(f"/sharedCheer/{guess}"), 404, "not_found")


@pytest.mark.parametrize(("who", "status"), [("outsider", 404), ("partner", 403), ("staff", 403)])
def test_only_its_user_shares(api_of: Any, pending: CheerRequest, who: str, status: int) -> None:
    for step in ("share", "unshare"):
        assert api_of(who).post(f"/cheerRequest/{pending.pk}/{step}").status_code == status
    assert not ShareLink.objects.exists()


def test_what_is_over_is_not_shared(user: User, user_api: APIClient, pending: CheerRequest, clock: Clock) -> None:
    cancel_request(user, pending.pk, reason="", now=clock.now)
    assert_refused(user_api.post(f"/cheerRequest/{pending.pk}/share"), 409, "request_cancelled")


def test_the_page(token: str, anonymous: APIClient, ride: Ride) -> None:
    page = anonymous.get(f"/shared/{token}")
    assert page.status_code == 200
    content = page.content.decode()
    assert "noindex" in content
    assert "Third floor" not in content  # the note is for the partner
    assert fresh(ride).user.email not in content
    gone = anonymous.get("/shared/nothing", headers={"Accept": "text/html"})
    assert gone.status_code == 404
    assert "This link has expired" in gone.content.decode()
