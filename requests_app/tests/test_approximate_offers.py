"""Offers that show roughly where a cheer is: by the region's choice, or to partners who turn most of them down."""

import json
from typing import Any

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from accounts.models import Partner
from accounts.partners import far_above_usual
from notifications.models import Event
from regions.geometry import WITHIN_M, distance_m, middle_of_cell
from regions.models import OfferDetail, Region
from requests_app.announce import push_body
from requests_app.models import CheerRequest, Offer
from requests_app.offers import expire_offer
from requests_app.serving.fulfilment import cancel_by_partner
from requests_app.states import OfferStatus
from risk.models import Flag
from risk.states import FlagKind
from tests.cast import (
    EMPIRE_STATE,
    Clock,
    accept,
    client_of,
    decline,
    fresh,
    make_partner,
    make_user,
    north,
    open_offer,
    submit,
)
from web.page_data import partner_console


@pytest.fixture
def rough(nyc: Region) -> None:
    Region.objects.update(offer_detail=OfferDetail.APPROXIMATE)
    nyc.refresh_from_db()


def told(offer: Offer) -> dict[str, Any]:
    """The offer as its partner was told it."""
    event = Event.objects.filter(recipient=f"partner:{offer.partner_id}", type="offer").latest("seq")
    body: dict[str, Any] = event.payload["offer"]
    return body


def is_rough(body: dict[str, Any], place: tuple[float, float] = EMPIRE_STATE) -> bool:
    """Whether an offer shows the middle of the cell of a place, and nothing that it could be narrowed down by."""
    shown = (body["location"]["lat"], body["location"]["lng"])
    assert distance_m(*shown, *place) <= WITHIN_M
    return shown == pytest.approx(middle_of_cell(*place)) and body["note"] == "" and body["locationWithinM"] == WITHIN_M


def turn_down(partner: Partner, times: int) -> None:
    """A partner declines so many offers, each of another user."""
    for number in range(times):
        request = submit(make_user(f"Asker {number} {partner.answers}"))
        decline(open_offer(request))
        client_of(request.user).post(f"/cheerRequest/{request.pk}/cancel", {})
        partner.refresh_from_db()


# ---------------------------------------------------------------- a region's choice


def test_an_exact_offer_shows_the_place_and_the_note(offer: Offer) -> None:
    body = told(offer)
    assert (body["location"], body["locationWithinM"]) == ({"lat": EMPIRE_STATE[0], "lng": EMPIRE_STATE[1]}, None)
    assert (body["note"], body["distanceM"]) == ("Third floor", 500)


def test_two_homes_can_not_be_collected_by_declining(rough: None, partner: Partner) -> None:
    """The attack: decline offer after offer, and keep the places and notes."""
    for name, place in (("Ada", EMPIRE_STATE), ("Bea", north(300))):
        offer = open_offer(submit(make_user(name), at=place, note="Door code 1234"))
        assert is_rough(told(offer), place)
        decline(offer)
        client_of(offer.request.user).post(f"/cheerRequest/{offer.request_id}/cancel", {})
    seen = json.dumps(list(Event.objects.filter(recipient=f"partner:{partner.pk}").values_list("payload", flat=True)))
    assert "1234" not in seen
    assert str(EMPIRE_STATE[0]) not in seen


def test_wherever_an_offer_is_shown_it_is_rough(
    rough: None, partner: Partner, partner_api: APIClient, offer: Offer
) -> None:
    request = partner_api.get(f"/cheerRequest/{offer.request_id}").json()
    assert is_rough(request["offer"])
    assert (request["location"], request["note"]) == (request["offer"]["location"], "")
    [shown] = partner_console(fresh(partner), now=offer.created_at)["offers"]
    assert is_rough(shown)
    assert push_body(offer)["distanceM"] == told(offer)["distanceM"] == fresh(offer).approximate_m
    assert fresh(offer).distance_m == 500


def test_acceptance_tells_the_exact_place(rough: None, partner_api: APIClient, offer: Offer) -> None:
    accept(offer)
    request = partner_api.get(f"/cheerRequest/{offer.request_id}").json()
    assert request["location"] == {"lat": EMPIRE_STATE[0], "lng": EMPIRE_STATE[1]}
    assert request["note"] == "Third floor"


def test_staff_see_the_exact_place(rough: None, staff_api: APIClient, offer: Offer) -> None:
    request = staff_api.get(f"/cheerRequest/{offer.request_id}").json()
    assert request["location"] == {"lat": EMPIRE_STATE[0], "lng": EMPIRE_STATE[1]}


def test_offers_for_the_same_home_tell_no_more_than_one(rough: None, partner: Partner) -> None:
    """Neither the places nor the distances, from wherever they are measured, depend on where in its cell a home is."""
    first = told(open_offer(request := submit(make_user("Ada"))))
    client_of(request.user).post(f"/cheerRequest/{request.pk}/cancel", {})
    lat, lng = middle_of_cell(*EMPIRE_STATE)
    second = told(open_offer(submit(make_user("Bea"), at=(lat + 0.0008, lng - 0.0005))))
    names = ("location", "distanceM", "etaS")
    assert [first[name] for name in names] == [second[name] for name in names]


@given(lat=st.floats(-85, 85), lng=st.floats(-179.9, 179.9))
def test_the_middle_is_near_and_in_its_own_cell(lat: float, lng: float) -> None:
    middle = middle_of_cell(lat, lng)
    assert distance_m(lat, lng, *middle) <= WITHIN_M + 1
    assert middle_of_cell(*middle) == pytest.approx(middle)


# ---------------------------------------------------------------- a partner's habits


def test_a_partner_who_turns_down_most_offers_gets_rough_ones_and_one_flag(nyc: Region, partner: Partner) -> None:
    turn_down(partner, settings.DECLINES_AT_LEAST - 1)
    offer = open_offer(request := submit(make_user("Ada")))
    assert told(offer)["note"] == "Third floor"
    assert not Flag.objects.exists()
    decline(offer)
    client_of(request.user).post(f"/cheerRequest/{request.pk}/cancel", {})
    turn_down(fresh(partner), 3)
    flag = Flag.objects.get()
    assert (flag.kind, flag.account_id, flag.times) == (FlagKind.DECLINES_FAR_ABOVE_USUAL, partner.user_id, 1)
    assert (flag.figure, flag.limit) == (100.0, 80.0)
    assert is_rough(told(open_offer(submit(make_user("Bea")))))


def test_another_partner_is_not_affected(nyc: Region, partner: Partner) -> None:
    turn_down(partner, settings.DECLINES_AT_LEAST)
    make_partner("Next", at=north(10))
    assert told(open_offer(submit(make_user("Ada"))))["note"] == "Third floor"


def test_letting_lapse_counts_as_turning_down(partner: Partner, offer: Offer, clock: Clock) -> None:
    clock.advance(settings.OFFER_TTL_S + 1)
    assert expire_offer(offer.pk, now=clock.now)
    assert fresh(partner).answers == "-"


def test_accepting_counts_and_calling_off_takes_it_back(partner: Partner, offer: Offer) -> None:
    """Else accepting and calling off would be a way to collect places."""
    ride = accept(offer)
    assert fresh(partner).answers == "+"
    cancel_by_partner(partner, ride.pk, reason="", now=ride.accepted_at)
    assert fresh(partner).answers == "-"


def test_a_withdrawn_request_is_no_answer(partner: Partner, offer: Offer, user_api: APIClient) -> None:
    user_api.post(f"/cheerRequest/{offer.request_id}/cancel", {})
    assert fresh(offer).status == OfferStatus.RESCINDED
    assert fresh(partner).answers == ""


def test_only_the_last_answers_count(partner: Partner) -> None:
    Partner.objects.update(answers="-" * 15 + "+" * 5)
    assert not far_above_usual("-" * 16 + "+" * 4)
    assert far_above_usual("-" * 17 + "+" * 3)
    request = submit(make_user("Ada"))
    decline(open_offer(request))
    assert fresh(partner).answers == "-" * 14 + "+" * 5 + "-"
    assert CheerRequest.objects.get(pk=request.pk).status == "pending"
