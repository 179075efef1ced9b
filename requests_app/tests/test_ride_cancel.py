"""`POST /rideCancel`."""

from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from rest_framework.test import APIClient

import positions
from accounts.models import Partner, User
from accounts.states import PartnerStatus
from notifications.models import Event
from payments.models import Payment
from regions.models import Region
from requests_app.states import RequestStatus
from rides.models import Ride
from rides.reasons import CALL_OFF_CODES
from tests.cast import Clock, accept, assert_refused, end, fresh, match, offered_to, open_offer, start, unchanged


def cancel(client: APIClient, ride: Ride, reason: Any = "flat tyre") -> Any:
    return client.post("/rideCancel", {"rideId": str(ride.pk), "reason": reason})


def test_the_request_is_matched_again_and_never_to_them(
    partner_api: APIClient, ride: Ride, partner: Partner, other_partner: Partner, user: User, nyc: Region, clock: Clock
) -> None:
    clock.advance(60)
    response = cancel(partner_api, ride)
    assert response.status_code == 200
    assert (response.json()["rideId"], response.json()["status"]) == (str(ride.pk), "cancelled")
    request = fresh(ride.request)
    assert (request.status, request.wave, request.next_attempt_at) == (RequestStatus.PENDING, 0, clock.now)
    assert (request.give_up_at - clock.now).total_seconds() == settings.REQUEST_PATIENCE_S
    assert fresh(partner).status == PartnerStatus.AVAILABLE
    assert positions.serving("nyc") == {}
    last = ride.transitions.last()
    assert last is not None
    assert (last.new, last.reason, last.actor) == ("cancelled", "flat tyre", partner.user)
    assert (fresh(ride).closed_code, fresh(ride).closed_note) == ("other", "flat tyre")
    assert not Payment.objects.exists()  # the user pays nothing for it
    match(nyc)
    assert offered_to(ride.request) == other_partner


@pytest.mark.parametrize("code", CALL_OFF_CODES)
def test_a_code_is_kept_as_one(partner_api: APIClient, ride: Ride, code: str) -> None:
    cancel(partner_api, ride, code)
    assert (fresh(ride).closed_code, fresh(ride).closed_note) == (code, "")


@pytest.mark.parametrize("words", ["no_show", "cancelled_by_user", "released_by_staff"])
def test_nobody_types_a_code_of_ours(partner_api: APIClient, ride: Ride, words: str) -> None:
    cancel(partner_api, ride, words)
    assert (fresh(ride).closed_code, fresh(ride).closed_note) == ("other", words)


def test_the_user_does_not_learn_why(partner_api: APIClient, ride: Ride, user: User) -> None:
    cancel(partner_api, ride, "unsafe")
    told = [str(event.payload) for event in Event.objects.filter(recipient=f"user:{user.pk}")]
    assert told
    assert "unsafe" not in "".join(told)


def test_with_nobody_else_there_it_waits(partner_api: APIClient, ride: Ride, nyc: Region, clock: Clock) -> None:
    cancel(partner_api, ride)
    clock.advance(settings.REOFFER_AFTER_S + 1)
    match(nyc)
    assert offered_to(ride.request) is None
    assert fresh(ride.request).status == RequestStatus.PENDING


def test_the_second_partner_serves_the_same_request(
    partner_api: APIClient, ride: Ride, other_partner: Partner, nyc: Region
) -> None:
    cancel(partner_api, ride)
    match(nyc)
    second = end(start(accept(open_offer(ride.request))))
    assert (second.request_id, second.partner) == (ride.request_id, other_partner)
    assert fresh(ride.request).status == RequestStatus.COMPLETED
    assert Payment.objects.count() == 1


def test_the_user_no_longer_sees_the_partner(
    partner_api: APIClient, user_api: APIClient, ride: Ride, user: User
) -> None:
    cancel(partner_api, ride)
    body = user_api.get(f"/cheerRequest/{ride.request_id}").json()
    assert (body["status"], body["partner"], body["rideId"]) == ("pending", None, None)
    told = list(Event.objects.filter(recipient=f"user:{user.pk}").order_by("seq"))[-2:]
    assert [event.type for event in told] == ["request.updated", "ride.updated"]


def test_not_once_the_session_has_started(partner_api: APIClient, running: Ride) -> None:
    with unchanged():
        assert_refused(cancel(partner_api, running), 409, "ride_in_progress")


def test_not_once_it_is_over(partner_api: APIClient, completed: Ride) -> None:
    with unchanged():
        assert_refused(cancel(partner_api, completed), 409, "ride_completed")


def test_twice(partner_api: APIClient, ride: Ride) -> None:
    cancel(partner_api, ride)
    with unchanged():
        assert_refused(cancel(partner_api, ride), 409, "ride_cancelled")


def test_not_another_partners(other_partner_api: APIClient, ride: Ride) -> None:
    with unchanged():
        assert_refused(cancel(other_partner_api, ride), 404, "not_found")
        unknown = {"rideId": str(uuid4()), "reason": "x"}
        assert_refused(other_partner_api.post("/rideCancel", unknown), 404, "not_found")


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("anonymous", 401, "not_authenticated"),
        ("user", 403, "permission_denied"),
        ("staff", 403, "permission_denied"),
    ],
)
def test_only_partners(api_of: Any, ride: Ride, who: str, status: int, code: str) -> None:
    client = api_of(who)
    with unchanged():
        assert_refused(cancel(client, ride), status, code)


@pytest.mark.parametrize(
    ("change", "code", "attr"),
    [
        ({"rideId": None}, "null", "rideId"),
        ({"rideId": "x"}, "invalid", "rideId"),
        ({"reason": None}, "null", "reason"),
        ({"reason": ""}, "blank", "reason"),
        ({"reason": 5}, "invalid", "reason"),
        ({"reason": "x" * 201}, "max_length", "reason"),
    ],
)
def test_malformed(partner_api: APIClient, ride: Ride, change: dict[str, Any], code: str, attr: str) -> None:
    with unchanged():
        body = {"rideId": str(ride.pk), "reason": "flat tyre", **change}
        assert_refused(partner_api.post("/rideCancel", body), 400, code, attr)
