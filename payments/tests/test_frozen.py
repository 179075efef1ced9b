"""A frozen payment is collected only if staff say so, or if the user pays it."""

import pytest

from accounts.models import Partner, User
from core.errors import Conflict
from payments.models import Payment
from payments.services import collect_frozen, pay_now
from payments.states import PaymentStatus
from regions.models import Region
from requests_app.serving.answers import nobody_here
from tests.cast import Clock, arrive, start
from tests.online import Online, later
from tests.online_scenes import book, fare_of, ride_of


@pytest.fixture
def frozen(online: Online, user: User, partner: Partner, nyc: Region, clock: Clock) -> Payment:
    """The user has said that nobody is there, although the clock ran."""
    online.save_card(user)
    ride = start(arrive(ride_of(book(online, user), nyc)))
    later(clock, minutes=2)
    nobody_here(user, ride.pk, now=clock.now)
    online.work()
    return fare_of(ride)


def test_nothing_is_collected_and_the_hold_is_let_go(online: Online, frozen: Payment) -> None:
    assert (frozen.status, frozen.frozen) == (PaymentStatus.DUE, True)
    assert (online.taken(), online.held()) == (0, 0)


def test_nor_by_a_new_card(online: Online, frozen: Payment, user: User) -> None:
    online.save_card(user)
    online.work()
    assert online.taken() == 0


def test_staff_have_it_charged_once(online: Online, frozen: Payment, staff: User, clock: Clock) -> None:
    collect_frozen(frozen, actor=staff, now=clock.now)
    online.work()
    assert online.taken() == 1000
    found = Payment.objects.get(pk=frozen.pk)
    assert (found.status, found.frozen) == (PaymentStatus.PAID, False)
    with pytest.raises(Conflict, match="not frozen"):
        collect_frozen(frozen, actor=staff, now=clock.now)


def test_the_user_may_pay_it(online: Online, frozen: Payment, user: User, clock: Clock) -> None:
    pay_now(user, frozen.pk, now=clock.now)
    online.work()
    assert online.taken() == 1000
    assert not Payment.objects.get(pk=frozen.pk).frozen


def test_one_that_is_not_frozen(online: Online, frozen: Payment, staff: User, clock: Clock) -> None:
    Payment.objects.update(frozen=False)
    with pytest.raises(Conflict, match="not frozen"):
        collect_frozen(frozen, actor=staff, now=clock.now)
