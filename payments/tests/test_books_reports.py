"""The trial balance, the ages and the journal: by the command and in files, added up again from the entries."""

import csv
import re
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Partner, User
from core.amounts import major
from payments.books import journal
from payments.books.ageing import owed_by_users, owed_to_partners
from payments.books.balances import Scope, balances
from payments.books.ledger import book, book_fee, owed_to
from payments.books.refunds import refund
from payments.manual_entries import Proposal, propose
from payments.models import Entry, Payment
from payments.models.ledger import EntryKind, LedgerAccount
from payments.states import AttemptKind, ManualKind
from regions.models import Region
from rides.models import Ride
from tests.cast import Clock, fresh
from tests.settling import settle_in_cash

EVERYTHING = Scope()


def books(*options: str) -> str:
    out = StringIO()
    call_command("books", *options, stdout=out)
    return out.getvalue()


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text)))


@pytest.fixture
def payment(completed: Ride) -> Payment:
    return Payment.objects.get(ride=completed)


@pytest.fixture
def busy(payment: Payment, staff: User, clock: Clock) -> Payment:
    """Something of several kinds, in two currencies."""
    settle_in_cash(payment, actor=staff, now=clock.now)
    refund(payment, amount=333, reason="too quiet", actor=staff, now=clock.now)
    for kind, amount in ((ManualKind.USER_CREDITED, 100), (ManualKind.PARTNER_CREDITED, 50)):
        propose(Proposal(kind, amount, "usd", "kindness", payment_id=payment.pk), author=staff, now=clock.now)
    paid = Proposal(ManualKind.PAID_BY_HAND, 200, "usd", "by bank", partner_id=payment.partner_id)
    propose(paid, author=staff, now=clock.now)
    for currency, amount in (("jpy", 700), ("kwd", 1234)):
        book_fee(currency, amount, currency, now=clock.now)
    return fresh(payment)


def added_up() -> dict[tuple[str, str], int]:
    """Each account's balance by currency, from the entries one by one."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for entry in Entry.objects.all():
        sums[entry.currency, entry.debit] += entry.amount
        sums[entry.currency, entry.credit] -= entry.amount
    return dict(sums)


def test_balances_are_the_entries_added_up(busy: Payment) -> None:
    found: dict[tuple[str, str], int] = defaultdict(int)
    for row in balances(None, None, EVERYTHING):
        found[row.currency, row.account] += row.closing
    assert found == added_up()
    for currency in ("usd", "jpy", "kwd"):
        assert sum(amount for (its, _), amount in found.items() if its == currency) == 0


def test_the_trial_balance_of_the_command(busy: Payment) -> None:
    rows = table(books("trial-balance"))
    assert {row["currency"] for row in rows} == {"USD", "JPY", "KWD"}
    for currency in ("USD", "JPY", "KWD"):
        assert sum(Decimal(row["closing"]) for row in rows if row["currency"] == currency) == 0
    kwd = next(row for row in rows if (row["currency"], row["account"]) == ("KWD", "fees"))
    assert (kwd["debit"], kwd["closing"], kwd["region"]) == ("1.234", "1.234", "")
    only = table(books("trial-balance", "--region", busy.ride.request.region.name, "--currency", "usd"))
    assert {(row["region"], row["currency"]) for row in only} == {(busy.ride.request.region.name, "USD")}


def test_the_csv_adds_up_to_the_balances(busy: Payment) -> None:
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    rows = table(books("journal"))
    assert [row["id"] for row in rows] == [str(entry.pk) for entry in Entry.objects.order_by("at", "pk")]
    for row in rows:
        sums[row["currency"].lower(), row["debit"]] += Decimal(row["amount"])
        sums[row["currency"].lower(), row["credit"]] -= Decimal(row["amount"])
    assert sums == {key: major(amount, key[0]) for key, amount in added_up().items()}


def test_beancount_adds_up_to_its_own_checks(busy: Payment) -> None:
    text = books("journal", "--format", "beancount")
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for name, amount, unit in re.findall(r"^  ([A-Z]\w+:\w+)  (-?[\d.]+) ([A-Z]{3})$", text, re.M):
        assert f" open {name}\n" in text
        sums[name, unit] += Decimal(amount)
    checked = re.findall(r"^\d{4}-\d\d-\d\d balance ([\w:]+)  (-?[\d.]+) ([A-Z]{3})$", text, re.M)
    assert {(name, unit): Decimal(amount) for name, amount, unit in checked} == sums
    assert len(checked) == len(added_up())


def test_a_later_part_of_the_journal_begins_with_balances(busy: Payment, clock: Clock) -> None:
    start = journal.day_after(clock.now)
    text = "".join(journal.beancount_of(start, start + timedelta(days=1), EVERYTHING))
    assert text.count('"opening balance"') == len(added_up())
    assert "entry:" not in text


def test_the_journal_is_read_in_portions(busy: Payment, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = books("journal")
    monkeypatch.setattr(journal, "PORTION", 2)
    assert books("journal") == whole


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(busy: Payment, name: str) -> None:
    Region.objects.update(name=name)
    assert {row["region"] for row in table(books("journal"))} == {f"'{name}", ""}


def test_every_account_has_a_name_of_its_own() -> None:
    names = [journal.account_name(account) for account in LedgerAccount.values]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"(Assets|Liabilities|Income|Expenses|Equity):[A-Z]\w*", name) for name in names)


# ---------------------------------------------------------------- ages


@pytest.mark.parametrize(("days", "age"), [(0, 0), (29, 0), (30, 1), (60, 2), (89, 2), (90, 3), (400, 3)])
def test_what_is_owed_has_an_age(payment: Payment, partner: Partner, clock: Clock, days: int, age: int) -> None:
    now = max(payment.created_at, Entry.objects.latest("at").at) + timedelta(days=days)
    for found, total in ((owed_by_users(EVERYTHING, now=now), 1000), (owed_to_partners(EVERYTHING, now=now), 800)):
        assert [(ages.currency, ages.sums, ages.back) for ages in found] == [
            ("usd", [total if n == age else 0 for n in range(4)], 0)
        ]


def test_the_oldest_earnings_are_paid_first(payment: Payment, partner: Partner, clock: Clock) -> None:
    now = clock.now + timedelta(days=70)
    book(EntryKind.PARTNER_CREDITED, "young", payment, 500, now=now)
    book(EntryKind.PAID_OUT, "paid", payment, 1000, now=now, way=AttemptKind.CASH)
    (ages,) = owed_to_partners(EVERYTHING, now=now)
    assert (ages.sums, ages.back, ages.total) == ([300, 0, 0, 0], 0, owed_to(partner, "usd"))
    book(EntryKind.PAID_OUT, "too much", payment, 700, now=now, way=AttemptKind.CASH)
    (ages,) = owed_to_partners(EVERYTHING, now=now)
    assert (ages.sums, ages.back, ages.total) == ([0, 0, 0, 0], 400, owed_to(partner, "usd"))


def test_the_ages_of_the_command(payment: Payment) -> None:
    rows = table(books("ages"))
    assert [(row["owed"], row["currency"], row["total"]) for row in rows] == [
        ("by users", "USD", "10.00"),
        ("to partners", "USD", "8.00"),
    ]
    assert table(books("ages", "--currency", "jpy")) == []


# ---------------------------------------------------------------- closing by the command


def test_a_month_is_closed_by_the_command(busy: Payment, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    month = f"{clock.now:%Y-%m}"
    before = books("trial-balance")
    with pytest.raises(CommandError, match="one hour after its end"):
        books("close", month)
    later = clock.now + timedelta(days=40)
    monkeypatch.setattr("payments.management.commands.books.clock.now", lambda: later)
    assert books("close", month) == f"{month} is closed: {Entry.objects.count()} entries.\n"
    assert books("trial-balance") == before
    with pytest.raises(CommandError, match="in order"):
        books("close", month)


@pytest.mark.parametrize(
    "options",
    [
        ("journal", "--from", "yesterday"),
        ("journal", "--to", "2026-10-31T12:00:00"),
        ("journal", "--format", "pdf"),
        ("journal", "--format", "beancount", "--to", "2026-10-31T12:00:00+00:00"),
        ("trial-balance", "--region", "Atlantis"),
        ("close", "soon"),
        (),
    ],
)
@pytest.mark.django_db
def test_nonsense(options: tuple[Any, ...]) -> None:
    with pytest.raises(CommandError):
        books(*options)
