"""Waves: wider each time, and who is asked again, when."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import Partner, User
from ops.sweep import sweep_deadlines
from regions.models import Region
from requests_app import services
from requests_app.models import CheerRequest, Offer
from requests_app.serving import availability, fulfilment
from requests_app.states import OfferStatus
from rides.models import Ride
from tests.cast import (
    EMPIRE_STATE,
    Clock,
    Place,
    accept,
    decline,
    fresh,
    make_partner,
    match,
    north,
    offered_to,
    open_offer,
    queue,
    report,
    submit,
)

FAR: Place = north(-8000)  # in the third wave


@pytest.fixture(autouse=True)
def _radii(settings: Any) -> None:
    settings.MATCH_RADIUS_M = [2000, 5000, 10000]


def lapse(offer: Offer, clock: Clock) -> None:
    """Let an offer's time run out."""
    clock.now = offer.expires_at
    sweep_deadlines(clock.now)
    assert fresh(offer).status == OfferStatus.EXPIRED


@pytest.mark.parametrize(("metres", "wave"), [(0, 0), (1990, 0), (2010, 1), (4990, 1), (5010, 2), (9990, 2)])
def test_the_narrowest_wave_that_has_anybody(nyc: Region, user: User, metres: float, wave: int) -> None:
    request = submit(user)
    partner = make_partner("Pia", at=north(-metres))
    match(nyc)
    assert offered_to(request) == partner
    assert open_offer(request).wave == wave
    assert fresh(request).wave == wave


def test_it_never_narrows_again(nyc: Region, user: User, clock: Clock) -> None:
    request = submit(user)
    far = make_partner("Far", at=FAR)
    match(nyc)
    decline(open_offer(request))
    near = make_partner("Near")
    match(nyc)
    assert offered_to(request) == near
    assert open_offer(request).wave == 2
    assert fresh(far).status == "available"


def test_where_nobody_was_found_the_next_look_is_the_widest(nyc: Region, pending: CheerRequest) -> None:
    match(nyc)
    assert fresh(pending).wave == 2


# ---------------------------------------------------------------- declined: never again


def test_who_declined_is_never_asked_again(nyc: Region, offer: Offer, partner: Partner, clock: Clock) -> None:
    decline(offer)
    for _ in range(5):
        clock.advance(settings.REOFFER_AFTER_S + 1)
        report(partner, EMPIRE_STATE)
        match(nyc)
        assert offered_to(offer.request) is None


def test_nor_who_went_offline_over_it(nyc: Region, offer: Offer, partner: Partner, clock: Clock) -> None:
    availability.go_offline(partner, now=clock.now)
    clock.advance(settings.REOFFER_AFTER_S + 1)
    availability.go_online(partner, now=clock.now)
    report(partner, EMPIRE_STATE)
    match(nyc)
    assert offered_to(offer.request) is None


def test_but_for_another_request(nyc: Region, offer: Offer, partner: Partner, other_user: User) -> None:
    decline(offer)
    second = submit(other_user)
    match(nyc)
    assert offered_to(second) == partner


def test_it_cascades_through_everybody_nearest_first(nyc: Region, user: User) -> None:
    partners = [make_partner(f"P{n}", at=north(-metres)) for n, metres in enumerate((3000, 100, 9000, 1900, 200))]
    request = queue(user)
    asked = []
    while match(nyc):
        offer = open_offer(request)
        asked.append(partners.index(offer.partner))
        decline(offer)
    assert asked == [1, 4, 3, 0, 2]


# ---------------------------------------------------------------- lapsed: again later, or farther out


def test_a_lapsed_offer_goes_to_the_next_partner(
    nyc: Region, offer: Offer, other_partner: Partner, clock: Clock
) -> None:
    lapse(offer, clock)
    match(nyc)
    assert offered_to(offer.request) == other_partner


def test_and_to_the_same_one_only_after_a_while(nyc: Region, offer: Offer, partner: Partner, clock: Clock) -> None:
    CheerRequest.objects.update(wave=2)
    Offer.objects.update(wave=2)
    lapse(offer, clock)
    match(nyc)
    assert offered_to(offer.request) is None
    clock.now = offer.created_at + timedelta(seconds=settings.REOFFER_AFTER_S - 1)
    report(partner, EMPIRE_STATE)
    match(nyc)
    assert offered_to(offer.request) is None
    clock.advance(1)
    match(nyc)
    assert offered_to(offer.request) == partner


def test_or_in_a_wider_wave(nyc: Region, offer: Offer, partner: Partner, clock: Clock) -> None:
    assert offer.wave == 0
    for wave in (1, 2):
        lapse(open_offer(offer.request), clock)
        match(nyc)
        again = open_offer(offer.request)
        assert (again.partner, again.wave) == (partner, wave)
    lapse(open_offer(offer.request), clock)
    match(nyc)
    assert offered_to(offer.request) is None


# ---------------------------------------------------------------- called off: never again


def test_who_called_off_a_ride_never_gets_it_again(nyc: Region, ride: Ride, partner: Partner, clock: Clock) -> None:
    fulfilment.cancel_by_partner(partner, ride.pk, reason="flat tyre", now=clock.now)
    for _ in range(3):
        match(nyc)
        assert offered_to(ride.request) is None
        clock.advance(settings.REOFFER_AFTER_S + 1)
        report(partner, EMPIRE_STATE)


def test_a_request_that_is_matched_again_starts_close_by(
    nyc: Region, ride: Ride, partner: Partner, clock: Clock
) -> None:
    CheerRequest.objects.update(wave=2)
    fulfilment.cancel_by_partner(partner, ride.pk, reason="flat tyre", now=clock.now)
    near = make_partner("Near", at=north(1500))
    match(nyc)
    assert offered_to(ride.request) == near
    assert open_offer(ride.request).wave == 0


def test_whose_ride_the_user_cancelled_may_serve_their_next_request(
    nyc: Region, ride: Ride, partner: Partner, user: User, clock: Clock
) -> None:
    services.cancel_request(user, ride.request_id, reason="", now=clock.now)
    second = submit(user)
    match(nyc)
    assert offered_to(second) == partner


def test_a_long_chain_ends_with_whoever_accepts(nyc: Region, user: User, clock: Clock) -> None:
    for number in range(6):
        make_partner(f"P{number}", at=north(-100 * number))
    request = submit(user)
    for step in range(5):
        match(nyc)
        offer = open_offer(request)
        if step % 2:
            decline(offer)
        else:
            fulfilment.cancel_by_partner(fresh(offer.partner), accept(offer).pk, reason="x", now=timezone.now())
    match(nyc)
    last = accept(open_offer(request))
    assert last.partner.name == "P5"
    asked = list(Offer.objects.filter(request=request).values_list("partner__name", flat=True))
    assert sorted(asked) == [f"P{n}" for n in range(6)]
