"""Due rows: one claim wins, a task is only a hint, and a lease lasts as long as its holder lives."""

import threading
from datetime import datetime, timedelta
from typing import Any

import kombu.exceptions
import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from core import jobs, leases
from core.jobs import QUEUED_FOR, DueRows, retry_delay
from core.leases import LEASE, Lease
from notifications.models import DeferredPush
from speedycheers.celery import app as celery_app
from testbed.processes import wait_until
from tests.cast import Clock
from tests.races.schedule import Schedule

INSTANT = timedelta(microseconds=1)
ROWS = DueRows(DeferredPush, "due_at", "send_push", ("first",))
SEEDS = range(12)


@pytest.fixture
def enqueued(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The tasks enqueued, each with its arguments."""
    tasks: list[tuple[Any, ...]] = []
    monkeypatch.setattr(celery_app, "send_task", lambda name, arguments, **_: tasks.append((name, *arguments)))
    return tasks


@pytest.fixture
def broker_away(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The broker refuses; the names of the tasks that were to be enqueued."""
    refused: list[str] = []

    def refuse(name: str, *_: Any, **__: Any) -> None:
        refused.append(name)
        raise kombu.exceptions.OperationalError

    monkeypatch.setattr(celery_app, "send_task", refuse)
    return refused


def row(clock: Clock, *, seq: int = 1, due_in_s: float = 0) -> DeferredPush:
    return DeferredPush.objects.create(
        recipient="partner:1",
        seq=seq,
        topic="t",
        payload={},
        due_at=clock.now + timedelta(seconds=due_in_s),
        until=clock.now + timedelta(days=1),
    )


def claimed(clock: Clock) -> list[Any]:
    return list(ROWS.claim_due(clock.now))


def moments() -> set[datetime]:
    return set(DeferredPush.objects.values_list("due_at", flat=True))


# ---------------------------------------------------------------- claims


@pytest.mark.django_db
def test_of_two_claims_one_wins(clock: Clock) -> None:
    found = row(clock)
    assert [ROWS.claim(found.pk, now=clock.now) for _ in range(2)] == [True, False]


@pytest.mark.django_db
def test_only_what_is_due_is_claimed_oldest_first(clock: Clock) -> None:
    later, now, before = (row(clock, seq=seq, due_in_s=due_in_s) for seq, due_in_s in enumerate([1, 0, -1]))
    assert claimed(clock) == [before.pk, now.pk]
    assert not ROWS.claim(later.pk, now=clock.now)


def claims_at_once(clock: Clock, seed: int) -> list[list[Any]]:
    """What two sweeps claim of five due rows, statement by statement in an order drawn from the seed."""
    for seq in range(5):
        row(clock, seq=seq)
    first, second = Schedule(seed).run(lambda: claimed(clock), lambda: claimed(clock))
    return [first, second]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.django_db(transaction=True)
def test_each_row_is_claimed_by_one_of_two_sweeps(clock: Clock, seed: int) -> None:
    first, second = claims_at_once(clock, seed)
    assert sorted([*first, *second]) == list(DeferredPush.objects.order_by("pk").values_list("pk", flat=True))


@pytest.mark.django_db(transaction=True)
def test_without_the_condition_rows_are_claimed_twice(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DueRows, "_row", lambda rows, pk, **_: rows.model._default_manager.filter(pk=pk))
    doubled = 0
    for seed in SEEDS:
        first, second = claims_at_once(clock, seed)
        doubled += len(set(first) & set(second))
        DeferredPush.objects.all().delete()
    assert doubled


# ---------------------------------------------------------------- tasks are hints


@pytest.mark.django_db
def test_what_is_due_is_enqueued_once(clock: Clock, enqueued: list[tuple[Any, ...]]) -> None:
    found = row(clock)
    ROWS.enqueue_due(clock.now)
    ROWS.enqueue_due(clock.now)
    assert enqueued == [("send_push", "first", str(found.pk))]


@pytest.mark.django_db
def test_a_lost_task_is_enqueued_again(clock: Clock, enqueued: list[tuple[Any, ...]]) -> None:
    row(clock)
    ROWS.enqueue_due(clock.now)
    clock.now += QUEUED_FOR - INSTANT
    ROWS.enqueue_due(clock.now)
    assert len(enqueued) == 1
    clock.now += INSTANT
    ROWS.enqueue_due(clock.now)
    assert len(enqueued) == 2


@pytest.mark.django_db
def test_a_task_that_waited_longer_than_its_claim_still_runs(clock: Clock, enqueued: list[tuple[Any, ...]]) -> None:
    found = row(clock)
    for _ in range(5):
        ROWS.enqueue_due(clock.now)
        clock.now += QUEUED_FOR
    assert len(enqueued) == 5
    ran = []
    for _ in enqueued:
        with ROWS.leased(found.pk) as mine:
            ran.append(mine)
    assert ran == [True, False, False, False, False]


@pytest.mark.django_db
def test_while_the_broker_is_away_everything_stays_due(clock: Clock, broker_away: list[str]) -> None:
    rows = [row(clock, seq=seq) for seq in range(3)]
    ROWS.enqueue_due(clock.now)
    assert len(broker_away) == 1  # the others would fare no better, and each may wait for seconds
    assert sorted(claimed(clock)) == [found.pk for found in rows]


@pytest.mark.django_db
def test_a_commit_while_the_broker_is_away_leaves_the_row_due(clock: Clock, broker_away: list[str]) -> None:
    with transaction.atomic():
        found = row(clock)
        ROWS.enqueue_on_commit(found.pk)
        assert broker_away == []
    assert broker_away == ["send_push"]
    assert claimed(clock) == [found.pk]


@pytest.mark.django_db
def test_a_commit_enqueues_and_a_rollback_does_not(clock: Clock, enqueued: list[tuple[Any, ...]]) -> None:
    with transaction.atomic():
        ROWS.enqueue_on_commit(row(clock, seq=1).pk)
        assert enqueued == []
    with transaction.atomic():
        ROWS.enqueue_on_commit(row(clock, seq=2).pk)
        transaction.set_rollback(True)
    [found] = DeferredPush.objects.all()
    assert enqueued == [("send_push", "first", str(found.pk))]
    assert claimed(clock) == []


# ---------------------------------------------------------------- leases


def test_a_leased_row_is_never_mistaken_for_a_queued_one() -> None:
    assert LEASE - timedelta(seconds=leases.RENEW_EVERY_S) > QUEUED_FOR


@pytest.mark.django_db
def test_a_leased_row_is_left_alone(clock: Clock) -> None:
    found = row(clock)
    with ROWS.leased(found.pk) as mine, ROWS.leased(found.pk) as again:
        assert (mine, again) == (True, False)
        assert claimed(clock) == []
        ROWS.release(found.pk)  # as by a broker that fails late
        assert claimed(clock) == []


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.django_db(transaction=True)
def test_of_two_workers_one_gets_the_lease(clock: Clock, seed: int) -> None:
    found = row(clock)

    def work() -> bool:
        with ROWS.leased(found.pk) as mine:
            return mine

    assert sorted(Schedule(seed).run(work, work)) == [False, True]


@pytest.mark.django_db
def test_a_row_that_is_not_due_is_not_leased(clock: Clock) -> None:
    with ROWS.leased(row(clock, due_in_s=60).pk) as mine:
        assert not mine


@pytest.mark.django_db
def test_a_lapsed_lease_is_taken_over_and_its_holder_lets_go(clock: Clock) -> None:
    found = row(clock)
    lease = Lease(DeferredPush, "due_at", found.pk, clock.now + LEASE)
    with ROWS.leased(found.pk):  # by a worker that died: nobody renews it below
        pass
    clock.now += LEASE - INSTANT
    assert claimed(clock) == []
    clock.now += INSTANT
    with ROWS.leased(found.pk) as mine:
        assert mine
        assert not lease.renew()
    assert DeferredPush.objects.get().due_at == clock.now + LEASE


@pytest.mark.django_db(transaction=True)
def test_one_thread_renews_the_leases_of_all_tasks(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEW_EVERY_S", 0.01)
    first, second = row(clock, seq=1), row(clock, seq=2)
    with ROWS.leased(first.pk), ROWS.leased(second.pk):
        for _ in range(3):
            clock.now += LEASE - INSTANT
            wait_until(lambda: moments() == {clock.now + LEASE}, 20, "both are renewed")
            assert claimed(clock) == []
        assert [thread.name for thread in threading.enumerate()].count("leases") == 1
    assert not leases.renewer.holds(first.pk)
    assert not leases.renewer.holds(second.pk)


@pytest.mark.django_db(transaction=True)
def test_a_failed_renewal_is_repeated(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEW_EVERY_S", 0.01)
    renew, failures = Lease.renew, [DatabaseError("away")] * 3

    def failing(lease: Lease) -> bool:
        if failures:
            raise failures.pop()
        return renew(lease)

    monkeypatch.setattr(Lease, "renew", failing)
    with ROWS.leased(row(clock).pk):
        clock.now += LEASE - INSTANT
        wait_until(lambda: DeferredPush.objects.get().due_at == clock.now + LEASE, 20, "the lease is renewed")
    assert failures == []


# ---------------------------------------------------------------- the end of a job


@pytest.mark.django_db
def test_a_job_is_postponed_with_its_changes(clock: Clock) -> None:
    found = row(clock)
    with ROWS.leased(found.pk):
        assert ROWS.postpone(found.pk, clock.now + timedelta(minutes=1), topic="again")
    assert claimed(clock) == []
    clock.advance(60)
    assert (claimed(clock), DeferredPush.objects.get().topic) == ([found.pk], "again")


@pytest.mark.django_db
def test_a_job_that_is_gone_is_not_postponed(clock: Clock) -> None:
    found = row(clock)
    DeferredPush.objects.all().delete()
    assert not ROWS.postpone(found.pk, timezone.now())


def test_the_wait_before_a_repetition_grows_to_ten_minutes() -> None:
    assert [retry_delay(tries).total_seconds() for tries in (0, 1, 2, 8, 9, 10_000)] == [2, 4, 8, 512, 600, 600]
    assert retry_delay(0).total_seconds() == jobs.RETRY_FIRST_S
