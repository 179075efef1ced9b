"""Payouts to our bank at a month's end: line by line, in a file that adds up to the balance and to each payout."""

import csv
from collections import defaultdict
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from backoffice.tests.desk import desk_of, page_of, url_of
from core.amounts import major
from payments.books import banking, ledger
from payments.models import BankPayout, Entry, Payment, Period
from payments.tests.reconciling_scenes import FEE, paid, read
from tests.cast import Clock
from tests.online import Online, later

__all__ = ["paid"]
pytestmark = pytest.mark.django_db
Rows = list[dict[str, str]]


def bank(*options: str) -> Rows:
    out = StringIO()
    call_command("books", "bank", *options, stdout=out)
    return list(csv.DictReader(StringIO(out.getvalue())))


@pytest.fixture
def banked(online: Online, paid: Payment, clock: Clock) -> BankPayout:
    """An automatic payout of what the fare has left of it, which has been matched."""
    later(clock, days=2)
    assert online.account.pay_out() is not None
    read(clock)
    return BankPayout.objects.get()


def received(rows: Rows) -> Decimal:
    """What the bank saw."""
    return sum((Decimal(row["amount"]) for row in rows if not row["line"]), Decimal())


def test_the_lines_add_up_to_the_payout_and_the_payouts_to_the_account(
    online: Online, banked: BankPayout, paid: Payment, clock: Clock
) -> None:
    later(clock, days=1)
    online.account.charge_fee(-700)  # a correction in our favour
    assert online.account.pay_out() is not None
    read(clock)
    rows = bank()
    assert received(rows) == major(ledger.balance("bank"), "usd") == major(200 - FEE + 700, "usd")
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["payout"]] += Decimal(row["net"]) if row["line"] else -Decimal(row["net"])
    assert set(sums.values()) == {Decimal()}
    lines = [row for row in rows if row["payout"] == banked.reference and row["line"]]
    assert {row["category"] for row in lines} == {"charge", "transfer"}
    assert {row["payment"] for row in lines} == {str(paid.pk)}
    assert {row["matched_at"] for row in lines} != {""}


def test_what_the_bank_returns_is_taken_off(online: Online, banked: BankPayout, clock: Clock) -> None:
    online.account.end_payout(banked.reference, failure="account_closed")
    read(clock)
    rows = bank()
    assert [row["category"] for row in rows if not row["line"]] == ["payout", "payout_reversal"]
    assert {row["status"] for row in rows} == {"failed"}
    assert received(rows) == major(ledger.balance("bank"), "usd") == 0


def test_money_that_we_pay_in_has_no_lines(online: Online, paid: Payment, clock: Clock) -> None:
    online.account.move("topup", 500, "usd", source="tu_1")
    read(clock)
    assert [(row["category"], row["payout"], row["amount"]) for row in bank()] == [("topup", "tu_1", "-5.00")]


def test_a_payout_stands_where_its_entry_stands(banked: BankPayout) -> None:
    booked = Entry.objects.get(kind="banked").at.isoformat()
    assert bank("--to", booked) == []
    assert len(bank("--from", booked)) == 3
    assert (bank("--currency", "jpy"), len(bank("--currency", "usd"))) == ([], 3)
    with pytest.raises(CommandError):
        bank("--region", "New York")


def test_it_is_read_in_portions(
    online: Online, banked: BankPayout, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    online.account.charge_fee(-700)
    online.account.pay_out()
    read(clock)
    whole = bank()
    monkeypatch.setattr(banking, "PORTION", 1)
    assert bank() == whole
    assert len(whole) > 4


def test_staff_get_the_file_and_see_the_lines_of_a_payout(banked: BankPayout, staff: User) -> None:
    desk = desk_of(staff)
    sent = desk.get(url_of(Period, "changelist"), {"show": "bank"})
    assert sent.headers["Content-Disposition"].startswith('attachment; filename="bank-until-')
    assert list(csv.DictReader(StringIO(sent.getvalue().decode()))) == bank()
    page = desk.get(page_of(banked)).content.decode()
    assert "−$8.00" in page
    assert "$10.00" in page
