"""Card payments from booking to receipt, against the stand-in for the provider."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Partner, User
from core.errors import Conflict
from payments.books import ledger
from payments.models import Attempt, Entry, Hold, Payment
from payments.states import AttemptStatus, HoldStatus, PaymentStatus
from regions.models import Region
from requests_app import services
from requests_app.models import CheerRequest
from requests_app.serving import fulfilment
from requests_app.states import RequestStatus
from rides.models import Ride
from rides.services import tip_ride
from tests.cast import EMPIRE_STATE, Clock, arrive, assert_refused, end, fresh, match, offered_to, report, start, submit
from tests.online import Online, later, set_region
from tests.online_scenes import book, charged, fare_of, ride_of


@pytest.fixture
def carded(online: Online, user: User) -> User:
    """A user with a good card."""
    online.save_card(user)
    return user


# ---------------------------------------------------------------- booking


def test_nobody_books_without_a_card(online: Online, user_api: Any, nyc: Region) -> None:
    body = {"location": {"lat": 40.7484, "lng": -73.9857}}
    assert_refused(user_api.post("/cheerRequest", body), 409, "card_required")
    assert not CheerRequest.objects.exists()


def test_nobody_is_asked_to_come_before_the_hold(online: Online, carded: User, partner: Partner, nyc: Region) -> None:
    request = submit(carded)
    match(nyc)
    assert offered_to(request) is None
    online.work()
    assert online.held() == 6000
    match(nyc)
    assert offered_to(request) == partner


def test_a_declined_hold_calls_the_request_off(online: Online, user: User, partner: Partner, nyc: Region) -> None:
    online.save_card(user, "pm_card_chargeCustomerFail")
    request = book(online, user)
    assert (request.status, request.closed_code) == (RequestStatus.CANCELLED, "card_declined")
    assert Hold.objects.get().status == HoldStatus.DECLINED
    assert online.intents()[0]["status"] == "canceled"
    assert submit(user).status == RequestStatus.PENDING  # and may ask again


def test_a_card_whose_holder_must_confirm(
    online: Online, user: User, user_api: Any, partner: Partner, nyc: Region
) -> None:
    online.save_card(user, "pm_card_authenticationRequired")
    request = book(online, user)
    shown = user_api.get(f"/cheerRequest/{request.pk}").json()["hold"]
    assert shown["status"] == "requires_action"
    assert shown["confirmUrl"] == f"/wallet/confirm/hold/{Hold.objects.get().pk}"
    match(nyc)
    assert offered_to(request) is None
    online.account.answer_payment_intent(online.intents()[0]["id"], agrees=True)
    online.deliver()
    online.work()
    match(nyc)
    assert offered_to(request) == partner


def test_who_does_not_confirm_in_time(online: Online, user: User, nyc: Region, clock: Clock) -> None:
    online.save_card(user, "pm_card_authenticationRequired")
    request = book(online, user)
    later(clock, minutes=5)
    online.work()
    assert (fresh(request).status, fresh(request).closed_code) == (RequestStatus.CANCELLED, "card_not_confirmed")
    assert online.intents()[0]["status"] == "canceled"
    assert Hold.objects.get().status == HoldStatus.RELEASED


# ---------------------------------------------------------------- the fare


def test_the_fare_is_captured_and_the_rest_let_go(
    online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    ride = charged(online, carded, nyc, clock, minutes=12)
    payment = fare_of(ride)
    assert (payment.amount, payment.status) == (3000, PaymentStatus.PAID)
    assert payment.third_party_reference_id == Hold.objects.get().reference
    assert (online.taken(), online.held()) == (3000, 0)
    assert ledger.balance("provider") == 3000
    assert ledger.balance("receivable") == 0
    assert ledger.owed_to(partner, "usd") == 2400
    assert ledger.balance("sales") == -600  # our commission
    with pytest.raises(Conflict):
        fulfilment.end_session(fresh(partner).user, ride.pk, now=clock.now)


def test_a_session_that_outgrows_its_hold_holds_more(
    online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    ride = start(ride_of(book(online, carded), nyc))
    assert ride.covered_until == clock.now + timedelta(minutes=30)
    later(clock, minutes=28)
    online.work()
    assert Hold.objects.count() == 2
    assert online.held() == 12000
    assert (fresh(ride).covered_until - ride.start_time).total_seconds() == 60 * 60
    later(clock, minutes=6)
    end(fresh(ride))
    online.work()
    assert (online.taken(), online.held()) == (7000, 0)
    assert [a.amount for a in Attempt.objects.order_by("number")] == [6000, 1000]
    assert fare_of(ride).status == PaymentStatus.PAID


def test_or_ends_where_its_cover_does(
    online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    set_region(holds_max=1)
    ride = start(ride_of(book(online, carded), nyc))
    later(clock, minutes=30, seconds=1)
    online.work()
    ended = fresh(ride)
    assert (ended.status, ended.end_time, ended.fare_amount) == ("completed", ride.covered_until, 6000)
    assert online.taken() == 6000


def test_the_rest_is_charged_off_session(
    online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    set_region(hold_amount=1500)
    ride = start(ride_of(book(online, carded), nyc))
    later(clock, minutes=4)
    Ride.objects.update(covered_until=None)  # the sweep was away
    later(clock, minutes=20)
    end(fresh(ride))
    online.work()
    assert (fare_of(ride).amount, online.taken(), online.held()) == (5000, 5000, 0)
    assert [(a.kind, a.amount) for a in Attempt.objects.order_by("number")] == [("capture", 1500), ("charge", 3500)]


def test_a_hold_that_was_lost_is_charged_instead(
    online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    ride = start(ride_of(book(online, carded), nyc))
    online.account.end_intent(online.intents()[0], "automatic")
    end(ride)
    online.work()
    assert (fare_of(ride).status, online.taken()) == (PaymentStatus.PAID, 1000)
    assert Hold.objects.get().status == HoldStatus.EXPIRED
    assert [a.status for a in Attempt.objects.order_by("number")] == ["declined", "succeeded"]


def test_a_hold_about_to_expire_is_replaced(
    online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    ride_of(book(online, carded), nyc)
    later(clock, days=6, hours=13)
    online.work()
    assert [h.status for h in Hold.objects.order_by("number")] == ["released", "authorized"]
    assert online.held() == 6000


# ---------------------------------------------------------------- fees, tips


def test_a_free_cancellation_lets_go(online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock) -> None:
    request = book(online, carded)
    services.cancel_request(carded, request.pk, reason="", now=clock.now)
    online.work()
    assert (online.taken(), online.held()) == (0, 0)
    assert Hold.objects.get().status == HoldStatus.RELEASED


def test_a_late_one_costs_a_part_of_it(
    online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    ride = ride_of(book(online, carded), nyc)
    later(clock, minutes=3)
    services.cancel_request(carded, ride.request_id, reason="", now=clock.now)
    online.work()
    assert (online.taken(), online.held()) == (500, 0)
    assert Payment.objects.get().status == PaymentStatus.PAID


def test_a_cancellation_while_the_hold_is_being_placed(online: Online, carded: User, clock: Clock) -> None:
    request = submit(carded)
    services.cancel_request(carded, request.pk, reason="", now=clock.now)
    online.work()
    assert online.held() == 0
    assert Hold.objects.get().status == HoldStatus.RELEASED


def test_nobody_there(
    online: Online, carded: User, partner: Partner, partner_api: Any, nyc: Region, clock: Clock
) -> None:
    ride = ride_of(book(online, carded), nyc)
    call = {"rideId": str(ride.pk)}
    assert_refused(partner_api.post("/rideNoShow", call), 409, "not_arrived")
    arrive(ride)
    assert_refused(partner_api.post("/rideNoShow", call), 409, "too_early")
    later(clock, minutes=6)
    assert_refused(partner_api.post("/rideNoShow", call), 409, "not_at_place")
    report(partner, EMPIRE_STATE)
    assert partner_api.post("/rideNoShow", call).json()["status"] == "cancelled"
    online.work()
    assert (online.taken(), online.held()) == (1000, 0)
    assert fresh(ride.request).closed_code == "no_show"
    assert Payment.objects.get().kind == "no_show_fee"


def test_a_tip_is_a_payment_of_its_own(
    online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    ride = charged(online, carded, nyc, clock)
    tip_ride(ride, amount=300, currency="usd", now=clock.now)
    online.work()
    assert online.taken() == 1300
    assert Payment.objects.get(kind="tip").status == PaymentStatus.PAID
    assert ledger.owed_to(partner, "usd") == 800 + 300


# ---------------------------------------------------------------- declines, debts


@pytest.fixture
def in_debt(online: Online, user: User, partner: Partner, nyc: Region, clock: Clock) -> Ride:
    """Somebody whose card had too little on it when the session was over."""
    set_region(hold_amount=0)
    online.save_card(user, "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds")
    return charged(online, user, nyc, clock)


def test_too_little_is_tried_again_three_times(online: Online, in_debt: Ride, clock: Clock) -> None:
    for hours, tried in ((1, 2), (24, 3), (72, 4)):
        payment = fare_of(in_debt)
        assert payment.status == PaymentStatus.FAILED
        later(clock, hours=hours, minutes=-1)
        online.work()
        assert Attempt.objects.filter(status=AttemptStatus.DECLINED).count() == tried - 1
        later(clock, minutes=1)
        online.work()
        assert Attempt.objects.filter(status=AttemptStatus.DECLINED).count() == tried
    later(clock, days=30)
    online.work()
    assert Attempt.objects.count() == 4
    assert all(intent["status"] == "canceled" for intent in online.intents())


def test_who_owes_can_not_book(online: Online, in_debt: Ride, user_api: Any) -> None:
    body = {"location": {"lat": 40.7484, "lng": -73.9857}}
    assert_refused(user_api.post("/cheerRequest", body), 409, "payment_overdue")


def test_a_new_card_pays_the_debt(online: Online, in_debt: Ride, user: User, clock: Clock) -> None:
    later(clock, seconds=5)
    online.save_card(user)
    online.work()
    assert (fare_of(in_debt).status, online.taken()) == (PaymentStatus.PAID, 1000)
    assert submit(user).status == RequestStatus.PENDING


def test_a_bank_that_wants_its_customer(
    online: Online, user: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    set_region(hold_amount=0)
    online.save_card(user, "pm_card_authenticationRequired")
    ride = charged(online, user, nyc, clock)
    assert fare_of(ride).status == PaymentStatus.REQUIRES_ACTION
    intent = online.intents()[0]
    online.account.confirm_payment_intent(intent["id"], {"payment_method": Attempt.objects.get().card_reference})
    online.account.answer_payment_intent(intent["id"], agrees=True)
    online.deliver()
    online.work()
    assert (fare_of(ride).status, online.taken()) == (PaymentStatus.PAID, 1000)


def test_the_books_can_not_be_changed(
    online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    charged(online, carded, nyc, clock)
    for change in (lambda: Entry.objects.update(amount=1), lambda: Entry.objects.all().delete()):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
