"""Partners who can't give back what a refund takes: a debt, for which the next payouts are kept. And where transfers
draw their money from.
"""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import Partner, User
from backoffice.audit import VIOLATION
from backoffice.tests.desk import desk_of, url_of
from payments import audit, manual_audit
from payments.books import ledger
from payments.books.periods import period_of
from payments.books.refunds import refund
from payments.books.statement import statement_of, zone_of
from payments.models import Payment, Reversal, Transfer
from payments.provider import payouts
from payments.states import TransferStatus
from regions.models import Region
from tests.cast import EMPIRE_STATE, Clock, fresh, report
from tests.online import Online, later, set_region
from tests.online_scenes import charged, fare_of

Pay = Callable[..., Payment]


@pytest.fixture
def paid(online: Online, user: User, partner: Partner, nyc: Region, settings: Settings, clock: Clock) -> Pay:
    """Returns a function that has a session paid by card, and its share transferred."""
    settings.STRIPE_CONNECT = True
    online.save_card(user)
    online.connect(partner)

    def pay(minutes: float = 4) -> Payment:
        report(partner, EMPIRE_STATE)
        return fare_of(charged(online, user, nyc, clock, minutes=minutes))

    return pay


def bank_all(online: Online, partner: Partner) -> None:
    """The partner has everything paid to their bank."""
    account = partner.payout_account.reference
    online.account.pay_out_to_bank(account, online.account.balance_of(account))


def give_back(online: Online, payment: Payment, amount: int, staff: User, clock: Clock) -> None:
    refund(fresh(payment), amount=amount, reason="too quiet", actor=staff, now=clock.now)
    online.work()


def give_up(online: Online, clock: Clock) -> None:
    """Let every wait after a refusal pass."""
    for wait in payouts.REFUSED_WAITS:
        clock.now += wait
        online.work()


def findings(clock: Clock, kind: str = "") -> list[str]:
    return [
        check.name
        for check in [*audit.CHECKS, *manual_audit.CHECKS]
        if kind in ("", check.kind) and check.look(clock.now).wrong
    ]


def sent(online: Online) -> list[int]:
    """The minor units of each transfer at the provider, newest first, less its reversals."""
    return [one["amount"] - one["amount_reversed"] for one in online.account.every("transfer")]


@pytest.fixture
def indebted(online: Online, paid: Pay, partner: Partner, staff: User, clock: Clock) -> Payment:
    """A fare of $10 that is refunded after its share of $8 has left the partner's account."""
    fare = paid()
    bank_all(online, partner)
    give_back(online, fare, 1000, staff, clock)
    give_up(online, clock)
    row = Reversal.objects.get()
    assert (row.status, row.failure, row.debt) == (TransferStatus.FAILED, "refused: balance_insufficient", 800)
    return fare


def test_the_next_payouts_are_kept_for_a_debt(
    online: Online, indebted: Payment, paid: Pay, partner: Partner, clock: Clock
) -> None:
    assert ledger.owed_to(partner, "usd") == -800
    assert "partners_owe_nothing" in findings(clock)
    paid(minutes=4)
    assert (sent(online), ledger.owed_to(partner, "usd")) == ([800], 0)
    assert (Reversal.objects.get().debt, findings(clock)) == (0, [])
    shown = statement_of(partner, period_of(f"{clock.now:%Y}", zone_of(partner)), "usd", now=clock.now)
    assert (shown.closing, shown.parts.paid_out, shown.kept_for_debts) == (0, 800, 800)
    paid(minutes=4)
    assert (sent(online), ledger.owed_to(partner, "usd")) == ([800, 800], 0)
    assert findings(clock, VIOLATION) == []


def test_a_debt_takes_only_its_part(
    online: Online, indebted: Payment, paid: Pay, partner: Partner, clock: Clock
) -> None:
    second = paid(minutes=9)  # two increments: a share of $16
    rows = [(row.amount, row.status) for row in Transfer.objects.filter(payment=second).order_by("pk")]
    assert rows == [(800, TransferStatus.NETTED), (800, TransferStatus.SUCCEEDED)]
    assert (sent(online), ledger.owed_to(partner, "usd"), findings(clock)) == ([800, 800], 0, [])


def test_the_refund_of_what_was_kept_makes_the_debt_due_again(
    online: Online, indebted: Payment, paid: Pay, partner: Partner, staff: User, clock: Clock
) -> None:
    second = paid()
    give_back(online, second, 500, staff, clock)
    assert (Reversal.objects.get().debt, ledger.owed_to(partner, "usd")) == (400, -400)
    assert findings(clock, VIOLATION) == []


def test_a_refund_that_the_bank_returns_pays_the_debt(
    online: Online, indebted: Payment, partner: Partner, clock: Clock
) -> None:
    online.account.fail_refund(online.account.every("refund")[0]["id"])
    online.deliver()
    online.work()
    assert (Reversal.objects.get().debt, ledger.owed_to(partner, "usd"), sent(online)) == (0, 0, [800])
    assert findings(clock) == []


def test_staff_see_the_debt(indebted: Payment, staff: User) -> None:
    shown = desk_of(staff).get(url_of(Reversal, "changelist"), {"status__exact": "failed"}).content.decode()
    assert "balance_insufficient" in shown


# ---------------------------------------------------------------- where the money comes from


def test_a_share_is_paid_from_the_money_of_its_charge_before_that_is_available(
    online: Online, paid: Pay, partner: Partner
) -> None:
    fare = paid()
    [transfer] = online.account.every("transfer")
    [charge] = [one for one in online.account.every("charge") if one["captured"]]
    assert transfer["source_transaction"] == charge["id"]
    assert (online.account.available(), online.account.before_fees()) == (0, fare.amount - 800)


def test_a_share_of_several_charges_is_drawn_from_each(online: Online, paid: Pay, partner: Partner) -> None:
    set_region(hold_amount=1500, holds_max=1)
    fare = paid(minutes=14)  # $30: a hold of $15 and a charge of $15; a share of $24
    assert [row.amount for row in Transfer.objects.filter(payment=fare).order_by("pk")] == [1500, 900]
    sources = {one["source_transaction"] for one in online.account.every("transfer")}
    assert len(sources - {None}) == 2
    assert ledger.owed_to(partner, "usd") == 0


def test_what_a_charge_has_no_room_for_waits_for_our_balance(
    online: Online, paid: Pay, partner: Partner, staff: User, clock: Clock
) -> None:
    fare = paid()
    for _ in range(2):
        give_back(online, fare, 500, staff, clock)
        online.account.fail_refund(online.account.every("refund")[0]["id"])
        online.deliver()
        online.work()
    sources: list[Any] = [row.attempt_id for row in Transfer.objects.order_by("pk")]
    assert None in sources
    later(clock, days=4)
    online.work()
    assert (sum(sent(online)), ledger.owed_to(partner, "usd"), findings(clock)) == (800, 0, [])
