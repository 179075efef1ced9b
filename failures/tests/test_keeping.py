"""A job that fails is kept as one open row, with a code in place of the error's text, and says whom it is for."""

from datetime import timedelta
from smtplib import SMTPDataError
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import DatabaseError

from accounts.deferred_mails import TRY_AGAIN, mail_kind
from accounts.mails import compose
from accounts.models import DeferredMail, Partner, User
from accounts.tasks import send_mail
from core.jobs import DueRows
from failures import receivers
from failures.keeping import failures_of
from failures.models import FailedDelivery
from failures.states import FailureStatus
from notifications import push_service, web_push
from notifications.events import partner_recipient
from notifications.models import DeferredPush, PushSubscription
from notifications.push_service import Outcome
from notifications.tasks import send_push
from ops.pruner import prune
from payments.models import Hold, ProviderEvent
from payments.operations import Operation, retry_later
from requests_app.models import CheerRequest
from requests_app.tasks import match_region
from tests.cast import Clock, fresh

SECRET = "ada@cast.test 550 token-7"
AWAY = SMTPDataError(451, f"<{SECRET}> later".encode())


@mail_kind("hello", to_unconfirmed=True)
def _hello(row: DeferredMail) -> EmailMultiAlternatives:
    if row.about == "broken":
        raise ValueError(SECRET)
    return compose("Hello", "Hello", to=[row.user.email])


@pytest.fixture(autouse=True)
def _nothing_else(user: User) -> None:
    DeferredMail.objects.all().delete()


def written(user: User, clock: Clock, about: str = "") -> DeferredMail:
    until = clock.now + timedelta(seconds=settings.MAIL_SENT_WITHIN_S)
    return DeferredMail.objects.create(
        user=user, kind="hello", about=about, created_at=clock.now, due_at=clock.now, until=until
    )


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A mail server that takes nothing, until the context is left by `undo`."""
    patched = pytest.MonkeyPatch()

    def refuse(message: EmailMultiAlternatives) -> int:
        raise AWAY

    patched.setattr(EmailMultiAlternatives, "send", refuse)
    yield patched
    patched.undo()


def only() -> FailedDelivery:
    return FailedDelivery.objects.get()


def test_a_mail_that_fails_is_one_row(user: User, pending: CheerRequest, clock: Clock, away: Any) -> None:
    row, since = written(user, clock), clock.now
    send_mail(str(row.pk))
    clock.advance(TRY_AGAIN.total_seconds())
    send_mail(str(row.pk))
    found = only()
    assert (found.kind, found.job, found.row_id, found.about) == ("mail", "mail", str(row.pk), "hello")
    assert (found.account, found.region) == (user, pending.region)
    assert (found.status, found.tries, found.error) == (FailureStatus.FAILING, 2, "SMTPDataError 451")
    assert (found.first_failed_at, found.last_failed_at) == (since, clock.now)
    assert found.next_try_at == fresh(row).due_at


def test_it_recovers(user: User, clock: Clock, away: Any) -> None:
    row = written(user, clock)
    send_mail(str(row.pk))
    away.undo()
    clock.advance(TRY_AGAIN.total_seconds())
    send_mail(str(row.pk))
    assert len(mail.outbox) == 1
    assert (only().status, only().closed_at) == (FailureStatus.RECOVERED, clock.now)


def test_it_is_given_up_when_it_is_too_late(user: User, clock: Clock, away: Any) -> None:
    row = written(user, clock)
    send_mail(str(row.pk))
    clock.advance(settings.MAIL_SENT_WITHIN_S)
    send_mail(str(row.pk))
    found = only()
    assert (found.status, found.given_up_at, found.closed_at) == (FailureStatus.GIVEN_UP, clock.now, None)
    assert found.error == "SMTPDataError 451"
    assert fresh(row).due_at is None


def test_what_did_not_fail_leaves_nothing(user: User, clock: Clock) -> None:
    send_mail(str(written(user, clock).pk))
    assert not FailedDelivery.objects.exists()


def test_work_that_breaks_is_kept_without_a_word_of_it(user: User, clock: Clock) -> None:
    row = written(user, clock, about="broken")
    with pytest.raises(ValueError, match="token"):
        send_mail(str(row.pk))
    assert (only().error, only().status) == ("ValueError", FailureStatus.FAILING)
    assert SECRET not in str(FailedDelivery.objects.values_list().get())


def test_the_work_breaks_though_that_cannot_be_kept(user: User, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any, **said: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr(receivers.Failures, "failed", full)
    with pytest.raises(ValueError, match="token"):
        send_mail(str(written(user, clock, about="broken").pk))


# ---------------------------------------------------------------- pushes


@pytest.fixture
def push(partner: Partner, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> DeferredPush:
    """A push to a partner, whose push service takes nothing."""
    recipient = partner_recipient(partner.pk)
    PushSubscription.objects.create(
        recipient=recipient, digest="d", endpoint="https://push.test/x", p256dh="p", auth="a", created_at=clock.now
    )
    monkeypatch.setattr(push_service, "send", lambda *_: Outcome.FAILED)
    until = clock.now + timedelta(seconds=30)
    return DeferredPush.objects.create(
        recipient=recipient, seq=7, topic="t", payload={"title": "x", "body": "x"}, due_at=clock.now, until=until
    )


def test_a_push_that_fails_and_is_late(push: DeferredPush, partner: Partner, clock: Clock) -> None:
    send_push(str(push.pk))
    found = only()
    assert (found.kind, found.account, found.region) == ("push", partner.user, partner.region)
    assert (found.status, found.error) == (FailureStatus.FAILING, "not_taken")
    web_push.sweep_pushes(clock.advance(30))
    assert only().status == FailureStatus.GIVEN_UP
    assert not DeferredPush.objects.exists()


def test_a_late_push_that_was_never_tried_is_no_failure(push: DeferredPush, clock: Clock) -> None:
    web_push.sweep_pushes(clock.advance(30))
    assert not FailedDelivery.objects.exists()
    assert not DeferredPush.objects.exists()


def test_a_push_that_was_withdrawn_is_not_failing_for_ever(push: DeferredPush, clock: Clock) -> None:
    send_push(str(push.pk))
    web_push.withdraw_pushes(push.recipient)
    prune("failures.FailedDelivery", clock.advance(600))
    assert only().status == FailureStatus.RECOVERED


# ---------------------------------------------------------------- operations


def test_an_operation_whose_provider_is_away(pending: CheerRequest, user: User, clock: Clock) -> None:
    hold = Hold(
        request=pending, user=user, number=1, amount=500, currency="usd", key="k", next_step_at=clock.now,
        created_at=clock.now,
    )  # fmt: skip
    hold.create(actor=None, at=clock.now)
    retry_later(hold, TimeoutError(SECRET), clock.now)
    found = only()
    assert (found.kind, found.job, found.account, found.region) == ("operation", "hold", user, pending.region)
    assert (found.error, found.next_try_at) == ("TimeoutError", fresh(hold).next_step_at)


def test_an_event_that_is_given_up(clock: Clock) -> None:
    event = ProviderEvent.objects.create(
        id="evt_1", type="charge.succeeded", payload={}, received_at=clock.now, next_step_at=clock.now
    )
    Operation.EVENT.rows.give_up(event.pk, "Unreachable")
    found = only()
    assert (found.about, found.account, found.region) == ("charge.succeeded", None, None)
    assert (found.status, found.tries, found.error) == (FailureStatus.GIVEN_UP, 0, "Unreachable")


def test_rows_that_are_no_job_are_not_kept(user: User, clock: Clock) -> None:
    assert not DueRows(User, "last_login", "nothing").failed(user.pk, "x", clock.now)
    assert not FailedDelivery.objects.exists()


# ---------------------------------------------------------------- tasks


def test_a_task_without_a_row(pending: CheerRequest, clock: Clock) -> None:
    for _ in range(2):
        receivers.note_failed_task(sender=match_region, exception=KeyError(SECRET), args=("nyc",))
    found = only()
    assert (found.kind, found.row_id, found.about) == ("task", "match_region:nyc", "match_region")
    assert (found.status, found.tries, found.error) == (FailureStatus.GIVEN_UP, 2, "KeyError")


def test_a_task_whose_row_tells_it_is_not_kept_twice(user: User, clock: Clock) -> None:
    row = written(user, clock, about="broken")
    with pytest.raises(ValueError, match="token") as broken:
        send_mail(str(row.pk))
    receivers.note_failed_task(sender=send_mail, exception=broken.value, args=(str(row.pk),))
    assert only().job == "mail"


# ---------------------------------------------------------------- for how long


def test_how_long_they_are_kept(user: User, clock: Clock, away: Any) -> None:
    recovered, lost = written(user, clock), written(user, clock)
    for row in (recovered, lost):
        send_mail(str(row.pk))
    failures_of("mail", recovered.pk).update(status=FailureStatus.RECOVERED, closed_at=clock.now, next_try_at=None)
    clock.advance(settings.MAIL_SENT_WITHIN_S)
    send_mail(str(lost.pk))
    assert FailedDelivery.objects.count() == 2
    prune("failures.FailedDelivery", clock.advance((settings.FAILURES_KEPT_DAYS - 2) * 24 * 3600 + 3600))
    assert only().row_id == str(lost.pk)
    prune("failures.FailedDelivery", clock.advance(2 * 24 * 3600))
    assert not FailedDelivery.objects.exists()
