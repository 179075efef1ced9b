"""`POST /rideDecline`."""

from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from rest_framework.test import APIClient

import positions
from accounts.models import Partner
from accounts.states import PartnerStatus
from core import valkey
from notifications.models import Event
from regions.models import Region
from requests_app.models import Offer
from requests_app.reasons import DECLINE_CODES
from requests_app.states import OfferStatus, RequestStatus
from requests_app.wakeups import match_queue
from rides.models import Ride
from tests.cast import Clock, assert_refused, fresh, match, offered_to, unchanged


def test_cascades_at_once(
    partner_api: APIClient, partner: Partner, other_partner: Partner, offer: Offer, nyc: Region, clock: Clock
) -> None:
    valkey.client().flushdb()
    response = partner_api.post("/rideDecline", {"offerId": str(offer.pk), "reason": "lunch"})
    assert response.status_code == 204
    assert response.content == b""
    found = fresh(offer)
    assert (found.status, found.answered_at) == (OfferStatus.DECLINED, clock.now)
    assert (found.closed_code, found.closed_note) == ("other", "lunch")
    assert (fresh(offer.request).status, fresh(offer.request).next_attempt_at) == (RequestStatus.PENDING, clock.now)
    assert fresh(partner).status == PartnerStatus.AVAILABLE
    assert valkey.client().llen(match_queue("nyc")) == 1  # the matcher has been woken
    valkey.client().flushdb()
    for one in (partner, other_partner):
        place = positions.Position(40.75, -73.98, clock.now)
        positions.record_many("nyc", [positions.Report(one.pk, place, clock.now)])
        positions.enter("nyc", [one.pk])
    match(nyc)
    assert offered_to(offer.request) == other_partner


@pytest.mark.parametrize("code", DECLINE_CODES)
def test_a_code_is_kept_as_one(partner_api: APIClient, offer: Offer, code: str) -> None:
    assert partner_api.post("/rideDecline", {"offerId": str(offer.pk), "reason": code}).status_code == 204
    assert (fresh(offer).closed_code, fresh(offer).closed_note) == (code, "")


@pytest.mark.parametrize("words", ["taken", "went_offline", "cancelled_by_staff"])
def test_words_that_are_a_code_of_ours_stay_words(partner_api: APIClient, offer: Offer, words: str) -> None:
    partner_api.post("/rideDecline", {"offerId": str(offer.pk), "reason": words})
    assert (fresh(offer).closed_code, fresh(offer).closed_note) == ("other", words)


def test_the_reason_is_optional(partner_api: APIClient, offer: Offer) -> None:
    assert partner_api.post("/rideDecline", {"offerId": str(offer.pk)}).status_code == 204
    assert fresh(offer).closed_code == ""


def test_the_user_learns_that_it_goes_on_and_not_who_declined(
    partner_api: APIClient, partner: Partner, offer: Offer
) -> None:
    partner_api.post("/rideDecline", {"offerId": str(offer.pk), "reason": "too far"})
    told = Event.objects.filter(recipient=f"user:{offer.request.user_id}").last()
    assert told is not None
    assert told.payload["request"]["status"] == "pending"
    assert "too far" not in str(told.payload)
    assert str(partner.pk) not in str(told.payload)


def test_never_again_to_them(partner_api: APIClient, offer: Offer, nyc: Region) -> None:
    partner_api.post("/rideDecline", {"offerId": str(offer.pk)})
    match(nyc)
    assert offered_to(offer.request) is None


def test_twice(partner_api: APIClient, offer: Offer) -> None:
    partner_api.post("/rideDecline", {"offerId": str(offer.pk)})
    with unchanged():
        assert_refused(partner_api.post("/rideDecline", {"offerId": str(offer.pk)}), 409, "offer_declined")


def test_not_after_accepting(partner_api: APIClient, ride: Ride, offer: Offer) -> None:
    with unchanged():
        assert_refused(partner_api.post("/rideDecline", {"offerId": str(offer.pk)}), 409, "offer_taken")


def test_not_after_its_time(partner_api: APIClient, offer: Offer, clock: Clock) -> None:
    clock.advance(settings.OFFER_TTL_S)
    with unchanged():
        assert_refused(partner_api.post("/rideDecline", {"offerId": str(offer.pk)}), 409, "offer_expired")


def test_not_another_partners(other_partner_api: APIClient, offer: Offer) -> None:
    with unchanged():
        assert_refused(other_partner_api.post("/rideDecline", {"offerId": str(offer.pk)}), 404, "not_found")
        assert_refused(other_partner_api.post("/rideDecline", {"offerId": str(uuid4())}), 404, "not_found")


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
        assert_refused(client.post("/rideDecline", {"offerId": str(offer.pk)}), status, code)


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({}, "required", "offerId"),
        ({"offerId": 5}, "invalid", "offerId"),
        ({"offerId": "x"}, "invalid", "offerId"),
        ({"offerId": str(uuid4()), "reason": None}, "null", "reason"),
        ({"offerId": str(uuid4()), "reason": "x" * 201}, "max_length", "reason"),
    ],
)
def test_malformed(partner_api: APIClient, offer: Offer, body: dict[str, Any], code: str, attr: str) -> None:
    with unchanged():
        assert_refused(partner_api.post("/rideDecline", body), 400, code, attr)
