"""The ledger and our balance with the provider are the same: fees, payouts to our bank, and whatever else moves it."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from payments.books import ledger, movements
from payments.books.closing import close, month_after, month_of
from payments.models import BankPayout, Entry, Movement, Payment, Period
from payments.models.ledger import EntryKind
from payments.provider.gateway import StripeGateway
from payments.provider.movements import LOOKS
from payments.provider.reconcile import reconcile
from payments.states import AttemptKind
from payments.tests.reconciling_scenes import FEE, broken, paid, read
from tests.cast import Clock
from tests.online import Online, later

__all__ = ["paid"]
pytestmark = pytest.mark.django_db


# ---------------------------------------------------------------- fees, and payouts to our bank


def test_fees_are_booked_once_and_both_sides_have_the_same_balance(online: Online, paid: Payment, clock: Clock) -> None:
    online.account.charge_fee(25)
    assert read(clock).differences == []
    assert ledger.balance("fees") == FEE + 25
    assert ledger.balance("provider") == online.account.balance() == 1000 - FEE - 800 - 25
    assert paid.entries.get(kind=EntryKind.PROVIDER_FEE).amount == FEE
    before = (Movement.objects.count(), Entry.objects.count())
    read(clock)
    assert (Movement.objects.count(), Entry.objects.count(), broken(clock)) == (*before, [])


def test_a_payout_to_our_bank_is_matched_line_by_line(online: Online, paid: Payment, clock: Clock) -> None:
    later(clock, days=2)
    sent = online.account.pay_out()
    assert sent is not None
    read(clock)
    payout = BankPayout.objects.get()
    assert (payout.amount, payout.lines, payout.status) == (200 - FEE, 2, "in_transit")
    assert payout.matched_at is not None
    assert sorted(payout.movements.values_list("category", flat=True)) == ["charge", "transfer"]
    assert (ledger.balance("bank"), ledger.balance("provider")) == (200 - FEE, 0)
    online.account.end_payout(sent["id"], failure="account_closed")
    read(clock)
    assert (BankPayout.objects.get().status, ledger.balance("bank")) == ("failed", 0)
    assert (ledger.balance("provider"), broken(clock)) == (online.account.balance(), [])


def test_a_payout_whose_lines_do_not_add_up_is_a_difference_until_they_do(
    online: Online, paid: Payment, clock: Clock
) -> None:
    later(clock, days=2)
    sent = online.account.pay_out()
    assert sent is not None
    line = online.account.lines_of(sent["id"])[-1]
    withheld = online.account.paid_out.pop(line["id"])
    assert [about for about, _, text in [each.partition(": ") for each in read(clock).differences]] == [sent["id"]]
    later(clock, days=4)
    assert broken(clock) == ["differences_need_nobody", "bank_payouts_are_matched"]
    online.account.paid_out[line["id"]] = withheld
    assert read(clock).differences == []
    assert broken(clock) == []


def test_a_payout_that_can_not_be_read_hides_no_other(online: Online, paid: Payment, clock: Clock) -> None:
    later(clock, days=2)
    gone = online.account.pay_out()
    assert gone is not None
    gone["reconciliation_status"] = "in_progress"
    read(clock)
    online.account.charge_fee(-500)  # a correction in our favour
    online.account.pay_out()
    del online.account.things[gone["id"]]
    run = read(clock)
    assert run.differences == [f"{gone['id']}: it could not be matched (Refused)"]
    assert run.finished_at is not None
    assert BankPayout.objects.get(amount=500).matched_at is not None


@pytest.mark.parametrize("amount", [None, 100])
def test_a_payout_is_followed_until_it_has_arrived(
    online: Online, paid: Payment, clock: Clock, amount: int | None
) -> None:
    later(clock, days=2)
    sent = online.account.pay_out(amount=amount)
    assert sent is not None
    read(clock)
    assert BankPayout.objects.get().status == "in_transit"
    online.account.end_payout(sent["id"])
    read(clock)
    assert BankPayout.objects.get().status == "paid"


def test_a_payout_by_hand_has_no_lines(online: Online, paid: Payment, clock: Clock) -> None:
    later(clock, days=2)
    online.account.pay_out(amount=100)
    assert read(clock).differences == []
    assert (BankPayout.objects.get().automatic, ledger.balance("bank")) == (False, 100)


# ---------------------------------------------------------------- each has what the other has


def test_what_could_not_be_applied_at_first_is_booked_with_its_fee_when_it_can(
    online: Online, paid: Payment, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any) -> Any:
        raise ArithmeticError

    with monkeypatch.context() as patched:
        patched.setitem(LOOKS, "charge", breaks)
        run = read(clock)
    assert any("it could not be applied (ArithmeticError)" in line for line in run.differences)
    read(clock)
    assert read(clock).differences == []
    assert (ledger.balance("fees"), ledger.balance("provider")) == (FEE, online.account.balance())
    assert broken(clock) == []


def test_a_month_that_is_closed_while_the_comparison_runs_takes_nothing_of_it(
    online: Online, paid: Payment, staff: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    month = month_of(clock.now)
    clock.now = month_after(month) - timedelta(minutes=1)
    intent = online.intents()[0]
    online.account.open_dispute(intent["id"])
    listing = StripeGateway.movements

    def a_day_later(self: StripeGateway, since: Any, until: Any) -> Any:
        if not Period.objects.exists():
            later(clock, days=1)
            close(month, actor=staff, now=clock.now)
        return listing(self, since, until)

    monkeypatch.setattr(StripeGateway, "movements", a_day_later)
    run = reconcile(now=clock.now)
    assert (run.differences, run.finished_at) == ([], clock.now)
    assert ledger.balance("provider") == online.account.balance()
    kinds = Entry.objects.filter(at__gte=month_after(month)).values_list("kind", flat=True)
    assert set(kinds) == {"provider_fee", "disputed", "dispute_fee"}


@pytest.mark.parametrize("kind", movements.MOVED)
def test_an_entry_about_the_provider_that_it_knows_nothing_of_is_found(
    online: Online, paid: Payment, clock: Clock, kind: EntryKind
) -> None:
    ledger.book(kind, "planted", paid, 70, now=clock.now)
    ledger.book(kind, "in cash", paid, 70, now=clock.now, way=AttemptKind.CASH)
    assert read(clock).differences == [f"planted: the provider has not moved what is booked as {kind}"]


@pytest.mark.parametrize("kind", [EntryKind.DISPUTED, EntryKind.DISPUTE_FEE])
def test_a_dispute_that_is_booked_otherwise_than_it_moved_is_put_right(
    online: Online, paid: Payment, clock: Clock, kind: EntryKind
) -> None:
    dispute = online.account.open_dispute(online.intents()[0]["id"])
    read(clock)
    ledger.book(kind, f"{dispute['id']}:9", paid, 70, now=clock.now)
    assert read(clock).differences == []
    assert ledger.balance("provider") == online.account.balance()


@pytest.mark.parametrize("kind", ["provider_fee", "fee_given_back", "banked", "bank_returned"])
def test_a_fee_or_payout_that_never_was_is_found_by_the_audit(
    online: Online, paid: Payment, clock: Clock, kind: str
) -> None:
    read(clock)
    assert broken(clock) == []
    ledger.book_movement({EntryKind(kind): 70}, "txn_of_nobody", "usd", payment_id=None, now=clock.now)
    assert broken(clock) == ["what_movements_book_has_a_movement"]


def test_a_movement_that_its_dispute_does_not_list_is_told(online: Online, paid: Payment, clock: Clock) -> None:
    dispute = online.account.open_dispute(online.intents()[0]["id"])
    read(clock)
    online.account.move("adjustment", -300, "usd", source=dispute["id"], category="dispute")
    assert read(clock).differences == [f"{dispute['id']}: its dispute does not list it"]
