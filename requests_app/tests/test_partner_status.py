"""`POST /partner/status`."""

from typing import Any

import pytest
from rest_framework.test import APIClient

import positions
from accounts.models import Partner
from accounts.states import PartnerStatus
from core import valkey
from regions.models import Region
from requests_app.models import CheerRequest, Offer
from requests_app.states import OfferStatus, RequestStatus
from requests_app.wakeups import taken
from rides.models import Ride
from tests.cast import assert_refused, client_of, fresh, make_applicant, make_partner, match, offered_to, unchanged

ONLINE, OFFLINE = {"status": "available"}, {"status": "offline"}


def wakes(region: Region) -> bool:
    """Whether a wake-up waits for the region's matcher, and take it."""
    waits = bool(valkey.client().exists(f"{{{region.slug}}}:match:pending"))
    taken(region.slug)
    return waits


def test_online(nyc: Region, pending: CheerRequest) -> None:
    partner = make_partner("Pia", online=False)
    client = client_of(partner.user)
    wakes(nyc)
    response = client.post("/partner/status", ONLINE)
    assert response.status_code == 200
    assert (response.json()["partnerId"], response.json()["status"]) == (str(partner.pk), "available")
    last = partner.transitions.last()
    assert last is not None
    assert (last.old, last.new, last.actor) == ("offline", "available", partner.user)
    assert positions.searchable("nyc")[1] == {partner.pk}
    assert wakes(nyc)


def test_where_nobody_waits_the_matcher_sleeps(nyc: Region) -> None:
    partner = make_partner("Pia", online=False)
    assert client_of(partner.user).post("/partner/status", ONLINE).status_code == 200
    assert not wakes(nyc)


def test_offline(partner_api: APIClient, partner: Partner) -> None:
    assert partner_api.post("/partner/status", OFFLINE).json()["status"] == "offline"
    assert fresh(partner).status == PartnerStatus.OFFLINE
    assert positions.searchable("nyc") == (set(), set())


def test_twice_changes_nothing_more(partner_api: APIClient, nyc: Region) -> None:
    wakes(nyc)
    with unchanged():
        assert partner_api.post("/partner/status", ONLINE).json()["status"] == "available"
    assert not wakes(nyc)
    partner_api.post("/partner/status", OFFLINE)
    with unchanged():
        assert partner_api.post("/partner/status", OFFLINE).json()["status"] == "offline"


def test_a_waiting_request_is_offered_to_who_comes_online(nyc: Region, pending: CheerRequest) -> None:
    match(nyc)
    partner = make_partner("Pia", online=False)
    match(nyc)
    assert offered_to(pending) is None
    client_of(partner.user).post("/partner/status", ONLINE)
    match(nyc)
    assert offered_to(pending) == partner


def test_offline_declines_an_open_offer(partner_api: APIClient, partner: Partner, offer: Offer, nyc: Region) -> None:
    wakes(nyc)
    assert partner_api.post("/partner/status", OFFLINE).json()["status"] == "offline"
    assert fresh(offer).status == OfferStatus.DECLINED
    assert fresh(offer).closed_code == "went_offline"
    assert fresh(offer.request).status == RequestStatus.PENDING
    assert fresh(partner).status == PartnerStatus.OFFLINE
    assert wakes(nyc)
    partner_api.post("/partner/status", ONLINE)
    match(nyc)
    assert offered_to(offer.request) is None  # they have declined it


def test_online_with_an_open_offer_leaves_it_open(partner_api: APIClient, offer: Offer) -> None:
    with unchanged():
        assert partner_api.post("/partner/status", ONLINE).json()["status"] == "offered"


@pytest.mark.parametrize("body", [ONLINE, OFFLINE])
@pytest.mark.parametrize("stage", ["ride", "running"])
def test_not_on_a_ride(partner_api: APIClient, request: Any, stage: str, body: dict[str, str]) -> None:
    request.getfixturevalue(stage)
    with unchanged():
        assert_refused(partner_api.post("/partner/status", body), 409, "partner_busy")


def test_after_the_ride(partner_api: APIClient, completed: Ride) -> None:
    assert partner_api.post("/partner/status", OFFLINE).json()["status"] == "offline"


def test_an_applicant_does_not_work_yet(nyc: Region) -> None:
    client = client_of(make_applicant("Ann").user)
    with unchanged():
        assert_refused(client.post("/partner/status", ONLINE), 403, "partner_not_approved")
        assert client.post("/partner/status", OFFLINE).status_code == 200


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("anonymous", 401, "not_authenticated"),
        ("user", 403, "permission_denied"),
        ("staff", 403, "permission_denied"),
    ],
)
def test_only_partners(api_of: Any, who: str, status: int, code: str) -> None:
    client = api_of(who)
    with unchanged():
        assert_refused(client.post("/partner/status", ONLINE), status, code)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "required"),
        ({"status": None}, "null"),
        ({"status": "busy"}, "invalid_choice"),
        ({"status": "offered"}, "invalid_choice"),
        ({"status": "AVAILABLE"}, "invalid_choice"),
        ({"status": True}, "invalid_choice"),
        ({"status": ["available"]}, "invalid_choice"),
        ({"status": {}}, "invalid_choice"),
        ({"status": ""}, "invalid_choice"),
    ],
)
def test_malformed(partner_api: APIClient, body: dict[str, Any], code: str) -> None:
    with unchanged():
        assert_refused(partner_api.post("/partner/status", body), 400, code, "status")
