"""The clock is set forwards or backwards: no time runs backwards in a ride, and nothing waits for a day to come."""

from datetime import timedelta

import pytest
from django.conf import settings

from accounts.locations import current_location
from accounts.models import Partner, User
from accounts.position_rows import write_positions
from ops.sweep import sweep_deadlines
from regions.models import Region
from requests_app.models import CheerRequest, Offer
from requests_app.serving.fulfilment import cancel_by_partner
from requests_app.states import OfferStatus, RequestStatus
from rides.models import Ride
from tests.cast import (
    EMPIRE_STATE,
    Clock,
    accept,
    end,
    fresh,
    match,
    offered_to,
    open_offer,
    report,
    start,
    submit,
    unchanged,
)
from tests.failures.conftest import assert_promises_hold, go_on

DAY_S = 86_400.0
NEAR_BY = (40.7484, -73.9850)


@pytest.mark.parametrize("step_s", [-DAY_S, -0.5, 0.0])
def test_a_session_starts_no_earlier_than_it_was_accepted(clock: Clock, ride: Ride, step_s: float) -> None:
    clock.advance(step_s)
    started = start(ride)
    assert started.start_time == ride.accepted_at
    done = end(started)
    assert done.end_time == started.start_time
    assert done.fare_amount == 1000
    assert_promises_hold()


def test_a_ride_is_called_off_no_earlier_than_it_was_accepted(clock: Clock, ride: Ride) -> None:
    cancel_by_partner(fresh(ride.partner), ride.pk, reason="", now=clock.advance(-DAY_S))
    assert fresh(ride).cancelled_at == ride.accepted_at


def test_a_running_session_costs_what_has_passed_and_never_less_than_one_increment(running: Ride, clock: Clock) -> None:
    clock.advance(-DAY_S)
    assert running.elapsed(clock.now) == timedelta(0)
    assert running.fare(clock.now) == 1000


def test_set_back_an_offer_does_not_hang(clock: Clock, nyc: Region, offer: Offer, other_partner: Partner) -> None:
    """Its end would be a day away. It goes to the next partner instead."""
    clock.advance(-DAY_S)
    sweep_deadlines(clock.now)
    assert fresh(offer).status == OfferStatus.EXPIRED
    match(nyc)
    assert offered_to(offer.request) == other_partner


def test_set_back_by_what_clocks_differ_an_offer_stands(clock: Clock, offer: Offer) -> None:
    clock.advance(-4)
    with unchanged():
        sweep_deadlines(clock.now)


def test_set_back_a_waiting_request_is_looked_at(clock: Clock, nyc: Region, pending: CheerRequest) -> None:
    match(nyc)  # in vain, so it waits
    clock.advance(-DAY_S)
    sweep_deadlines(clock.now)
    assert fresh(pending).next_attempt_at == clock.now
    go_on()
    assert fresh(pending).attempts == 2


def test_a_wait_of_ordinary_length_is_left_alone(clock: Clock, nyc: Region, pending: CheerRequest) -> None:
    CheerRequest.objects.update(next_attempt_at=clock.now + timedelta(seconds=settings.RETRY_MAX_S))
    with unchanged():
        sweep_deadlines(clock.now)


def place_of(partner: Partner) -> tuple[float, float]:
    place = current_location(fresh(partner))
    assert place is not None
    return place.lat, place.lng


def test_set_back_a_position_does_not_stand_until_its_time_has_come(
    clock: Clock, nyc: Region, partner: Partner
) -> None:
    clock.advance(300)
    report(partner, EMPIRE_STATE)
    clock.advance(-300)
    report(partner, NEAR_BY)
    assert place_of(partner) == NEAR_BY


def test_set_back_by_what_clocks_differ_the_later_position_stands(clock: Clock, nyc: Region, partner: Partner) -> None:
    clock.advance(4)
    report(partner, EMPIRE_STATE)
    clock.advance(-4)
    report(partner, NEAR_BY)
    assert place_of(partner) == EMPIRE_STATE


def test_set_back_a_position_in_the_database_does_not_stand_either(clock: Clock, nyc: Region, partner: Partner) -> None:
    write_positions([(partner.pk, *EMPIRE_STATE, clock.advance(300))])
    write_positions([(partner.pk, *NEAR_BY, clock.advance(-300))])
    assert (fresh(partner).lat, fresh(partner).lng) == NEAR_BY


def test_set_forward_an_offer_lapses_and_cascades(
    nyc: Region, offer: Offer, other_partner: Partner, clock: Clock
) -> None:
    clock.advance(settings.OFFER_TTL_S + 1)
    sweep_deadlines(clock.now)
    match(nyc)
    assert fresh(offer).status == OfferStatus.EXPIRED
    assert offered_to(offer.request) == other_partner


def test_set_forward_past_all_patience_a_request_is_given_up_and_says_so(
    nyc: Region, user: User, pending: CheerRequest, clock: Clock
) -> None:
    clock.advance(DAY_S)
    sweep_deadlines(clock.now)
    found = fresh(pending)
    assert (found.status, found.closed_code) == (RequestStatus.NO_MATCH, "no_partner_nearby")
    assert_promises_hold()


def test_a_whole_cheer_while_the_clock_jumps(nyc: Region, user: User, partner: Partner, clock: Clock) -> None:
    request = submit(user)
    clock.advance(-3600)
    report(partner, (40.7484, -73.9857))
    match(nyc)
    ride = accept(open_offer(request))
    clock.advance(-3600)
    started = start(ride)
    clock.advance(-3600)
    done = end(started)
    assert ride.accepted_at <= started.start_time <= done.end_time  # type: ignore[operator]
    assert fresh(request).status == RequestStatus.COMPLETED
    assert_promises_hold()
