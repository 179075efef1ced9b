"""A month of a simulated city is closed by the commands alone, and every sum is added up again from what happened."""

import csv
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from backoffice.audit import VIOLATION
from core.amounts import major
from notifications.models import Event
from ops.audit import all_checks
from payments.books.closing import month_after, month_of
from payments.books.refunds import refund, refundable
from payments.models import Entry, Payment
from payments.tests.reckoning import every_error
from regions.models import Region
from tests.cast import Clock
from tests.month.city import City
from tests.online import Online

RIDES = 60
SEED = 7
Sums = Counter[tuple[str, ...]]


@pytest.fixture
def city(nyc: Region, online: Online, clock: Clock, settings: Settings) -> City:
    """A city whose month is over, and whose banks have had ten days more."""
    settings.STRIPE_CONNECT = True
    clock.now = month_after(month_of(clock.now))
    found = City(online, clock, settings, clock.now, seed=SEED)
    found.live(RIDES)
    found.rest_until(month_after(found.began) + timedelta(days=10))
    return found


def books(*options: str) -> list[dict[str, str]]:
    """A table that the command prints."""
    out = StringIO()
    call_command("books", *options, stdout=out)
    return list(csv.DictReader(StringIO(out.getvalue())))


def close(month: datetime) -> str:
    """What the command says to closing a month."""
    out = StringIO()
    call_command("books", "close", f"{month:%Y-%m}", stdout=out)
    return out.getvalue()


def by_account(journal: list[dict[str, str]]) -> Sums:
    """The balances of a journal's lines, added up one by one."""
    sums: Sums = Counter()
    for line in journal:
        sums[line["region"], line["currency"], line["debit"]] += Decimal(line["amount"])  # type: ignore[assignment]
        sums[line["region"], line["currency"], line["credit"]] -= Decimal(line["amount"])  # type: ignore[assignment]
    return sums


def test_a_month_is_closed_by_the_commands_alone(city: City) -> None:
    month = ("--from", f"{city.began:%Y-%m-%d}", "--to", f"{month_after(city.began):%Y-%m-%d}")
    journal, balances, ages = books("journal", *month), books("trial-balance", *month), books("ages")
    _has_everything(journal)
    _adds_up(journal, balances)
    _is_what_the_provider_moved(city, journal)
    _is_what_users_were_told(city, journal)
    _ages_are_balances(ages, books("trial-balance"))
    assert every_error(city) == []
    assert [check.name for check in all_checks() if check.kind == VIOLATION and check.look(city.clock.now).wrong] == []
    said = close(city.began)
    assert said == f"{city.began:%Y-%m} is closed: {len(journal)} entries.\n"
    _a_late_refund_belongs_to_the_next_month(city)
    assert (books("journal", *month), books("trial-balance", *month)) == (journal, balances)
    with pytest.raises(CommandError):
        close(city.began)
    assert [check.name for check in all_checks() if check.kind == VIOLATION and check.look(city.clock.now).wrong] == []


def _has_everything(journal: list[dict[str, str]]) -> None:
    """The month is no quiet one: each currency has sales, and everything that moves money has happened."""
    assert {line["currency"] for line in journal} == {"USD", "JPY", "KWD"}
    kinds = {line["kind"] for line in journal}
    assert kinds >= {"owed", "share", "taxed", "collected", "paid_out", "refunded", "share_reversed", "tax_reversed",
                     "payout_reversed", "disputed", "dispute_won", "dispute_lost", "dispute_fee", "credit_given",
                     "written_off", "fee_by_hand"}  # fmt: skip
    about = set(Payment.objects.values_list("kind", flat=True))
    assert about == {"fare", "tip", "cancellation_fee", "no_show_fee"}


def _adds_up(journal: list[dict[str, str]], balances: list[dict[str, str]]) -> None:
    """The trial balance is the journal added up, and zero in each currency, and in each region."""
    shown = {(row["region"], row["currency"], row["account"]): Decimal(row["closing"]) for row in balances}
    assert shown == by_account(journal)
    for whose in {(row["region"], row["currency"]) for row in balances}:
        assert sum(amount for key, amount in shown.items() if key[:2] == whose) == 0
    entries: Sums = Counter()
    for entry in Entry.objects.filter(pk__in=[line["id"] for line in journal]):
        entries[entry.currency, entry.debit] += entry.amount
        entries[entry.currency, entry.credit] -= entry.amount
    totals: Sums = Counter()
    for (_, currency, account), amount in shown.items():
        totals[currency.lower(), account] += amount  # type: ignore[assignment]
    assert totals == {key: major(amount, key[0]) for key, amount in entries.items()}


def _of_kinds(journal: list[dict[str, str]], sign: dict[tuple[str, str, str], int]) -> Sums:
    """The sums by currency of the lines of these kinds and accounts, with their signs."""
    sums: Sums = Counter()
    for line in journal:
        if found := sign.get((line["kind"], line["debit"], line["credit"])):
            sums[(line["currency"].lower(),)] += found * Decimal(line["amount"])  # type: ignore[assignment]
    return sums


def _is_what_the_provider_moved(city: City, journal: list[dict[str, str]]) -> None:
    """Each kind of movement of the provider's is in the journal, to the minor unit."""
    moves = [
        move
        for move in city.provider.account.every("balance_transaction")
        if city.began.timestamp() <= move["created"] < month_after(city.began).timestamp()
    ]
    for types, sign in (
        (("charge",), {("collected", "provider", "receivable"): 1}),
        (
            ("refund", "refund_failure"),
            {("refunded", "sales", "provider"): -1, ("refund_failed", "provider", "sales"): 1},
        ),
        (("transfer",), {("paid_out", "partners", "provider"): -1}),
        (("transfer_refund",), {("payout_reversed", "provider", "partners"): 1}),
        (("adjustment",), {("disputed", "disputed", "provider"): -1, ("dispute_won", "provider", "disputed"): 1}),
    ):
        moved: Sums = Counter()
        for move in moves:
            if move["type"] in types:
                moved[(move["currency"],)] += major(move["amount"], move["currency"])  # type: ignore[assignment]
        assert _of_kinds(journal, sign) == moved, types


def _is_what_users_were_told(city: City, journal: list[dict[str, str]]) -> None:
    """The events to users name each amount that is owed, once in each currency and kind."""
    told: dict[str, tuple[str, int]] = {}
    for event in Event.objects.filter(type="payment.updated", created_at__lt=month_after(city.began)).order_by("id"):
        payment = event.payload["payment"]
        told[payment["paymentId"]] = (payment["currency"], payment["amount"])
    sums: Sums = Counter()
    for currency, amount in told.values():
        sums[(currency,)] += major(amount, currency)  # type: ignore[assignment]
    assert _of_kinds(journal, {("owed", "receivable", "sales"): 1}) == sums


def _ages_are_balances(ages: list[dict[str, str]], balances: list[dict[str, str]]) -> None:
    """The debts of users and to partners by age are the balances of their accounts."""
    for who, account, sign in (("by users", "receivable", 1), ("to partners", "partners", -1)):
        by_age = {row["currency"]: Decimal(row["total"]) for row in ages if row["owed"] == who}
        owed: Sums = Counter()
        for row in balances:
            if row["account"] == account:
                owed[(row["currency"],)] += sign * Decimal(row["closing"])  # type: ignore[assignment]
        assert {currency: amount for currency, amount in by_age.items() if amount} == {
            currency: amount for (currency,), amount in owed.items() if amount
        }


def _a_late_refund_belongs_to_the_next_month(city: City) -> None:
    """What happens to a payment of a closed month is booked in an open one."""
    payment = next(each for each in Payment.objects.order_by("created_at") if refundable(each))
    refund(payment, amount=refundable(payment), reason="late", actor=city.staff, now=city.clock.now)
    city.provider.work()
    assert every_error(city) == []
