"""The sums of days: they spare adding entries up, are those of the entries, and go when an entry comes later."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction

from accounts.models import User
from payments import manual_audit, sweep
from payments.books.balances import Scope, balances, turnovers
from payments.books.closing import close, month_after, month_of
from payments.books.counted_days import count_days, is_due
from payments.books.ledger import book, book_fee
from payments.models import CountedDay, Entry, Payment
from payments.models.ledger import EntryKind
from rides.models import Ride
from tests.cast import Clock, in_threads
from tests.settling import settle_in_cash

EVERYTHING = Scope()
DAYS = timedelta(days=1)
TRIGGERS = {
    "payments_entry_in_open_period",
    "payments_entry_no_delete",
    "payments_entry_no_update",
    "payments_entry_uncounts_its_day",
}


@pytest.fixture
def paid(completed: Ride, staff: User, clock: Clock) -> Payment:
    """$10, taken in cash; ten days later a fee is paid, and a day after that it is the morning."""
    payment = Payment.objects.get(ride=completed)
    settle_in_cash(payment, actor=staff, now=clock.now)
    clock.now = (clock.now + 10 * DAYS).replace(hour=12)
    book_fee("a fee", 300, "jpy", now=clock.now)
    clock.now += DAYS
    return payment


def count(clock: Clock) -> int:
    """Count all that can be counted."""
    days = 0
    while more := count_days(clock.now):
        days += more
    return days


def told(clock: Clock) -> list[object]:
    """What the books say of several times and choices."""
    midnight = clock.now.replace(hour=0, minute=0, second=0, microsecond=0)
    times = [(None, None), (None, clock.now), (midnight - 5 * DAYS, None), (clock.now - 11 * DAYS, clock.now - DAYS)]
    scopes = [EVERYTHING, Scope(currency="jpy"), Scope(region_id=Payment.objects.get().ride.request.region_id)]
    return [(turnovers(*span, scope), balances(*span, scope)) for span in times for scope in scopes]


def test_sums_and_entries_tell_the_same(paid: Payment, clock: Clock) -> None:
    before = told(clock)
    assert (count(clock), CountedDay.objects.filter(sums=[]).count()) == (11, 9)
    assert told(clock) == before
    assert count(clock) == 0


def test_a_counted_day_is_not_added_up_again(paid: Payment, clock: Clock) -> None:
    count(clock)
    CountedDay.objects.filter(day=(clock.now - DAYS).date()).update(sums=[[None, "jpy", "fee", "fees", "cash", 7, 1]])
    assert [row.debit for row in balances(None, None, Scope(currency="jpy")) if row.account == "fees"] == [7]


def test_a_day_is_counted_an_hour_after_its_end(paid: Payment, clock: Clock) -> None:
    clock.now = clock.now.replace(hour=0, minute=59)
    assert count(clock) == 10
    assert not is_due(clock.now)
    clock.now += timedelta(minutes=1)
    assert is_due(clock.now)
    assert (count(clock), is_due(clock.now)) == (1, False)


@pytest.mark.django_db
def test_empty_books_have_no_days(clock: Clock) -> None:
    assert (is_due(clock.now), count_days(clock.now)) == (False, 0)


def test_an_entry_that_comes_later_uncounts_its_day(paid: Payment, clock: Clock) -> None:
    count(clock)
    late = clock.now - 3 * DAYS
    book_fee("late", 50, "jpy", now=late)
    assert not CountedDay.objects.filter(day=late.date()).exists()
    assert [row.debit for row in balances(None, None, Scope(currency="jpy")) if row.account == "fees"] == [350]
    assert count(clock) == 1
    assert CountedDay.objects.get(day=late.date()).sums == [[None, "jpy", "fee_by_hand", "fees", "cash", 50, 1]]


def test_a_counting_that_was_interrupted_is_made_again(paid: Payment, clock: Clock) -> None:
    before = told(clock)
    CountedDay.objects.create(day=(clock.now - DAYS).date())
    assert told(clock) == before
    assert (count(clock), told(clock)) == (11, before)


def test_a_closed_month_needs_no_days(paid: Payment, staff: User, clock: Clock) -> None:
    start = month_of(Entry.objects.earliest("at").at)
    clock.now = max(clock.now, month_after(start)) + 2 * DAYS
    book_fee("after it", 20, "jpy", now=clock.now - DAYS)
    before = told(clock)
    count(clock)
    close(start, actor=staff, now=clock.now)
    assert not CountedDay.objects.filter(day__lt=month_after(start).date()).exists()
    assert told(clock) == before
    count(clock)
    assert not CountedDay.objects.filter(day__lt=month_after(start).date()).exists()


def test_the_audit_finds_sums_that_are_wrong(paid: Payment, clock: Clock) -> None:
    count(clock)
    check = next(check for check in manual_audit.CHECKS if check.name == "counted_days_keep_their_sums")
    assert (check.look(clock.now).looked_at, check.look(clock.now).wrong) == (11, 0)
    CountedDay.objects.filter(day=(clock.now - DAYS).date()).update(sums=[])
    assert check.look(clock.now).wrong == 1


def test_the_sweep_has_days_counted(paid: Payment, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(sweep, "enqueue", lambda name, **_: asked.append(name))
    sweep.sweep_books(clock.now)
    count(clock)
    sweep.sweep_books(clock.now)
    assert asked == ["count_days"]


@pytest.mark.django_db(transaction=True)
def test_what_is_booked_while_a_day_is_counted_is_in_its_sums_or_uncounts_it(paid: Payment, clock: Clock) -> None:
    at: datetime = clock.now - DAYS

    def booking(number: int) -> Callable[[], None]:
        def run() -> None:
            with transaction.atomic():
                book(EntryKind.USER_CHARGED, f"n{number}", paid, 1, now=at)
                book(EntryKind.USER_CHARGED, f"n{number} again", paid, 1, now=at)

        return run

    in_threads(*(booking(n) for n in range(4)), *[lambda: count_days(clock.now)] * 2)
    charged = [one.entries for one in turnovers(None, None, EVERYTHING) if one.kind == EntryKind.USER_CHARGED]
    assert charged == [8]
    count(clock)
    assert [one.entries for one in turnovers(None, None, EVERYTHING) if one.kind == EntryKind.USER_CHARGED] == [8]


@pytest.mark.django_db
def test_the_ledger_has_all_of_its_triggers() -> None:
    """SQLite loses those of a table that a migration makes anew."""
    names = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'payments_entry'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = 'payments_entry'::regclass AND NOT tgisinternal",
    }
    with connection.cursor() as cursor:
        cursor.execute(names[connection.vendor])
        found = {name for (name,) in cursor.fetchall()}
    if connection.vendor == "postgresql":  # one refuses both
        found = {name.replace("payments_entry_append_only", "payments_entry_no_update") for name in found}
        assert found == TRIGGERS - {"payments_entry_no_delete"}
    else:
        assert found == TRIGGERS
