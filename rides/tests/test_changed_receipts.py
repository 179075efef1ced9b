"""Receipts by e-mail after what is paid or given back later."""

from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from accounts.models import NotificationSettings, User
from payments.books.refunds import refund
from payments.models import Payment
from rides.mails import GIVE_UP_AFTER, sweep_receipts
from rides.models import Ride
from rides.services import tip_ride
from rides.tasks import mail_changed_receipt, mail_receipt
from rides.tests.test_receipt_pdf import words_of
from tests.cast import Clock, fresh
from tests.settling import settle_in_cash


@pytest.fixture
def completed(clock: Clock, completed: Ride) -> Ride:
    """The session is over, and its bill is due."""
    assert completed.receipt_due_at is not None
    clock.now = completed.receipt_due_at
    return completed


@pytest.fixture
def invoiced(confirmed: User, completed: Ride) -> Ride:
    """The invoice has been mailed."""
    mail_receipt(str(completed.pk))
    assert subjects() == ["Your invoice: $10.00"]
    mail.outbox.clear()
    return completed


@pytest.fixture
def receipted(confirmed: User, completed: Ride, staff: User, clock: Clock) -> Ride:
    """The fare is paid, and its receipt has been mailed."""
    settle_in_cash(Payment.objects.get(), actor=staff, now=clock.now)
    mail_receipt(str(completed.pk))
    assert subjects() == ["Your receipt: $10.00"]
    mail.outbox.clear()
    return completed


def subjects() -> list[str]:
    return [sent.subject for sent in mail.outbox]


def later(clock: Clock) -> None:
    """Let the mails about what has changed become due, and run their tasks twice."""
    clock.advance(2 * settings.RECEIPT_AFTER_S)
    for payment in Payment.objects.filter(receipt_due_at__lte=clock.now):
        mail_changed_receipt(str(payment.pk))
        mail_changed_receipt(str(payment.pk))


def test_a_late_payment_is_followed_by_its_receipt(invoiced: Ride, staff: User, clock: Clock) -> None:
    settle_in_cash(Payment.objects.get(), actor=staff, now=clock.now)
    later(clock)
    assert subjects() == ["Your receipt: $10.00"]
    assert "your cheer is paid: $10.00" in str(mail.outbox[0].body).replace("\n", " ")
    later(clock)
    assert len(mail.outbox) == 1


def test_a_receipt_that_was_mailed_is_not_mailed_again(receipted: Ride, clock: Clock) -> None:
    assert Payment.objects.get().receipt_due_at is None
    later(clock)
    assert subjects() == []


def test_a_refund_is_followed_by_a_corrected_receipt(receipted: Ride, staff: User, clock: Clock) -> None:
    refund(Payment.objects.get(), amount=400, reason="", actor=staff, now=clock.now)
    later(clock)
    (sent,) = mail.outbox
    assert sent.subject == "Your corrected receipt: $6.00"
    assert "$4.00 of your cheer has been refunded. It comes to $6.00 now" in str(sent.body).replace("\n", " ")
    [(name, content, _)] = sent.attachments
    assert name == f"receipt-{receipted.pk}.pdf"
    assert {"-$4.00", "$6.00"} <= set(words_of(bytes(content)))


def test_each_further_refund_is_told_and_the_last_one_too(receipted: Ride, staff: User, clock: Clock) -> None:
    for amount in (400, 100, 500):
        refund(Payment.objects.get(), amount=amount, reason="", actor=staff, now=clock.now)
        later(clock)
    totals = ["$6.00", "$5.00", "$0.00"]
    assert subjects() == [f"Your corrected receipt: {total}" for total in totals]
    assert len({sent.extra_headers["Message-ID"] for sent in mail.outbox}) == 3


def test_two_refunds_in_a_moment_are_one_mail(receipted: Ride, staff: User, clock: Clock) -> None:
    for amount in (400, 100):
        refund(Payment.objects.get(), amount=amount, reason="", actor=staff, now=clock.now)
    later(clock)
    assert subjects() == ["Your corrected receipt: $5.00"]


def test_a_change_before_the_first_mail_is_told_by_it_alone(
    confirmed: User, completed: Ride, staff: User, clock: Clock
) -> None:
    settle_in_cash(Payment.objects.get(), actor=staff, now=clock.now)
    later(clock)  # the first mail is late
    assert subjects() == []
    mail_receipt(str(completed.pk))
    later(clock)
    assert subjects() == ["Your receipt: $10.00"]


def test_a_payment_made_while_the_invoice_is_on_its_way_is_told(
    confirmed: User, completed: Ride, staff: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = EmailMultiAlternatives.send

    def paid_meanwhile(message: EmailMultiAlternatives, *arguments: Any) -> int:
        settle_in_cash(Payment.objects.get(), actor=staff, now=clock.now)
        return send(message, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(EmailMultiAlternatives, "send", paid_meanwhile)
        mail_receipt(str(completed.pk))
    later(clock)
    assert subjects() == ["Your invoice: $10.00", "Your receipt: $10.00"]


def test_a_tip_is_on_a_receipt_once_it_is_paid(receipted: Ride, staff: User, clock: Clock) -> None:
    tip = tip_ride(receipted, amount=250, currency="usd", now=clock.now)
    later(clock)
    assert subjects() == []
    settle_in_cash(tip, actor=staff, now=clock.now)
    later(clock)
    assert subjects() == ["Your receipt: $12.50"]


def test_changes_are_not_mailed_to_people_who_want_no_receipts(
    receipted: Ride, confirmed: User, staff: User, clock: Clock
) -> None:
    NotificationSettings.objects.create(user=confirmed, email_receipts=False)
    refund(Payment.objects.get(), amount=400, reason="", actor=staff, now=clock.now)
    later(clock)
    assert (subjects(), Payment.objects.get().receipt_due_at) == ([], None)


def test_a_change_waits_for_a_mail_server_that_is_away_and_is_given_up(
    receipted: Ride, staff: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(message: EmailMultiAlternatives) -> int:
        raise SMTPServerDisconnected

    refund(Payment.objects.get(), amount=400, reason="", actor=staff, now=clock.now)
    with monkeypatch.context() as patched:
        patched.setattr(EmailMultiAlternatives, "send", away)
        later(clock)
        assert Payment.objects.get().receipt_due_at is not None
        clock.advance(GIVE_UP_AFTER.total_seconds())
        later(clock)
    assert (subjects(), Payment.objects.get().receipt_due_at) == ([], None)


def test_nothing_is_mailed_about_a_session_that_is_disputed(confirmed: User, completed: Ride) -> None:
    Payment.objects.update(frozen=True)
    mail_receipt(str(completed.pk))
    assert (subjects(), fresh(completed).receipt_due_at) == ([], None)


def test_sweeps_queue_a_change_once(
    receipted: Ride, staff: User, clock: Clock, queued: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refund(Payment.objects.get(), amount=400, reason="", actor=staff, now=clock.now)
    sweep_receipts(clock.now)
    assert queued == []
    clock.advance(2 * settings.RECEIPT_AFTER_S)
    sweep_receipts(clock.now)
    sweep_receipts(clock.now)
    assert queued == [str(Payment.objects.get().pk)]
