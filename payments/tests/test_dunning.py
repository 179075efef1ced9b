"""A payment that fails is reminded of, retried, and in the end given up, which staff see."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.utils import timezone
from pytest_django import Settings

from accounts.deferred_mails import send_deferred
from accounts.models import DeferredMail, Partner, User
from backoffice.tests.desk import desk_of, url_of
from payments.books.dunning import dun
from payments.models import Attempt, Customer, Payment
from payments.services import pay_now
from payments.states import AttemptStatus, PaymentStatus
from payments.sweep import sweep_reminders
from regions.models import Region
from rides.models import Ride
from rides.services import tip_ride
from speedycheers.celery import app as celery_app
from tests.cast import Clock, end, fresh, start
from tests.online import Online, later, set_region
from tests.online_scenes import book, charged, fare_of, ride_of
from tests.settling import settle_in_cash

BROKE = "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds"


@pytest.fixture
def mailed(user: User) -> None:
    """The user's address is theirs for sure."""
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})


@pytest.fixture
def failed(online: Online, mailed: None, user: User, partner: Partner, nyc: Region, clock: Clock) -> Payment:
    """A fare of $10 for which there is too little on the card."""
    set_region(hold_amount=0)
    online.save_card(user, BROKE)
    fare = fare_of(charged(online, user, nyc, clock))
    assert fare.status == PaymentStatus.FAILED
    return fare


def pass_hours(online: Online, clock: Clock, hours: float) -> None:
    """Time passes, in twelve steps or more; what is due meanwhile is done, twice."""
    steps = max(12, round(hours / 12))
    for _ in range(steps):
        later(clock, hours=hours / steps)
        for payment in Payment.objects.filter(reminder_due_at__lte=timezone.now()):
            dun(payment.pk)
            dun(payment.pk)
        online.work()
        for row in DeferredMail.objects.filter(due_at__lte=timezone.now()):
            send_deferred(row.pk)


def reminders() -> list[str]:
    return [str(sent.body).replace("\n", " ") for sent in mail.outbox if sent.subject == "Not paid yet: $10.00"]


def test_a_failed_payment_is_reminded_of_with_a_link(online: Online, failed: Payment, clock: Clock) -> None:
    pass_hours(online, clock, 0.2)
    assert reminders() == []
    pass_hours(online, clock, 0.1)
    (text,) = reminders()
    assert "/wallet" in text
    assert "We try your card again by ourselves, too." in text


def test_it_ends_after_the_last_reminder(online: Online, failed: Payment, clock: Clock) -> None:
    pass_hours(online, clock, 18 * 24)
    assert len(reminders()) == 3
    given_up = fresh(failed)
    assert (given_up.status, given_up.reminder_due_at) == (PaymentStatus.FAILED, None)
    assert given_up.given_up_at is not None
    tried = Attempt.objects.count()
    pass_hours(online, clock, 24 * 10)
    assert (Attempt.objects.count(), len(reminders())) == (tried, 3)
    assert not Attempt.objects.exclude(status=AttemptStatus.DECLINED).exists()


def test_it_ends_before_a_retry_that_is_planned_for_later(
    online: Online, failed: Payment, clock: Clock, settings: Settings
) -> None:
    settings.PAYMENT_REMINDERS_H, settings.PAYMENT_GIVE_UP_H = [], 0.5
    pass_hours(online, clock, 24 * 10)
    assert fresh(failed).given_up_at is not None
    assert [attempt.status for attempt in Attempt.objects.all()] == [AttemptStatus.DECLINED] * 2


def test_a_payment_given_up_can_still_be_paid(online: Online, failed: Payment, user: User, clock: Clock) -> None:
    pass_hours(online, clock, 18 * 24)
    online.save_card(user)
    online.work()
    assert (fresh(failed).status, online.taken()) == (PaymentStatus.PAID, 1000)


def test_a_payment_given_up_that_fails_once_more_is_not_tried_again(
    online: Online, failed: Payment, user: User, clock: Clock
) -> None:
    pass_hours(online, clock, 18 * 24)
    tried = Attempt.objects.count()
    pay_now(user, failed.pk, now=clock.now)
    pass_hours(online, clock, 24 * 10)
    assert (Attempt.objects.count(), len(reminders())) == (tried + 1, 3)


def test_nothing_is_said_once_it_is_paid(online: Online, failed: Payment, staff: User, clock: Clock) -> None:
    settle_in_cash(failed, actor=staff, now=clock.now)
    pass_hours(online, clock, 24 * 20)
    assert reminders() == []
    assert (fresh(failed).reminder_due_at, fresh(failed).given_up_at) == (None, None)


def test_a_mail_on_its_way_when_it_is_paid_is_not_sent(
    online: Online, failed: Payment, staff: User, clock: Clock
) -> None:
    later(clock, minutes=16)
    dun(failed.pk)
    settle_in_cash(failed, actor=staff, now=clock.now)
    send_deferred(DeferredMail.objects.get(kind="payment_unpaid").pk)
    assert reminders() == []


def test_a_bank_that_waits_for_its_customer_is_closed_in_the_end(
    online: Online, mailed: None, user: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    set_region(hold_amount=0)
    online.save_card(user, "pm_card_authenticationRequired")
    fare = fare_of(charged(online, user, nyc, clock))
    pass_hours(online, clock, 1)
    assert str(fare.pk) in reminders()[0]
    pass_hours(online, clock, 24 * 18)
    assert (fresh(fare).status, Attempt.objects.get().status) == (PaymentStatus.FAILED, AttemptStatus.DECLINED)
    assert [intent["status"] for intent in online.intents()] == ["canceled"]


def test_a_payment_without_a_card_is_reminded_of(
    online: Online, mailed: None, user: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    set_region(hold_amount=0)
    online.save_card(user)
    ride = start(ride_of(book(online, user), nyc))
    Customer.objects.update(card_reference="")
    fare = fare_of(end(ride))
    assert fare.status == PaymentStatus.DUE
    pass_hours(online, clock, 1)
    assert len(reminders()) == 1


def test_a_tip_is_mentioned_once(
    online: Online, mailed: None, user: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    online.save_card(user)
    ride = charged(online, user, nyc, clock)
    online.save_card(user, BROKE)
    tip_ride(ride, amount=1000, currency="usd", now=clock.now)
    pass_hours(online, clock, 24 * 18)
    (text,) = reminders()
    assert "another cheer" not in text


def test_a_disputed_session_is_not_dunned(completed: Ride, clock: Clock) -> None:
    Payment.objects.update(frozen=True, reminder_due_at=clock.now)
    dun(Payment.objects.get().pk)
    assert not DeferredMail.objects.filter(kind="payment_unpaid").exists()
    assert Payment.objects.get().reminder_due_at is None


def test_sweeps_queue_a_reminder_once(completed: Ride, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    queued: list[Any] = []
    monkeypatch.setattr(celery_app, "send_task", lambda name, arguments, **options: queued.append((name, arguments)))
    Payment.objects.update(reminder_due_at=clock.now)
    sweep_reminders(clock.now)
    sweep_reminders(clock.now)
    assert queued == [("remind_of_payment", (str(Payment.objects.get().pk),))]


def test_staff_see_what_was_given_up(online: Online, failed: Payment, staff: User, clock: Clock) -> None:
    listed = url_of(Payment, "changelist")
    shown = [str(failed.pk) in desk_of(staff).get(listed, {"given_up": to}).content.decode() for to in ("yes", "no")]
    assert shown == [False, True]
    pass_hours(online, clock, 18 * 24)
    shown = [str(failed.pk) in desk_of(staff).get(listed, {"given_up": to}).content.decode() for to in ("yes", "no")]
    assert shown == [True, False]
