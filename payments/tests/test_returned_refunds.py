"""A refund that a bank returns, with the partner paid by the provider: the next refund works like the first."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import Partner, User
from backoffice.audit import VIOLATION
from payments import reconciling_audit
from payments.audit import CHECKS
from payments.books import ledger
from payments.books.refunds import refund
from payments.models import Payment, Refund, Reversal, Transfer
from payments.operations import Operation
from payments.provider import movements
from payments.provider.reconcile import reconcile
from payments.provider.steps import STEPS, execute
from payments.states import PaymentStatus, RefundStatus, TransferStatus
from regions.models import Region
from tests.cast import Clock, fresh
from tests.online import Online, later
from tests.online_scenes import charged, fare_of


@pytest.fixture
def paid(online: Online, user: User, partner: Partner, nyc: Region, settings: Settings, clock: Clock) -> Payment:
    """A fare of $10 of which the partner has been paid $8."""
    settings.STRIPE_CONNECT = True
    online.save_card(user)
    online.connect(partner)
    fare = fare_of(charged(online, user, nyc, clock))
    online.work()
    assert Transfer.objects.get().status == TransferStatus.SUCCEEDED
    return fare


def give_back(online: Online, payment: Payment, amount: int, staff: User, clock: Clock) -> None:
    refund(fresh(payment), amount=amount, reason="sorry", actor=staff, now=clock.now)
    online.work()


def bank_returns(online: Online, clock: Clock) -> None:
    """The newest refund comes back, some days later."""
    later(clock, days=4)
    online.account.fail_refund(online.account.every("refund")[0]["id"])
    online.deliver()
    online.work()


def broken(clock: Clock) -> list[str]:
    promised = [*CHECKS, *reconciling_audit.CHECKS]
    return [check.name for check in promised if check.kind == VIOLATION and check.look(clock.now).wrong]


def paid_out(online: Online) -> int:
    """The minor units that the provider has paid the partner and not taken back."""
    return sum(one["amount"] - one["amount_reversed"] for one in online.account.every("transfer"))


@pytest.mark.parametrize("times", [1, 2])
def test_a_refund_after_one_that_the_bank_returned_takes_the_share_back(
    online: Online, paid: Payment, staff: User, partner: Partner, clock: Clock, times: int
) -> None:
    for _ in range(times):
        give_back(online, paid, 500, staff, clock)
        bank_returns(online, clock)
        assert (paid_out(online), ledger.owed_to(partner, "usd")) == (800, 0)
    give_back(online, paid, 1000, staff, clock)
    assert (fresh(paid).status, fresh(paid).refunded_amount) == (PaymentStatus.REFUNDED, 1000)
    assert not Refund.objects.filter(status=RefundStatus.PLANNED).exists()
    assert (paid_out(online), ledger.owed_to(partner, "usd")) == (0, 0)
    assert online.account.before_fees() == ledger.balance("provider") == 0
    assert reconcile(paid.created_at, now=clock.now).differences == []
    assert broken(clock) == []


def test_a_share_given_again_is_paid_by_further_transfers(
    online: Online, paid: Payment, staff: User, clock: Clock
) -> None:
    give_back(online, paid, 500, staff, clock)
    bank_returns(online, clock)
    assert [row.amount for row in Transfer.objects.order_by("created_at", "pk")] == [800, 200, 200]
    assert len({row.key for row in Transfer.objects.all()}) == 3
    give_back(online, paid, 900, staff, clock)
    taken_back = sorted(Reversal.objects.values_list("amount", flat=True))
    assert (sum(taken_back), paid_out(online)) == (400 + 720, 80)


def test_a_payout_that_is_still_planned_counts(online: Online, paid: Payment, staff: User, clock: Clock) -> None:
    give_back(online, paid, 500, staff, clock)
    later(clock, days=4)
    online.account.fail_refund(online.account.every("refund")[0]["id"])
    online.deliver()
    online.fail("rate_limited")
    online.run_operations()
    give_back(online, paid, 1000, staff, clock)
    later(clock, minutes=20)
    online.work()
    assert paid_out(online) == 0
    assert not Reversal.objects.exclude(status=TransferStatus.SUCCEEDED).exists()


# ---------------------------------------------------------------- what can't be done ends, and is seen


def test_a_step_that_breaks_is_tried_ever_more_seldom(
    online: Online, paid: Payment, staff: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    refund(fresh(paid), amount=500, reason="sorry", actor=staff, now=clock.now)
    row = Refund.objects.get()

    def breaks(pk: Any) -> None:
        raise ArithmeticError

    monkeypatch.setitem(STEPS, Operation.REFUND, breaks)
    waits = []
    for _ in range(4):
        with pytest.raises(ArithmeticError):
            execute(Operation.REFUND, row.pk)
        due = fresh(row).next_step_at
        waits.append(due - clock.now)
        clock.now = due
    assert waits == [timedelta(seconds=2 * 2**n) for n in range(4)]


@pytest.mark.parametrize("model", [Refund, Transfer, Reversal])
def test_the_audit_finds_what_has_been_planned_for_an_hour(
    online: Online, paid: Payment, staff: User, clock: Clock, model: Any
) -> None:
    give_back(online, paid, 500, staff, clock)

    def found() -> bool:
        return any(check.name == "operations_come_to_an_end" and check.look(clock.now).wrong for check in CHECKS)

    row = model.objects.all()[:1].get()
    model.objects.filter(pk=row.pk).update(status="planned", next_step_at=clock.now)
    assert not found()
    later(clock, minutes=61)
    model.objects.filter(pk=row.pk).update(next_step_at=clock.now)  # the loop keeps moving it
    assert found()


def test_one_object_that_breaks_the_books_does_not_stop_the_comparison(
    online: Online, paid: Payment, staff: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_back(online, paid, 300, staff, clock)
    give_back(online, paid, 200, staff, clock)
    newest, older = online.account.every("refund")
    for one in (newest, older):
        online.account.fail_refund(one["id"])
    apply = movements.apply_refund

    def breaks(answer: dict[str, Any], *, now: Any) -> bool:
        if answer["id"] == newest["id"]:
            raise ArithmeticError
        return apply(answer, now=now)

    monkeypatch.setattr(movements, "apply_refund", breaks)
    run = reconcile(paid.created_at, now=clock.now)
    assert run.finished_at is not None
    assert run.differences == [f"{newest['id']}: it could not be applied (ArithmeticError)"]
    assert run.repaired == [f"{older['id']} is failed"]


@pytest.mark.parametrize("heard_by", ["reconciling", "event"])
def test_one_that_the_bank_returns_before_we_have_heard_that_it_was_made(
    online: Online, paid: Payment, staff: User, partner: Partner, clock: Clock, heard_by: str
) -> None:
    refund(fresh(paid), amount=500, reason="sorry", actor=staff, now=clock.now)
    online.fail("lost_reply")
    online.run_operations()
    online.account.fail_refund(online.account.every("refund")[0]["id"])
    assert Refund.objects.get().status == RefundStatus.PLANNED
    if heard_by == "event":
        online.deliver()
        online.work()
    assert reconcile(paid.created_at, now=clock.now).differences == []
    assert (Refund.objects.get().status, fresh(paid).refunded_amount) == (RefundStatus.FAILED, 0)
    assert broken(clock) == []
    online.work()
    assert (fresh(paid).status, paid_out(online), ledger.owed_to(partner, "usd")) == (PaymentStatus.PAID, 800, 0)
    give_back(online, paid, 1000, staff, clock)
    assert (fresh(paid).status, fresh(paid).refunded_amount, paid_out(online)) == (PaymentStatus.REFUNDED, 1000, 0)
    assert broken(clock) == []
