"""Closing a month: its totals become rows, it takes no entries, and what is learnt later is in the next."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Partner, User
from core.errors import Conflict, Invalid
from payments import manual_audit
from payments.books.balances import Scope, balances, turnovers
from payments.books.closing import close, month_named, next_month
from payments.books.ledger import book
from payments.books.refunds import refund
from payments.manual_entries import Proposal, propose
from payments.models import Entry, Payment, Period, PeriodTotal
from payments.models.ledger import EntryKind
from payments.states import ManualKind
from rides.models import Ride
from tests.cast import Clock, fresh, in_threads, unchanged
from tests.settling import settle_in_cash

EVERYTHING = Scope()


def month_after_next(clock: Clock) -> datetime:
    """The program's time moves to the middle of the next month; returns the beginning of the one before."""
    month = clock.now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    clock.now = month + timedelta(days=45)
    return month


@pytest.fixture
def paid(completed: Ride, staff: User, clock: Clock) -> Payment:
    """$10, taken in cash in the first month; the partner's share is $8."""
    payment = Payment.objects.get(ride=completed)
    settle_in_cash(payment, actor=staff, now=clock.now)
    return fresh(payment)


@pytest.fixture
def closed(paid: Payment, staff: User, clock: Clock) -> Period:
    return close(month_after_next(clock), actor=staff, now=clock.now)


def accounts(start: datetime | None = None, end: datetime | None = None) -> dict[str, tuple[int, int]]:
    """Each account's opening and closing balance, in the only region and currency."""
    return {row.account: (row.opening, row.closing) for row in balances(start, end, EVERYTHING)}


def test_a_closed_month_keeps_its_totals(closed: Period, paid: Payment) -> None:
    region = paid.ride.request.region_id
    rows = {(row.region_id, row.kind): (row.amount, row.entries) for row in closed.totals.all()}
    assert rows == {(region, "owed"): (1000, 1), (region, "share"): (800, 1), (region, "collected"): (1000, 1)}


def test_totals_and_entries_tell_the_same(closed: Period, paid: Payment, staff: User, clock: Clock) -> None:
    refund(paid, amount=400, reason="too quiet", actor=staff, now=clock.now)
    with_totals = turnovers(None, None, EVERYTHING), balances(None, None, EVERYTHING)
    later = accounts(start=closed.ends_at)
    assert later == {"sales": (-200, -120), "partners": (-800, -480), "cash": (1000, 600), "receivable": (0, 0)}
    PeriodTotal.objects.all().delete()
    Period.objects.update(counted_at=None)
    assert (turnovers(None, None, EVERYTHING), balances(None, None, EVERYTHING)) == with_totals
    assert accounts(start=closed.ends_at) == later


def test_a_closed_month_is_not_added_up_again(closed: Period) -> None:
    PeriodTotal.objects.filter(kind="collected").update(amount=7)
    assert accounts(end=closed.ends_at)["cash"] == (0, 7)


def test_balances_add_up_to_zero_in_each_region_and_currency(closed: Period, staff: User, clock: Clock) -> None:
    propose(Proposal(ManualKind.FEE, 300, "usd", "bank"), author=staff, now=clock.now)
    rows = balances(None, None, EVERYTHING)
    for region, currency in {(row.region, row.currency) for row in rows}:
        its = [row for row in rows if (row.region, row.currency) == (region, currency)]
        assert (sum(row.closing for row in its), sum(row.debit - row.credit for row in its)) == (0, 0)
    assert {row.region for row in rows} == {None, Payment.objects.get().ride.request.region_id}


@pytest.mark.parametrize("scope", [Scope(currency="jpy"), Scope(region_id=Payment().pk)])
def test_another_currency_or_region_has_nothing(closed: Period, scope: Scope) -> None:
    assert balances(None, None, scope) == []


def test_a_closed_month_takes_no_entry(closed: Period, paid: Payment, clock: Clock) -> None:
    last_moment = closed.ends_at - timedelta(microseconds=1)
    with unchanged(), pytest.raises(IntegrityError), transaction.atomic():
        book(EntryKind.USER_CHARGED, "late", paid, 1, now=last_moment)
    book(EntryKind.USER_CHARGED, "late", paid, 1, now=closed.ends_at)


def test_what_is_learnt_late_is_in_the_open_month(closed: Period, paid: Payment, staff: User, clock: Clock) -> None:
    refund(paid, amount=1000, reason="too quiet", actor=staff, now=clock.now)
    assert accounts(end=closed.ends_at)["cash"] == (0, 1000)
    assert accounts(start=closed.ends_at)["cash"] == (1000, 0)


def test_months_are_closed_in_order_and_after_their_end(paid: Payment, staff: User, clock: Clock) -> None:
    month = clock.now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    assert next_month() == month
    clock.now = (month + timedelta(days=32)).replace(day=1) + timedelta(minutes=59)
    refusals = []
    with unchanged():
        for wanted in (month, month - timedelta(days=1), clock.now, (month + timedelta(days=32)).replace(day=1)):
            with pytest.raises(Conflict) as refused:
                close(wanted, actor=staff, now=clock.now)
            refusals.append(refused.value.code)
    assert refusals == ["month_not_over", "wrong_month", "wrong_month", "wrong_month"]
    clock.now += timedelta(minutes=1)
    close(month, actor=staff, now=clock.now)
    assert next_month() == month_named(f"{clock.now:%Y-%m}")


@pytest.mark.parametrize("name", ["", "2026", "2026-13", "10-2026", "2026-10-01", "soon"])
def test_what_is_no_month(name: str) -> None:
    with pytest.raises(Invalid):
        month_named(name)


def test_a_month_without_entries_can_be_closed(closed: Period, staff: User, clock: Clock) -> None:
    clock.now += timedelta(days=31)
    second = close(closed.ends_at, actor=staff, now=clock.now)
    assert not second.totals.exists()
    assert accounts(end=second.ends_at) == accounts(end=closed.ends_at)


def test_a_closing_that_was_interrupted_goes_on(paid: Payment, staff: User, clock: Clock) -> None:
    month = month_after_next(clock)
    before = accounts()
    end = (month + timedelta(days=32)).replace(day=1)
    Period.objects.create(starts_at=month, ends_at=end, closed_at=clock.now, closed_by=staff)
    assert accounts() == before
    close(month, actor=None, now=clock.now)
    assert (PeriodTotal.objects.count(), accounts()) == (3, before)


def test_the_audit_finds_totals_that_are_wrong(closed: Period, clock: Clock) -> None:
    check = next(check for check in manual_audit.CHECKS if check.name == "closed_periods_keep_their_totals")
    assert (check.look(clock.now).looked_at, check.look(clock.now).wrong) == (1, 0)
    for change in ({"amount": 1}, {"currency": "jpy"}, {"entries": 2}):
        with transaction.atomic():
            PeriodTotal.objects.filter(kind="owed").update(**change)
            assert check.look(clock.now).wrong == 1
            transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_a_closing_waits_for_whoever_is_booking(paid: Payment, partner: Partner, staff: User, clock: Clock) -> None:
    """An entry that is booked at the same time is in the totals, or was refused."""
    at, month = clock.now, month_after_next(clock)

    def booking(number: int) -> Callable[[], None]:
        def run() -> None:
            with transaction.atomic():
                book(EntryKind.USER_CHARGED, f"n{number}", paid, 1, now=at)
                book(EntryKind.USER_CHARGED, f"n{number} again", paid, 1, now=at)

        return run

    outcomes = in_threads(*(booking(n) for n in range(4)), lambda: close(month, actor=staff, now=clock.now))
    booked = outcomes[:4].count(None)
    assert all(isinstance(outcome, IntegrityError) for outcome in outcomes[:4] if outcome is not None)
    total = PeriodTotal.objects.filter(kind="user_charged").first()
    assert (total.entries if total else 0) == 2 * booked == Entry.objects.filter(kind="user_charged").count()


@pytest.mark.django_db(transaction=True)
def test_closed_by_two_at_once_it_is_counted_once(paid: Payment, staff: User, clock: Clock) -> None:
    month = month_after_next(clock)
    in_threads(*[lambda: close(month, actor=staff, now=clock.now)] * 3)
    assert (Period.objects.count(), PeriodTotal.objects.count()) == (1, 3)


def test_the_ledger_refuses_changes_still(paid: Payment) -> None:
    for statement in ("UPDATE payments_entry SET amount = 1", "DELETE FROM payments_entry"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
