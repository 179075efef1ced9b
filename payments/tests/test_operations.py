"""Which worker runs the step of a row, and which one takes over if a task or a worker gets lost."""

from datetime import datetime, timedelta
from typing import Any

import kombu.exceptions
import pytest
from django.utils import timezone

from accounts.models import User
from core import leases
from core.jobs import QUEUED_FOR
from core.leases import LEASE
from payments.models import Hold
from payments.operations import MODELS, Operation
from payments.provider.steps import STEPS, execute
from payments.states import HoldStatus
from speedycheers.celery import app as celery_app
from testbed.processes import wait_until
from tests.cast import Clock, fresh, submit
from tests.online import Online

INSTANT = timedelta(microseconds=1)
HOLDS = Operation.HOLD.rows


@pytest.fixture
def hold(online: Online, user: User, clock: Clock) -> Hold:
    """One that is to be placed."""
    online.save_card(user)
    submit(user)
    return Hold.objects.get()


def due() -> list[Any]:
    return list(HOLDS.claim_due(timezone.now()))


def next_step_at(hold: Hold) -> datetime | None:
    return fresh(hold).next_step_at


def test_every_operation_has_rows_and_a_step() -> None:
    assert set(Operation) == set(MODELS) == set(STEPS)


def test_a_task_that_got_lost_is_queued_again(hold: Hold, clock: Clock) -> None:
    assert due() == [hold.pk]
    clock.now += QUEUED_FOR - INSTANT
    assert due() == []
    clock.now += INSTANT
    assert due() == [hold.pk]


def test_a_task_that_could_not_be_queued_is_due_at_once(
    hold: Hold, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise kombu.exceptions.OperationalError

    monkeypatch.setattr(celery_app, "send_task", refuse)
    assert due() == [hold.pk]
    HOLDS.enqueue(hold.pk)
    assert due() == [hold.pk]


def test_of_two_workers_one_runs_the_step(online: Online, hold: Hold) -> None:
    with HOLDS.leased(hold.pk) as mine:
        assert mine
        execute(Operation.HOLD, hold.pk)
        assert (fresh(hold).status, online.intents()) == (HoldStatus.PLANNED, [])
        assert due() == []


def test_another_takes_over_from_a_worker_that_died(online: Online, hold: Hold, clock: Clock) -> None:
    with HOLDS.leased(hold.pk):
        pass  # it has come to nothing
    clock.now += LEASE - INSTANT
    assert due() == []
    clock.now += INSTANT
    assert due() == [hold.pk]
    execute(Operation.HOLD, hold.pk)
    assert (fresh(hold).status, len(online.intents())) == (HoldStatus.AUTHORIZED, 1)


def test_what_is_not_due_is_not_run(online: Online, hold: Hold, clock: Clock) -> None:
    for later in (None, clock.now + timedelta(hours=1)):
        Hold.objects.update(next_step_at=later)
        execute(Operation.HOLD, hold.pk)
        assert (fresh(hold).status, online.intents()) == (HoldStatus.PLANNED, [])


@pytest.mark.django_db(transaction=True)
def test_a_step_that_takes_long_keeps_its_row(hold: Hold, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEW_EVERY_S", 0.01)
    with HOLDS.leased(hold.pk):
        for _ in range(3):
            clock.now += LEASE - INSTANT
            wait_until(lambda: next_step_at(hold) == clock.now + LEASE, 20, "the lease is renewed")
            assert due() == []
    assert not leases.renewer.holds(hold.pk)


@pytest.mark.django_db(transaction=True)
def test_a_step_has_the_last_word_on_the_next_one(hold: Hold, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEW_EVERY_S", 0.01)
    with HOLDS.leased(hold.pk):
        tomorrow = clock.now + timedelta(days=1)
        Hold.objects.update(next_step_at=tomorrow)
        wait_until(lambda: not leases.renewer.holds(hold.pk), 20, "nobody renews it any more")
        assert next_step_at(hold) == tomorrow
