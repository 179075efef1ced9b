"""Money that moved behind our back, planted in the data: it is followed, or found by the comparison or the audit."""

from typing import Any

import pytest

from accounts.models import Partner, User
from ops.audit import all_checks
from payments.books import ledger
from payments.books.payouts import plan_again
from payments.books.refunds import refund
from payments.models import Attempt, Payment, Refund, Reversal, Transfer
from payments.states import PaymentStatus, RefundStatus, TransferStatus
from payments.tests.reconciling_scenes import paid, read
from tests.cast import Clock, fresh
from tests.online import Online, later

__all__ = ["paid"]
pytestmark = pytest.mark.django_db


def audited(clock: Clock) -> list[str]:
    return [check.name for check in all_checks() if check.look(clock.now).wrong]


def agree(online: Online) -> None:
    assert ledger.balance("provider") == online.account.balance()


# ---------------------------------------------------------------- refunds


def test_a_refund_that_was_given_and_never_booked(online: Online, paid: Payment, staff: User, clock: Clock) -> None:
    refund(paid, amount=1000, reason="sorry", actor=staff, now=clock.now)
    online.fail("lost_reply")
    online.run_operations()
    online.events.clear()
    later(clock, hours=2)
    assert "operations_come_to_an_end" in audited(clock)
    assert read(clock).repaired == [f"{online.account.every('refund')[0]['id']} is succeeded"]
    assert fresh(paid).status == PaymentStatus.REFUNDED
    online.work()
    assert read(clock).differences == []
    agree(online)


def test_a_refund_that_was_given_twice(online: Online, paid: Payment, staff: User, clock: Clock) -> None:
    refund(paid, amount=300, reason="sorry", actor=staff, now=clock.now)
    online.work()
    first = Refund.objects.get()
    twin = {"payment_intent": paid.third_party_reference_id, "amount": "300", "metadata": {"key": f"{first.key}~2"}}
    second = online.account.create_refund(twin)
    assert read(clock).differences == [f"{second['id']}: it was made beside {first.reference}"]


def test_a_refund_of_another_amount(online: Online, paid: Payment, staff: User, clock: Clock) -> None:
    refund(paid, amount=400, reason="sorry", actor=staff, now=clock.now)
    online.fail("lost_reply")
    online.run_operations()
    [theirs] = online.account.every("refund")
    theirs["amount"] = 800
    online.deliver()
    online.work()
    assert Refund.objects.get().status == RefundStatus.ATTENTION
    assert read(clock).differences == [f"{theirs['id']}: it gave back 800, and we know of 400"]
    assert "refunds_need_nobody" in audited(clock)


@pytest.mark.parametrize("news", ["event", "comparison", "both"])
def test_a_refund_made_in_the_dashboard_is_followed(
    online: Online, paid: Payment, partner: Partner, clock: Clock, news: str
) -> None:
    online.account.create_refund({"payment_intent": paid.third_party_reference_id, "amount": "500"})
    if news != "comparison":
        online.deliver(twice=True)
    if news != "event":
        read(clock)
    online.work()
    row = Refund.objects.get()
    assert (row.amount, row.status, row.actor) == (500, "succeeded", None)
    assert (fresh(paid).status, fresh(paid).refunded_amount) == (PaymentStatus.PARTIALLY_REFUNDED, 500)
    assert (ledger.owed_to(partner, "usd"), Transfer.objects.get().reversed_amount) == (0, 400)
    assert read(clock).differences == []
    agree(online)


# ---------------------------------------------------------------- charges


def test_a_charge_that_was_made_twice(online: Online, paid: Payment, clock: Clock) -> None:
    attempt, known = Attempt.objects.get(), online.intents()[0]
    setup = {"customer": known["customer"], "payment_method": known["payment_method"], "confirm": "true"}
    twin = online.account.create_payment_intent({**setup, "amount": "1000", "metadata": {"key": f"{attempt.key}~2"}})
    for days in (0, 4):
        later(clock, days=days)
        assert read(clock).differences == [f"{twin['id']}: no row of ours knows it"]
    assert "differences_need_nobody" in audited(clock)


def test_a_charge_that_counts_as_declined(online: Online, paid: Payment, clock: Clock) -> None:
    Transfer.objects.all().delete()
    attempt = Attempt.objects.get()
    Attempt.objects.filter(pk=attempt.pk).update(status="declined")
    assert f"{attempt.reference}: it took 1000, and ours is declined" in read(clock).differences


# ---------------------------------------------------------------- payouts


def test_a_transfer_that_was_made_twice(online: Online, paid: Payment, clock: Clock) -> None:
    [first] = online.account.every("transfer")
    online.account.settle_refunds()
    later(clock, days=3)
    online.account.charge_fee(-1000)  # the balance covers another
    again = {**first, "amount": "800", "metadata": {"key": f"{Transfer.objects.get().key}~2"}}
    again.pop("source_transaction")
    twin = online.account.create_transfer(again)
    assert read(clock).differences == [f"{twin['id']}: it was made beside {first['id']}"]


@pytest.mark.parametrize("news", ["event", "comparison", "both"])
def test_a_reversal_made_in_the_dashboard_is_followed_and_waits_for_staff(
    online: Online, paid: Payment, partner: Partner, staff: User, clock: Clock, news: str
) -> None:
    [transfer] = online.account.every("transfer")
    online.account.reverse_transfer(transfer["id"], {"amount": "200"})
    if news != "comparison":
        online.deliver(twice=True)
        online.work()
    if news != "event":
        assert len(read(clock).repaired) == (news == "comparison")
    row = Reversal.objects.get()
    assert (row.amount, row.status, row.made_elsewhere) == (200, "succeeded", True)
    assert (ledger.owed_to(partner, "usd"), Transfer.objects.get().reversed_amount) == (200, 200)
    online.connect(partner)  # what makes payouts due pays nothing that staff have not seen to
    assert Transfer.objects.count() == 1
    assert "payouts_need_nobody" in audited(clock)
    plan_again(Transfer.objects.get(), actor=staff, now=clock.now)
    online.work()
    assert (ledger.owed_to(partner, "usd"), Transfer.objects.count()) == (0, 2)
    assert read(clock).differences == []
    agree(online)


def test_a_reversal_of_ours_that_fails_is_a_debt_that_is_seen(
    online: Online, paid: Payment, partner: Partner, staff: User, clock: Clock
) -> None:
    account = str(online.account.every("account")[0]["id"])
    online.account.pay_out_to_bank(account, online.account.balance_of(account))
    refund(paid, amount=1000, reason="sorry", actor=staff, now=clock.now)
    for _ in range(9):
        online.work()
        later(clock, days=4)
    assert (Reversal.objects.get().status, Reversal.objects.get().debt) == (TransferStatus.FAILED, 800)
    assert ledger.owed_to(partner, "usd") == -800
    assert "partners_owe_nothing" in audited(clock)
    assert read(clock).differences == []


def test_a_transfer_that_is_refused_for_ever_is_seen(
    online: Online, paid: Payment, partner: Partner, clock: Clock
) -> None:
    row = Transfer.objects.get()
    Transfer.objects.filter(pk=row.pk).update(status="failed", failure="refused: account_closed")
    assert "payouts_need_nobody" in audited(clock)
    assert read(clock).differences == [f"{row.reference}: it moved 800, and ours is failed"]


def test_an_entry_without_a_movement(online: Online, paid: Payment, clock: Clock) -> None:
    moves: list[Any] = [one for one in online.account.every("balance_transaction") if one["type"] == "transfer"]
    del online.account.things[moves[0]["id"]]
    row = Transfer.objects.get()
    assert read(clock).differences == [f"{row.pk}: the provider has not moved what is booked as paid_out"]
