"""`POST /rideAccept`. Several at once are in tests/races."""

from typing import Any
from unittest.mock import ANY
from uuid import uuid4

import pytest
from django.conf import settings
from rest_framework.test import APIClient

import positions
from accounts.models import Partner, User
from accounts.states import PartnerStatus
from notifications.models import Event
from ops.sweep import sweep_deadlines
from regions.models import Region
from requests_app import services
from requests_app.models import CheerRequest, Offer
from requests_app.states import OfferStatus, RequestStatus
from rides.models import Ride
from tests.cast import (
    Clock,
    accept,
    assert_refused,
    client_of,
    decline,
    end,
    fresh,
    make_applicant,
    match,
    open_offer,
    start,
    submit,
    unchanged,
)


def test_makes_a_ride_and_tells_both_sides(
    partner_api: APIClient, partner: Partner, user: User, offer: Offer, clock: Clock
) -> None:
    response = partner_api.post("/rideAccept", {"offerId": str(offer.pk)})
    ride = Ride.objects.get()
    assert response.status_code == 201
    assert response.json() == {
        "rideId": str(ride.pk),
        "requestId": str(offer.request_id),
        "userId": str(user.pk),
        "partnerId": str(partner.pk),
        "status": "en_route",
        "acceptedAt": clock.now.isoformat().replace("+00:00", "Z"),
        "startTime": None,
        "endTime": None,
        "elapsedS": 0,
        "fare": None,
        "coveredUntil": None,
        "tariff": {"amount": 1000, "currency": "usd", "incrementS": 300},
        "rating": None,
        "pinRequired": True,
        "pin": None,
        "userName": "Ada",
        "arrivedAt": None,
        "disputedAt": None,
        "endedBy": None,
        "noShowAt": None,
        "userHereAt": None,
    }
    assert (fresh(offer).status, fresh(offer).answered_at) == (OfferStatus.ACCEPTED, clock.now)
    assert fresh(offer.request).status == RequestStatus.ACCEPTED
    assert (fresh(partner).status, fresh(partner).status_since) == (PartnerStatus.BUSY, clock.now)
    assert positions.searchable("nyc") == (set(), set())
    assert positions.serving("nyc")[partner.pk].user_id == user.pk
    for recipient in (f"user:{user.pk}", f"partner:{partner.pk}"):
        told = Event.objects.filter(recipient=recipient, type="ride.updated").get()
        assert told.payload["ride"]["rideId"] == str(ride.pk)
    assert Event.objects.filter(recipient=f"user:{user.pk}", type="request.updated").last() is not None


def test_each_side_is_told_only_what_is_for_them(ride: Ride, user: User, partner: Partner) -> None:
    to_user = Event.objects.get(recipient=f"user:{user.pk}", type="ride.updated").payload["ride"]
    to_partner = Event.objects.get(recipient=f"partner:{partner.pk}", type="ride.updated").payload["ride"]
    assert (to_user["userName"], to_partner["userName"]) == (None, "Ada")


def test_every_row_has_its_history(ride: Ride, offer: Offer, partner: Partner) -> None:
    for row, old, new in (
        (offer, "pending", "accepted"),
        (offer.request, "offered", "accepted"),
        (partner, "offered", "busy"),
        (ride, "", "en_route"),
    ):
        last = row.transitions.last()
        assert last is not None
        assert (last.old, last.new, last.actor) == (old, new, partner.user)


def test_by_the_request(partner_api: APIClient, offer: Offer) -> None:
    response = partner_api.post("/rideAccept", {"requestId": str(offer.request_id)})
    assert (response.status_code, response.json()["requestId"]) == (201, str(offer.request_id))


def test_the_tariff_is_frozen(partner_api: APIClient, offer: Offer, nyc: Region) -> None:
    ride = Ride.objects.get(pk=partner_api.post("/rideAccept", {"offerId": str(offer.pk)}).json()["rideId"])
    Region.objects.update(increment_amount=1, increment_s=1, currency="eur")
    body = partner_api.get(f"/ride/{ride.pk}").json()
    assert body["tariff"] == {"amount": 1000, "currency": "usd", "incrementS": 300}


@pytest.mark.parametrize("by", ["offerId", "requestId"])
def test_twice(partner_api: APIClient, offer: Offer, by: str) -> None:
    body = {by: str(offer.pk if by == "offerId" else offer.request_id)}
    assert partner_api.post("/rideAccept", body).status_code == 201
    with unchanged():
        assert_refused(partner_api.post("/rideAccept", body), 409, "offer_taken")


def test_not_after_declining(partner_api: APIClient, offer: Offer) -> None:
    decline(offer)
    with unchanged():
        assert_refused(partner_api.post("/rideAccept", {"offerId": str(offer.pk)}), 409, "offer_declined")


def test_not_after_the_user_called_off(partner_api: APIClient, offer: Offer, user: User, clock: Clock) -> None:
    services.cancel_request(user, offer.request_id, reason="", now=clock.now)
    with unchanged():
        assert_refused(partner_api.post("/rideAccept", {"offerId": str(offer.pk)}), 409, "offer_rescinded")


def test_until_the_last_moment_and_no_longer(
    partner_api: APIClient, clock: Clock, user: User, partner: Partner, nyc: Region, pending: CheerRequest
) -> None:
    match(nyc)
    offer = open_offer(pending)
    clock.advance(settings.OFFER_TTL_S)
    with unchanged():  # although the sweep has not been here yet
        assert_refused(partner_api.post("/rideAccept", {"offerId": str(offer.pk)}), 409, "offer_expired")
    clock.advance(-0.001)
    assert partner_api.post("/rideAccept", {"offerId": str(offer.pk)}).status_code == 201


def test_not_after_the_sweep(partner_api: APIClient, offer: Offer, clock: Clock) -> None:
    sweep_deadlines(clock.advance(settings.OFFER_TTL_S))
    assert fresh(offer).status == OfferStatus.EXPIRED
    with unchanged():
        assert_refused(partner_api.post("/rideAccept", {"offerId": str(offer.pk)}), 409, "offer_expired")


def test_not_another_partners_offer(other_partner_api: APIClient, offer: Offer) -> None:
    with unchanged():
        for body in ({"offerId": str(offer.pk)}, {"requestId": str(offer.request_id)}):
            assert_refused(other_partner_api.post("/rideAccept", body), 404, "not_found")


def test_not_another_partners_offer_although_one_had_it_before(
    offer: Offer, other_partner: Partner, nyc: Region
) -> None:
    """By the request, too, one's own newest offer is meant, and that one is over."""
    decline(offer)
    match(nyc)
    assert open_offer(offer.request).partner == other_partner
    with unchanged():
        refused = client_of(offer.partner.user).post("/rideAccept", {"requestId": str(offer.request_id)})
        assert_refused(refused, 409, "offer_declined")


def test_unknown_ones(partner_api: APIClient, offer: Offer) -> None:
    with unchanged():
        for body in ({"offerId": str(uuid4())}, {"requestId": str(uuid4())}, {"offerId": str(offer.request_id)}):
            assert_refused(partner_api.post("/rideAccept", body), 404, "not_found")


def test_an_applicant_has_no_offers(offer: Offer) -> None:
    client = client_of(make_applicant("Ann").user)
    with unchanged():
        assert_refused(client.post("/rideAccept", {"offerId": str(offer.pk)}), 404, "not_found")


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("anonymous", 401, "not_authenticated"),
        ("user", 403, "permission_denied"),
        ("staff", 403, "permission_denied"),
    ],
)
def test_only_partners(api_of: Any, offer: Offer, who: str, status: int, code: str) -> None:
    client = api_of(who)
    with unchanged():
        assert_refused(client.post("/rideAccept", {"offerId": str(offer.pk)}), status, code)


ID = "019a8f5e-6f00-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({}, "invalid", ANY),
        ({"offerId": ID, "requestId": ID}, "invalid", ANY),
        ({"offerId": "17"}, "invalid", "offerId"),
        ({"offerId": 17}, "invalid", "offerId"),
        ({"offerId": None}, "null", "offerId"),
        ({"offerId": [ID]}, "invalid", "offerId"),
        ({"offerId": {"id": ID}}, "invalid", "offerId"),
        ({"requestId": True}, "invalid", "requestId"),
        ({"requestId": ""}, "invalid", "requestId"),
    ],
)
def test_malformed(partner_api: APIClient, offer: Offer, body: dict[str, Any], code: str, attr: Any) -> None:
    with unchanged():
        assert_refused(partner_api.post("/rideAccept", body), 400, code, attr)


def test_the_next_request_of_the_same_user(offer: Offer, partner: Partner, user: User, nyc: Region) -> None:
    """One active ride per partner, one open request per user; both are free again afterwards."""
    end(start(accept(offer)))
    second = submit(user)
    match(nyc)
    assert accept(open_offer(second)).partner == partner
