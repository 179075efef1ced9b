"""A dead letter that staff requeue needs a hold and a good card again, as a new request does."""

from datetime import timedelta

import pytest
from django.conf import settings

from accounts.models import Partner, User
from core.errors import Conflict
from ops.sweep import sweep_deadlines
from payments.models import Customer, Hold
from payments.states import HoldStatus
from regions.models import Region
from requests_app.dead_letters import requeue_request
from requests_app.models import CheerRequest
from requests_app.states import RequestStatus
from tests.cast import Clock, accept, fresh, make_partner, match, offered_to, open_offer, start, unchanged
from tests.online import Online, later
from tests.online_scenes import dead_letter


@pytest.fixture
def dead(online: Online, user: User, clock: Clock) -> CheerRequest:
    return dead_letter(online, user, clock)


def test_is_matched_once_its_amount_is_held_again(
    dead: CheerRequest, online: Online, staff: User, nyc: Region, clock: Clock
) -> None:
    partner = make_partner("Pia")
    requeue_request(dead, actor=staff, now=clock.now)
    match(nyc)
    assert offered_to(dead) is None
    online.work()
    assert online.held() == 6000
    match(nyc)
    assert offered_to(dead) == partner
    ride = start(accept(open_offer(dead)))
    assert ride.covered_until is not None
    assert [hold.for_booking for hold in Hold.objects.order_by("number")] == [True, True]


def test_is_called_off_if_the_card_is_refused_now(
    dead: CheerRequest, online: Online, user: User, staff: User, clock: Clock
) -> None:
    online.save_card(user, "pm_card_chargeCustomerFail")
    requeue_request(dead, actor=staff, now=clock.now)
    online.work()
    assert (fresh(dead).status, fresh(dead).closed_code) == (RequestStatus.CANCELLED, "card_declined")
    assert Hold.objects.order_by("number").last().status == HoldStatus.DECLINED


def test_not_without_a_card(dead: CheerRequest, staff: User, clock: Clock) -> None:
    Customer.objects.update(card_reference="")
    with unchanged(), pytest.raises(Conflict) as refused:
        requeue_request(dead, actor=staff, now=clock.now)
    assert refused.value.code == "card_required"


def test_dies_again_and_lets_go(dead: CheerRequest, online: Online, staff: User, clock: Clock) -> None:
    requeue_request(dead, actor=staff, now=clock.now)
    online.work()
    later(clock, minutes=timedelta(seconds=settings.REQUEST_PATIENCE_S).total_seconds() / 60 + 1)
    sweep_deadlines(clock.now)
    online.work()
    assert (fresh(dead).status, online.held()) == (RequestStatus.NO_MATCH, 0)


def test_waits_no_longer_than_its_patience_for_its_bank(
    dead: CheerRequest, online: Online, staff: User, clock: Clock, partner: Partner
) -> None:
    requeue_request(dead, actor=staff, now=clock.now)
    sweep_deadlines(clock.advance(settings.REQUEST_PATIENCE_S))
    assert fresh(dead).status == RequestStatus.NO_MATCH
