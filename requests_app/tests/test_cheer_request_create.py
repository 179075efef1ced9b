"""`POST /cheerRequest`."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from accounts.models import User
from core import valkey
from notifications.models import Event
from ops.sweep import sweep_deadlines
from regions.models import Region
from requests_app.models import CheerRequest, RequestType
from requests_app.states import RequestStatus
from requests_app.wakeups import match_queue
from rides.models import Ride
from tests.cast import EMPIRE_STATE, LONDON, Clock, assert_refused, at, decline, fresh, match, open_offer, unchanged

BODY = {"location": at(EMPIRE_STATE), "requestType": "pep_talk", "note": "By the north entrance"}
FREE = {"amount": 0, "currency": "usd"}


def test_is_stored_announced_and_wakes_the_matcher(user_api: APIClient, user: User, clock: Clock) -> None:
    response = user_api.post("/cheerRequest", BODY)
    made = CheerRequest.objects.get()
    assert response.status_code == 201
    assert response.json() == {
        "requestId": str(made.pk),
        "userId": str(user.pk),
        "location": at(EMPIRE_STATE),
        "requestType": "pep_talk",
        "note": "By the north entrance",
        "status": "pending",
        "createdAt": clock.now.isoformat().replace("+00:00", "Z"),
        "region": "nyc",
        "attempts": 0,
        "offer": None,
        "rideId": None,
        "partner": None,
        "why": None,
        "reason": None,
        "reasonNote": "",
        "hold": None,
        "cancellation": {"fee": FREE, "lateFee": {"amount": 500, "currency": "usd"}, "freeUntil": None},
        "searchRadiusM": settings.MATCH_RADIUS_M[0],
        "giveUpAt": (clock.now + timedelta(seconds=600)).isoformat().replace("+00:00", "Z"),
    }
    assert (made.give_up_at - clock.now).total_seconds() == settings.REQUEST_PATIENCE_S
    assert made.next_attempt_at == clock.now
    assert [(t.old, t.new, t.actor, t.at) for t in made.transitions.all()] == [("", "pending", user, clock.now)]
    [event] = Event.objects.all()
    assert (event.recipient, event.seq, event.type) == (f"user:{user.pk}", 1, "request.updated")
    assert event.payload["request"] == response.json()
    assert valkey.client().llen(match_queue("nyc")) == 1


def test_type_and_note_are_optional(user_api: APIClient) -> None:
    body = user_api.post("/cheerRequest", {"location": at(EMPIRE_STATE)}).json()
    assert (body["requestType"], body["note"]) == ("classic", "")


def test_the_first_type_in_order_is_meant(user_api: APIClient) -> None:
    RequestType.objects.filter(slug="classic").update(active=False)
    assert user_api.post("/cheerRequest", {"location": at(EMPIRE_STATE)}).json()["requestType"] == "pep_talk"


def test_where_there_is_no_type_at_all(user_api: APIClient) -> None:
    RequestType.objects.update(active=False)
    with unchanged():
        refused = user_api.post("/cheerRequest", {"location": at(EMPIRE_STATE)})
    assert_refused(refused, 400, "required", "requestType")


def test_times_are_utc(user_api: APIClient) -> None:
    text = user_api.post("/cheerRequest", BODY).json()["createdAt"]
    assert text.endswith("Z")
    assert datetime.fromisoformat(text).utcoffset() is not None


@pytest.mark.parametrize("place", [LONDON, (0.0, 0.0), (90.0, 180.0), (-90.0, -180.0), (40.7484, 73.9857)])
def test_outside_every_region(user_api: APIClient, place: tuple[float, float]) -> None:
    with unchanged():
        refused = user_api.post("/cheerRequest", {**BODY, "location": at(place)})
        assert_refused(refused, 409, "region_not_served", "location")


def test_in_a_region_that_is_closed(user_api: APIClient, nyc: Region) -> None:
    nyc.active = False
    nyc.save()
    with unchanged():
        assert_refused(user_api.post("/cheerRequest", BODY), 409, "region_not_served", "location")


@pytest.mark.parametrize("stage", ["pending", "offer", "ride", "running"])
def test_one_open_request_at_a_time(user_api: APIClient, request: Any, stage: str) -> None:
    request.getfixturevalue(stage)
    with unchanged():
        assert_refused(user_api.post("/cheerRequest", BODY), 409, "request_already_open")


def test_again_after_the_first_is_over(user_api: APIClient, completed: Ride) -> None:
    second = user_api.post("/cheerRequest", BODY)
    assert second.status_code == 201
    assert user_api.post(f"/cheerRequest/{second.json()['requestId']}/cancel").status_code == 200
    assert user_api.post("/cheerRequest", BODY).status_code == 201


def test_again_after_a_dead_letter(user_api: APIClient, pending: CheerRequest, clock: Clock) -> None:
    sweep_deadlines(clock.advance(settings.REQUEST_PATIENCE_S + 1))
    assert fresh(pending).status == RequestStatus.NO_MATCH
    assert user_api.post("/cheerRequest", BODY).status_code == 201


def test_users_do_not_share_the_limit(user_api: APIClient, other_user_api: APIClient) -> None:
    assert {client.post("/cheerRequest", BODY).status_code for client in (user_api, other_user_api)} == {201}


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("anonymous", 401, "not_authenticated"),
        ("partner", 403, "permission_denied"),
        ("staff", 403, "permission_denied"),
    ],
)
def test_only_users(api_of: Any, who: str, status: int, code: str) -> None:
    client = api_of(who)
    with unchanged():
        assert_refused(client.post("/cheerRequest", BODY), status, code)


@pytest.mark.parametrize(
    ("change", "code", "attr"),
    [
        ({"location": None}, "null", "location"),
        ({"location": {}}, "required", "location.lat"),
        ({"location": {"lat": "a", "lng": 0}}, "invalid", "location.lat"),
        ({"location": {"lat": 91, "lng": 0}}, "max_value", "location.lat"),
        ({"requestType": "hug"}, "does_not_exist", "requestType"),
        ({"requestType": ""}, "null", "requestType"),
        ({"requestType": None}, "null", "requestType"),
        ({"requestType": 5}, "invalid", "requestType"),
        ({"requestType": {"slug": "pep_talk"}}, "invalid", "requestType"),
        ({"requestType": ["pep_talk"]}, "invalid", "requestType"),
        ({"requestType": True}, "invalid", "requestType"),
        ({"note": None}, "null", "note"),
        ({"note": 5}, "invalid", "note"),
        ({"note": "x" * 501}, "max_length", "note"),
    ],
)
def test_malformed(user_api: APIClient, change: dict[str, Any], code: str, attr: str) -> None:
    with unchanged():
        response = user_api.post("/cheerRequest", {**BODY, **change})
        assert response.status_code == 400, response.json()
        assert (code, attr) in [(e["code"], e["attr"]) for e in response.json()["errors"]]


def test_a_type_that_is_no_longer_offered(user_api: APIClient) -> None:
    RequestType.objects.filter(slug="pep_talk").update(active=False)
    with unchanged():
        assert_refused(user_api.post("/cheerRequest", BODY), 400, "does_not_exist", "requestType")


def test_a_note_is_kept_as_written(user_api: APIClient) -> None:
    note = "Ring “Müller” 📣\n<b>2nd</b> floor & left"
    assert user_api.post("/cheerRequest", {**BODY, "note": note}).json()["note"] == note


def test_clients_decide_nothing_else(user_api: APIClient, other_user: User, user: User) -> None:
    body = {**BODY, "userId": str(other_user.pk), "status": "accepted", "region": "x", "attempts": 9}
    answer = user_api.post("/cheerRequest", body).json()
    assert (answer["userId"], answer["status"], answer["region"], answer["attempts"]) == (
        str(user.pk),
        "pending",
        "nyc",
        0,
    )


def test_without_valkey_the_request_is_taken_all_the_same(user_api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise valkey.Unreachable("away")

    monkeypatch.setattr(valkey, "client", away)
    assert user_api.post("/cheerRequest", BODY).status_code == 201


def test_a_declined_request_is_still_the_open_one(user_api: APIClient, offer: Any, nyc: Region) -> None:
    decline(offer)
    assert_refused(user_api.post("/cheerRequest", BODY), 409, "request_already_open")
    match(nyc)
    assert not CheerRequest.objects.exclude(user=offer.request.user).exists()
    with pytest.raises(type(offer).DoesNotExist):
        open_offer(offer.request)
