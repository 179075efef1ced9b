"""Mails as rows: sent once, again after a failure, and not too late."""

from datetime import timedelta
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import transaction

from accounts.deferred_mails import TRY_AGAIN, mail_kind, mail_later, sweep_mails
from accounts.mails import compose
from accounts.models import DeferredMail, User
from accounts.tasks import send_mail
from core.jobs import QUEUED_FOR
from ops.pruner import prune
from speedycheers.celery import app as celery_app
from tests.cast import Clock


@mail_kind("greeting", to_unconfirmed=True)
def _greeting(row: DeferredMail) -> EmailMultiAlternatives | None:
    return compose("Hello", "Hello", to=[row.to or row.user.email]) if row.user.name else None


@pytest.fixture(autouse=True)
def _nothing_else(user: User, other_user: User) -> None:
    """The mails about their sign-up are out of the way."""
    DeferredMail.objects.all().delete()


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The mails whose task has been queued."""
    mails: list[str] = []

    def queue(name: str, arguments: tuple[str], **_: Any) -> None:
        assert name == "send_mail"
        mails.append(arguments[0])

    monkeypatch.setattr(celery_app, "send_task", queue)
    return mails


@pytest.fixture
def written(user: User, clock: Clock, queued: list[str]) -> DeferredMail:
    """A mail that has been queued after the commit."""
    with transaction.atomic():
        mail_later("greeting", user, now=clock.now)
        assert queued == []
    row = DeferredMail.objects.get()
    assert queued == [str(row.pk)]
    return row


def test_it_is_sent_once_though_the_task_runs_twice(user: User, written: DeferredMail) -> None:
    send_mail(str(written.pk))
    send_mail(str(written.pk))
    (sent,) = mail.outbox
    assert sent.to == [user.email]
    assert sent.extra_headers["Message-ID"] == f"<mail-{written.pk}@speedycheers>"


def test_a_task_that_was_lost_is_queued_again_by_the_sweep(
    clock: Clock, queued: list[str], written: DeferredMail
) -> None:
    sweep_mails(clock.now)
    assert len(queued) == 1
    sweep_mails(clock.advance(QUEUED_FOR.total_seconds()))
    assert queued == [str(written.pk)] * 2


def test_a_mail_of_a_transaction_that_failed_is_not_sent(user: User, clock: Clock, queued: list[str]) -> None:
    with transaction.atomic():
        mail_later("greeting", user, now=clock.now)
        transaction.set_rollback(True)
    assert not DeferredMail.objects.exists()
    assert queued == []


def test_one_cause_is_told_once_to_each_account(user: User, other_user: User, clock: Clock, queued: list[str]) -> None:
    for reader, about in ((user, "7"), (user, "7"), (other_user, "7"), (user, "8")):
        with transaction.atomic():
            mail_later("greeting", reader, about=about, now=clock.now)
    found = DeferredMail.objects.values_list("user", "about")
    assert sorted(found) == sorted([(user.pk, "7"), (other_user.pk, "7"), (user.pk, "8")])
    for row in queued:
        send_mail(row)
    assert len(mail.outbox) == 3


def test_a_mail_server_that_is_away_is_tried_again_and_given_up(
    clock: Clock, queued: list[str], written: DeferredMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(message: EmailMultiAlternatives) -> int:
        raise SMTPServerDisconnected

    with monkeypatch.context() as patched:
        patched.setattr(EmailMultiAlternatives, "send", away)
        send_mail(str(written.pk))
    send_mail(str(written.pk))
    assert mail.outbox == []  # not before its time
    sweep_mails(clock.advance(TRY_AGAIN.total_seconds()))
    assert len(queued) == 2
    clock.advance(settings.MAIL_SENT_WITHIN_S)
    send_mail(str(written.pk))
    assert mail.outbox == []
    assert DeferredMail.objects.get().due_at is None


def test_a_mail_server_that_is_back_gets_it(
    clock: Clock, written: DeferredMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(message: EmailMultiAlternatives) -> int:
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr(EmailMultiAlternatives, "send", away)
        send_mail(str(written.pk))
    clock.advance(TRY_AGAIN.total_seconds())
    send_mail(str(written.pk))
    assert len(mail.outbox) == 1
    assert DeferredMail.objects.get().sent_at == clock.now


@pytest.mark.parametrize("change", [{"name": ""}, {"is_active": False}])
def test_a_mail_that_nobody_wants_any_more_is_not_sent(
    user: User, written: DeferredMail, change: dict[str, Any]
) -> None:
    User.objects.filter(pk=user.pk).update(**change)
    send_mail(str(written.pk))
    assert mail.outbox == []
    assert DeferredMail.objects.get().due_at is None


def test_a_later_mail_to_another_address(user: User, clock: Clock, queued: list[str]) -> None:
    mail_later("greeting", user, to="old@cast.test", due_at=clock.now + timedelta(seconds=60), now=clock.now)
    assert queued == []
    sweep_mails(clock.advance(60))
    send_mail(queued[0])
    assert mail.outbox[0].to == ["old@cast.test"]


def test_old_ones_are_swept(clock: Clock, written: DeferredMail) -> None:
    prune("accounts.DeferredMail", clock.now)
    assert DeferredMail.objects.exists()
    prune("accounts.DeferredMail", clock.advance(settings.MAIL_SENT_WITHIN_S + 1))
    assert not DeferredMail.objects.exists()
