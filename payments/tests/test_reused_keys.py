"""A key that an earlier release has used with other parameters: its effect is looked for before anything else."""

from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import Partner, User
from backoffice.audit import VIOLATION
from core.errors import Conflict
from payments.audit import CHECKS
from payments.books import ledger
from payments.books.refunds import refund
from payments.models import Attempt, Hold, Refund, Reversal, Transfer
from payments.provider import parameters
from payments.provider.reconcile import reconcile
from payments.services import pay_now
from payments.states import AttemptStatus, HoldStatus, PaymentStatus, RefundStatus, TransferStatus
from regions.models import Region
from tests.cast import Clock, fresh
from tests.online import Online, later, set_region
from tests.online_scenes import book, charged, ended, fare_of


@pytest.fixture
def carded(online: Online, user: User) -> User:
    online.save_card(user)
    return user


@pytest.fixture
def connected(online: Online, partner: Partner, settings: Settings) -> None:
    settings.STRIPE_CONNECT = True
    online.connect(partner)


def settle(online: Online, clock: Clock) -> None:
    """Let the repetitions come."""
    for _ in range(4):
        later(clock, minutes=20)
        online.work()


def agree(online: Online, clock: Clock, since: Any) -> None:
    """Both sides tell the same, and the books are whole."""
    run = reconcile(since, now=clock.now)
    assert (run.differences, run.repaired) == ([], [])
    assert online.account.balance() == ledger.balance("provider")
    assert [check.name for check in CHECKS if check.kind == VIOLATION and check.look(clock.now).wrong] == []


def test_a_charge_under_a_reused_key_is_not_made_again(
    online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    set_region(hold_amount=0)
    fare = fare_of(ended(online, carded, nyc, clock))
    online.fail("other_parameters")
    online.run_operations()
    settle(online, clock)
    assert (fresh(fare).status, online.taken()) == (PaymentStatus.PAID, 1000)
    with pytest.raises(Conflict, match="already_paid"):
        pay_now(carded, fare.pk, now=clock.now)
    agree(online, clock, fare.created_at)


def test_a_hold_under_a_reused_key_is_found(online: Online, carded: User, clock: Clock) -> None:
    online.fail("other_parameters")
    book(online, carded)
    settle(online, clock)
    assert (Hold.objects.get().status, online.held()) == (HoldStatus.AUTHORIZED, 6000)


def test_a_capture_under_a_reused_key_is_found(
    online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    fare = fare_of(ended(online, carded, nyc, clock))
    online.fail("other_parameters")
    online.run_operations()
    settle(online, clock)
    assert (fresh(fare).status, Attempt.objects.get().status) == (PaymentStatus.PAID, AttemptStatus.SUCCEEDED)
    agree(online, clock, fare.created_at)


def test_a_refund_under_a_reused_key_is_not_given_twice(
    online: Online, carded: User, partner: Partner, nyc: Region, staff: User, clock: Clock
) -> None:
    fare = fare_of(charged(online, carded, nyc, clock))
    refund(fare, amount=400, reason="sorry", actor=staff, now=clock.now)
    online.fail("other_parameters")
    online.run_operations()
    settle(online, clock)
    assert Refund.objects.get().status == RefundStatus.SUCCEEDED
    assert (fresh(fare).refunded_amount, online.taken()) == (400, 600)
    agree(online, clock, fare.created_at)


def test_a_payout_under_a_reused_key_is_made_once_and_taken_back_once(
    online: Online, carded: User, connected: None, partner: Partner, nyc: Region, staff: User, clock: Clock
) -> None:
    fare = fare_of(ended(online, carded, nyc, clock))
    online.run_operations()
    online.fail("other_parameters")
    online.run_operations()
    settle(online, clock)
    assert Transfer.objects.get().status == TransferStatus.SUCCEEDED
    refund(fresh(fare), amount=500, reason="sorry", actor=staff, now=clock.now)
    online.run_operations()
    online.fail("other_parameters")
    online.run_operations()
    settle(online, clock)
    assert Reversal.objects.get().status == TransferStatus.SUCCEEDED
    [there] = online.account.every("transfer")
    assert (there["amount"], there["amount_reversed"], ledger.owed_to(partner, "usd")) == (800, 400, 0)
    agree(online, clock, fare.created_at)


def test_a_reused_key_without_an_effect_is_replaced(
    online: Online, carded: User, connected: None, partner: Partner, nyc: Region, clock: Clock
) -> None:
    account = online.account.find("account", partner.payout_account.reference)
    fare = fare_of(ended(online, carded, nyc, clock))
    online.run_operations()
    before = dict(account)
    account.update(payouts_enabled=False, capabilities={"transfers": "inactive"})
    online.fail("other_parameters")  # the earlier release was refused, and did not hear of it
    online.run_operations()
    account.update(before)
    settle(online, clock)
    row = Transfer.objects.get()
    assert (row.status, row.key) == (TransferStatus.SUCCEEDED, f"transfer:{fare.pk}~2")
    assert len(online.account.every("transfer")) == 1


def test_a_release_that_sends_other_parameters_repeats_those_of_the_first_call(
    online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_region(hold_amount=0)
    fare = fare_of(ended(online, carded, nyc, clock))
    online.fail("lost_reply")
    online.run_operations()
    attempt = Attempt.objects.get()
    of_intent = parameters.of_intent

    def of_next_release(**details: Any) -> dict[str, Any]:
        return {**of_intent(**details), "statement_descriptor_suffix": "CHEER"}

    monkeypatch.setattr(parameters, "of_intent", of_next_release)
    settle(online, clock)
    assert (fresh(fare).status, online.taken()) == (PaymentStatus.PAID, 1000)
    assert fresh(attempt).key == attempt.key
    assert "statement_descriptor_suffix" not in fresh(attempt).parameters


# ---------------------------------------------------------------- captures that are refused


@pytest.mark.parametrize("minutes", [4, 14])
def test_a_capture_that_is_declined_falls_back_to_the_card(
    online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock, minutes: int
) -> None:
    fare = fare_of(ended(online, carded, nyc, clock, minutes=minutes))
    online.fail("declined")
    online.run_operations()
    assert fresh(fare).status == PaymentStatus.PROCESSING  # the user isn't told that it has failed
    online.work()
    assert (fresh(fare).status, online.taken(), online.held()) == (PaymentStatus.PAID, fare.amount, 0)
    failed, charge = Attempt.objects.order_by("number")
    assert (failed.kind, failed.status, failed.failure) == ("capture", AttemptStatus.DECLINED, "generic_decline")
    assert (charge.kind, charge.status) == ("charge", AttemptStatus.SUCCEEDED)
    assert Hold.objects.get().status == HoldStatus.RELEASED
    agree(online, clock, fare.created_at)


def test_a_capture_that_the_provider_made_meanwhile_is_booked(
    online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    fare = fare_of(ended(online, carded, nyc, clock))
    reference = Hold.objects.get().reference
    online.account.capture_payment_intent(reference, {"amount_to_capture": str(fare.amount)})
    online.fail("declined")
    online.work()
    assert (fresh(fare).status, online.taken()) == (PaymentStatus.PAID, 1000)


def test_an_answer_that_changes_nothing_does_not_spin(
    online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    ended(online, carded, nyc, clock)
    reference = Hold.objects.get().reference
    online.account.capture_payment_intent(reference, {"amount_to_capture": "999"})  # somebody at the dashboard
    waits = []
    for _ in range(3):
        online.run_operations()
        due = Attempt.objects.get().next_step_at
        assert due is not None
        waits.append((due - clock.now).total_seconds())
        clock.now = due
    assert waits == [2, 4, 8]
