"""Staff try failed deliveries again, or close them: once, never while they are being tried, and not what is over."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.deferred_mails import MAILS
from accounts.models import DeferredMail, User
from core.errors import Conflict
from core.jobs import QUEUED_FOR
from core.leases import LEASE
from failures import receivers, services
from failures.keeping import failures_of
from failures.models import FailedDelivery
from failures.states import FailureStatus
from failures.tests.scenes import LATER, failing_mail, given_up_mail
from notifications.models import DeferredPush
from notifications.web_push import PUSHES
from payments.models import ProviderEvent
from payments.operations import Operation
from requests_app.tasks import match_region
from rides.mails import RECEIPTS
from rides.models import Ride
from speedycheers.celery import app as celery_app
from tests.cast import Clock, fresh

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The tasks that were enqueued."""
    tasks: list[tuple[Any, ...]] = []
    monkeypatch.setattr(celery_app, "send_task", lambda name, arguments, **_: tasks.append((name, *arguments)))
    return tasks


@pytest.fixture
def failing(user: User, clock: Clock) -> FailedDelivery:
    return failing_mail(user, now=clock.now)


def mail_of(failure: FailedDelivery) -> DeferredMail:
    return DeferredMail.objects.get(pk=failure.row_id)


def refused(code: str, step: Any, failure: FailedDelivery, *, now: Any) -> None:
    before = list(FailedDelivery.objects.values()), list(DeferredMail.objects.values())
    with pytest.raises(Conflict) as told:
        step(failure, now=now)
    assert told.value.code == code
    assert (list(FailedDelivery.objects.values()), list(DeferredMail.objects.values())) == before


# ---------------------------------------------------------------- retry


def test_a_retry_tries_now_and_once(failing: FailedDelivery, clock: Clock, sent: list[Any]) -> None:
    services.retry(failing, now=clock.now)
    assert sent == [("send_mail", failing.row_id)]
    assert mail_of(failing).due_at == clock.now + QUEUED_FOR
    assert fresh(failing).next_try_at == clock.now
    refused("tried_now", services.retry, failing, now=clock.now)
    assert len(sent) == 1


@pytest.mark.parametrize("ahead", [timedelta(0), QUEUED_FOR, LEASE])
def test_what_is_tried_within_seconds_is_left_alone(failing: FailedDelivery, clock: Clock, ahead: timedelta) -> None:
    DeferredMail.objects.update(due_at=clock.now + ahead)
    refused("tried_now", services.retry, failing, now=clock.now)


def test_a_leased_row_is_left_alone(failing: FailedDelivery, clock: Clock) -> None:
    clock.advance(LATER.total_seconds())
    with MAILS.leased(failing.row_id) as mine:
        assert mine
        refused("tried_now", services.retry, failing, now=clock.now)
        refused("tried_now", services.close, failing, now=clock.now)


@pytest.mark.parametrize("step", [services.retry, services.close])
@pytest.mark.parametrize("status", [FailureStatus.RECOVERED, FailureStatus.CLOSED])
def test_what_is_over_is_left_alone(failing: FailedDelivery, clock: Clock, step: Any, status: FailureStatus) -> None:
    FailedDelivery.objects.update(status=status, next_try_at=None, closed_at=clock.now)
    refused("over", step, failing, now=clock.now)


def test_a_mail_that_is_too_late_is_not_sent_any_more(user: User, clock: Clock) -> None:
    failure = given_up_mail(user, now=clock.now)
    refused("too_late", services.retry, failure, now=clock.now)


def test_a_receipt_that_was_given_up_is_tried_once_more(completed: Ride, clock: Clock, sent: list[Any]) -> None:
    Ride.objects.update(receipt_due_at=clock.now)
    RECEIPTS.give_up(completed.pk, "SMTPServerDisconnected")
    failure = failures_of("receipt", completed.pk).get()
    assert (failure.account, failure.region) == (completed.user, completed.request.region)
    services.retry(failure, now=clock.now)
    assert sent == [("mail_receipt", str(completed.pk))]
    assert (fresh(failure).status, fresh(failure).given_up_at) == (FailureStatus.FAILING, None)


def test_an_event_that_was_given_up_is_tried_once_more(clock: Clock, sent: list[Any]) -> None:
    event = ProviderEvent.objects.create(id="evt_1", type="x", payload={}, received_at=clock.now)
    Operation.EVENT.rows.give_up(event.pk)
    failure = failures_of("event", event.pk).get()
    services.retry(failure, now=clock.now)
    assert sent == [("run_operation", "event", "evt_1")]
    ProviderEvent.objects.update(processed_at=clock.now, next_step_at=None)
    FailedDelivery.objects.update(status=FailureStatus.GIVEN_UP, next_try_at=None, given_up_at=clock.now)
    with pytest.raises(Conflict):  # somebody else has acted on it meanwhile
        services.retry(failure, now=clock.now)


def test_a_task_is_enqueued_again(nyc: Any, clock: Clock, sent: list[Any]) -> None:
    receivers.note_failed_task(sender=match_region, exception=KeyError("x"), args=("nyc",))
    failure = FailedDelivery.objects.get()
    services.retry(failure, now=clock.now)
    assert sent == [("match_region", "nyc")]
    assert fresh(failure).status == FailureStatus.CLOSED


# ---------------------------------------------------------------- close


def test_a_closed_mail_is_not_tried_any_more(failing: FailedDelivery, clock: Clock) -> None:
    services.close(failing, now=clock.now)
    assert (mail_of(failing).due_at, mail_of(failing).sent_at) == (None, None)
    assert (fresh(failing).status, fresh(failing).closed_at) == (FailureStatus.CLOSED, clock.now)


def test_a_closed_push_is_deleted(user: User, clock: Clock) -> None:
    push = DeferredPush.objects.create(
        recipient=f"user:{user.pk}", seq=1, topic="t", payload={}, due_at=clock.now, until=clock.now + LATER * 2
    )
    PUSHES.failed(push.pk, "not_taken", clock.now + LATER)
    services.close(failures_of("push", push.pk).get(), now=clock.now)
    assert not DeferredPush.objects.exists()


def test_what_was_given_up_is_closed(user: User, clock: Clock) -> None:
    failure = given_up_mail(user, now=clock.now)
    services.close(failure, now=clock.now)
    assert fresh(failure).status == FailureStatus.CLOSED


def test_what_moves_money_cannot_be_closed(clock: Clock) -> None:
    event = ProviderEvent.objects.create(
        id="evt_1", type="x", payload={}, received_at=clock.now, next_step_at=clock.now
    )
    Operation.EVENT.rows.failed(event.pk, "Unreachable", clock.now + LATER)
    refused("has_to_be_done", services.close, failures_of("event", event.pk).get(), now=clock.now)


def test_a_row_that_fails_again_after_it_was_closed_is_another(failing: FailedDelivery, clock: Clock) -> None:
    services.close(failing, now=clock.now)
    DeferredMail.objects.update(due_at=clock.now)
    MAILS.failed(failing.row_id, "TimeoutError", clock.now + LATER)
    assert sorted(FailedDelivery.objects.values_list("status", "tries")) == [("closed", 1), ("failing", 1)]
