"""A dead letter that staff direct to a partner is offered to them once its amount is held again."""

import pytest
from django.conf import settings

from accounts.models import Partner, User
from accounts.states import PartnerStatus
from ops.sweep import sweep_deadlines
from regions.models import Region
from requests_app.dead_letters import direct_request, requeue_request, widen_request
from requests_app.models import CheerRequest, Offer
from requests_app.records import DeadLetter
from requests_app.serving.availability import go_offline
from requests_app.states import OfferStatus, RequestStatus
from rides.models import Ride
from tests.cast import Clock, fresh, make_partner, match, north, offered_to, open_offer, start
from tests.online import Online
from tests.online_scenes import dead_letter


@pytest.fixture
def dead(online: Online, user: User, clock: Clock) -> CheerRequest:
    return dead_letter(online, user, clock)


@pytest.fixture
def named(dead: CheerRequest) -> Partner:
    """A partner who is not the nearest."""
    make_partner("Near")
    return make_partner("Named", at=north(3000))


def test_it_is_offered_once_its_amount_is_held(
    dead: CheerRequest, named: Partner, online: Online, staff: User, nyc: Region, clock: Clock
) -> None:
    direct_request(dead, named, actor=staff, now=clock.now)
    match(nyc)
    assert offered_to(dead) is None
    online.work()
    assert online.held() == 6000
    assert open_offer(dead).partner == named
    assert open_offer(dead).decision["by"] == "staff"
    assert dead.transitions.get(new=RequestStatus.OFFERED).actor == staff


def test_it_is_assigned_once_its_amount_is_held(
    dead: CheerRequest, named: Partner, online: Online, staff: User, clock: Clock
) -> None:
    direct_request(dead, named, forced=True, actor=staff, now=clock.now)
    assert not Ride.objects.exists()
    online.work()
    ride = Ride.objects.get()
    assert (ride.partner, fresh(dead).status) == (named, RequestStatus.ACCEPTED)
    assert start(ride).covered_until is not None
    assert dead.transitions.get(new=RequestStatus.ACCEPTED).actor == staff
    assert Offer.history.objects.get(new=OfferStatus.ACCEPTED).actor == staff


def test_others_are_asked_if_the_named_one_is_gone(
    dead: CheerRequest, named: Partner, online: Online, staff: User, nyc: Region, clock: Clock
) -> None:
    direct_request(dead, named, forced=True, actor=staff, now=clock.now)
    go_offline(named, now=clock.now)
    online.work()
    match(nyc)
    asked = offered_to(dead)
    assert asked is not None
    assert asked.name == "Near"


def test_nobody_is_asked_if_the_card_is_refused(
    dead: CheerRequest, named: Partner, online: Online, user: User, staff: User, clock: Clock
) -> None:
    online.save_card(user, "pm_card_chargeCustomerFail")
    direct_request(dead, named, forced=True, actor=staff, now=clock.now)
    online.work()
    assert (fresh(dead).status, fresh(dead).closed_code) == (RequestStatus.CANCELLED, "card_declined")
    assert fresh(named).status == PartnerStatus.AVAILABLE


def test_a_later_requeue_forgets_the_named_one(
    dead: CheerRequest, named: Partner, online: Online, staff: User, nyc: Region, clock: Clock
) -> None:
    direct_request(dead, named, forced=True, actor=staff, now=clock.now)
    sweep_deadlines(clock.advance(settings.REQUEST_PATIENCE_S))
    requeue_request(dead, actor=staff, now=clock.now)
    letter = DeadLetter.objects.get()
    assert (letter.asked_first, letter.forced) == (None, False)


def test_a_longer_patience_counts_from_the_hold(dead: CheerRequest, online: Online, staff: User, clock: Clock) -> None:
    widen_request(dead, reach_m=None, patience_s=1800, actor=staff, now=clock.now)
    clock.advance(10)
    online.work()
    assert (fresh(dead).give_up_at - clock.now).total_seconds() == 1800
