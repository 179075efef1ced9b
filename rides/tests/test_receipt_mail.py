"""The receipt by e-mail."""

from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from accounts.models import NotificationSettings, User
from core.jobs import QUEUED_FOR
from payments.models import Payment
from rides.mails import GIVE_UP_AFTER, TRY_AGAIN, TRY_AGAIN_MAX, sweep_receipts
from rides.models import Ride
from rides.tasks import mail_receipt
from tests.cast import Clock, fresh
from tests.settling import settle_in_cash


@pytest.fixture
def completed(clock: Clock, completed: Ride) -> Ride:
    """The session is over, and its receipt is due."""
    assert completed.receipt_due_at is not None
    clock.now = completed.receipt_due_at
    return completed


def test_it_is_sent(confirmed: User, completed: Ride, staff: User, clock: Clock) -> None:
    settle_in_cash(Payment.objects.get(), actor=staff, now=clock.now)
    mail_receipt(str(completed.pk))
    (sent,) = mail.outbox
    assert sent.to == [confirmed.email]
    assert sent.subject == "Your receipt: $10.00"
    assert f"/cheer/{completed.request_id}" in str(sent.body)
    assert "came to $10.00 (1 × 5 minutes)." in str(sent.body).replace("\n", " ")


def test_what_has_not_been_paid_is_called_no_receipt(confirmed: User, completed: Ride) -> None:
    mail_receipt(str(completed.pk))
    (sent,) = mail.outbox
    assert sent.subject == "Your invoice: $10.00"
    assert "$10.00 has not been paid yet" in str(sent.body).replace("\n", " ")
    assert "came to" not in str(sent.body)


def test_a_bill_that_is_being_paid_waits_for_the_answer(confirmed: User, completed: Ride, clock: Clock) -> None:
    Payment.objects.update(status="processing")
    mail_receipt(str(completed.pk))
    assert not mail.outbox
    due = fresh(completed).receipt_due_at
    assert due > clock.now
    Payment.objects.update(status="paid")
    clock.now = due
    mail_receipt(str(completed.pk))
    assert [sent.subject for sent in mail.outbox] == ["Your receipt: $10.00"]


def test_not_to_who_does_not_want_it(confirmed: User, completed: Ride) -> None:
    NotificationSettings.objects.create(user=confirmed, email_receipts=False)
    mail_receipt(str(completed.pk))
    assert not mail.outbox


def test_not_to_an_address_that_nobody_has_confirmed(user: User, completed: Ride) -> None:
    mail_receipt(str(completed.pk))
    assert not mail.outbox


def test_not_before_the_ride_is_over(confirmed: User, running: Ride) -> None:
    mail_receipt(str(running.pk))
    assert not mail.outbox


# ---------------------------------------------------------------- once, and again where it failed


def test_it_is_sent_once_though_the_task_runs_twice(confirmed: User, completed: Ride) -> None:
    mail_receipt(str(completed.pk))
    mail_receipt(str(completed.pk))
    assert len(mail.outbox) == 1


def test_sweeps_queue_it_once_until_its_task_is_considered_lost(
    confirmed: User, clock: Clock, completed: Ride, queued: list[str]
) -> None:
    clock.advance(-3)
    sweep_receipts(clock.now)
    mail_receipt(str(completed.pk))
    assert (queued, mail.outbox) == ([], [])
    clock.advance(3)
    sweep_receipts(clock.now)
    sweep_receipts(clock.now)
    assert queued == [str(completed.pk)]
    sweep_receipts(clock.advance(QUEUED_FOR.total_seconds()))
    assert len(queued) == 2


def test_a_mail_server_that_is_away_is_tried_again_and_given_up(
    confirmed: User, clock: Clock, completed: Ride, queued: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(message: EmailMultiAlternatives) -> int:
        raise SMTPServerDisconnected

    with monkeypatch.context() as patched:
        patched.setattr(EmailMultiAlternatives, "send", away)
        mail_receipt(str(completed.pk))
        assert fresh(completed).receipt_due_at is not None
        clock.advance(GIVE_UP_AFTER.total_seconds() - 120)
        sweep_receipts(clock.now)
        assert queued == [str(completed.pk)]
        mail_receipt(queued[0])
        assert fresh(completed).receipt_due_at is not None
        clock.advance(TRY_AGAIN_MAX.total_seconds())
        mail_receipt(str(completed.pk))
    assert fresh(completed).receipt_due_at is None
    mail_receipt(str(completed.pk))
    assert mail.outbox == []


def test_a_mail_server_that_is_away_for_a_moment_delays_it_by_seconds(
    confirmed: User, clock: Clock, completed: Ride, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(message: EmailMultiAlternatives) -> int:
        raise SMTPServerDisconnected

    with monkeypatch.context() as patched:
        patched.setattr(EmailMultiAlternatives, "send", away)
        mail_receipt(str(completed.pk))
    clock.advance(TRY_AGAIN.total_seconds())
    mail_receipt(str(completed.pk))
    assert TRY_AGAIN.total_seconds() == 10
    assert len(mail.outbox) == 1


def test_or_is_sent_once_it_is_back(
    confirmed: User, clock: Clock, completed: Ride, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(message: EmailMultiAlternatives) -> int:
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr(EmailMultiAlternatives, "send", away)
        mail_receipt(str(completed.pk))
    mail_receipt(str(completed.pk))
    assert mail.outbox == []  # not before its time
    clock.advance(TRY_AGAIN.total_seconds())
    mail_receipt(str(completed.pk))
    (sent,) = mail.outbox
    assert sent.extra_headers["Message-ID"] == f"<receipt-{completed.pk}@speedycheers>"
    [(name, content, kind)] = sent.attachments
    assert (name, kind) == (f"invoice-{completed.pk}.pdf", "application/pdf")
    assert bytes(content)[:5] == b"%PDF-"
