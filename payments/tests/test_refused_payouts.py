"""Payouts that the provider refuses: tried again while our balance may be the reason, then left to staff."""

import pytest
from pytest_django import Settings

from accounts.models import Partner, User
from backoffice.tests.desk import desk_of, page_of, refusals, take, told
from ops.audit import all_checks
from payments.books import ledger
from payments.books.refunds import refund
from payments.models import Payment, Reversal, Transfer
from payments.provider import accounts, payouts
from payments.states import TransferStatus
from regions.models import Region
from tests.cast import Clock, fresh, unchanged
from tests.online import Online, later
from tests.online_scenes import charged, fare_of

REASON = "refused: insufficient_capabilities_for_transfer"


@pytest.fixture
def fare(online: Online, user: User, partner: Partner, nyc: Region, settings: Settings, clock: Clock) -> Payment:
    """A paid fare of $10 whose transfer is planned; the provider has closed the partner's account meanwhile."""
    settings.STRIPE_CONNECT = True
    online.save_card(user)
    ride = charged(online, user, nyc, clock)
    accounts.onboarding_url(partner, return_url="http://testserver/", now=clock.now)
    online.account.finish_onboarding(partner.payout_account.reference)
    accounts.apply_account(online.account.find("account", partner.payout_account.reference), now=clock.now)
    online.account.find("account", partner.payout_account.reference)["capabilities"] = {"transfers": "inactive"}
    return fare_of(ride)


def open_again(online: Online, partner: Partner) -> None:
    online.account.find("account", partner.payout_account.reference)["capabilities"] = {"transfers": "active"}


def give_up(online: Online, clock: Clock) -> Transfer:
    """Let every wait pass; returns the transfer."""
    online.work()
    for wait in payouts.REFUSED_WAITS:
        clock.now += wait
        online.work()
    return Transfer.objects.order_by("created_at", "pk")[0]


def odd(clock: Clock) -> set[str]:
    return {check.name for check in all_checks() if check.look(clock.now).wrong}


def test_it_is_tried_again_and_paid_once(online: Online, fare: Payment, partner: Partner, clock: Clock) -> None:
    for _ in range(3):
        online.work()
        assert Transfer.objects.get().status == TransferStatus.PLANNED
        later(clock, days=4)
    open_again(online, partner)
    online.work()
    assert (Transfer.objects.get().status, ledger.owed_to(partner, "usd")) == (TransferStatus.SUCCEEDED, 0)
    assert len(online.account.every("transfer")) == 1


def test_it_fails_in_the_end_with_its_reason(
    online: Online, fare: Payment, partner: Partner, staff: User, clock: Clock
) -> None:
    transfer = give_up(online, clock)
    assert (transfer.status, transfer.failure, transfer.next_step_at) == (TransferStatus.FAILED, REASON, None)
    assert [step.reason for step in transfer.transitions.filter(new="failed")] == [REASON]
    assert ledger.owed_to(partner, "usd") == 800
    assert "payouts_need_nobody" in odd(clock)
    open_again(online, partner)
    later(clock, days=1)
    online.work()  # the account is looked at daily
    with unchanged():
        online.work()
    assert (fresh(transfer).status, len(online.account.every("transfer"))) == (TransferStatus.FAILED, 0)
    assert REASON in desk_of(staff).get(page_of(transfer)).content.decode()


def test_a_refund_takes_nothing_back_of_it(
    online: Online, fare: Payment, partner: Partner, staff: User, clock: Clock
) -> None:
    give_up(online, clock)
    refund(fare, amount=500, reason="too quiet", actor=staff, now=clock.now)
    online.work()
    assert not Reversal.objects.exists()
    assert ledger.owed_to(partner, "usd") == 400


def test_a_reversal_planned_before_fails_with_it(
    online: Online, fare: Payment, partner: Partner, staff: User, clock: Clock
) -> None:
    refund(fare, amount=500, reason="too quiet", actor=staff, now=clock.now)
    give_up(online, clock)
    later(clock, minutes=20)
    online.work()
    reversal = Reversal.objects.get()
    assert (reversal.status, reversal.failure) == (TransferStatus.FAILED, "its transfer has failed")
    assert fresh(reversal).next_step_at is None
    assert not online.account.every("transfer_reversal")
    assert ledger.owed_to(partner, "usd") == 400


def test_a_refusal_says_that_the_account_is_not_ready(online: Online, fare: Payment, partner: Partner) -> None:
    online.work()
    row = Transfer.objects.get()
    assert (row.status, row.failure, row.refusals) == (TransferStatus.PLANNED, REASON, 1)
    assert not fresh(partner.payout_account).ready


def test_once_the_account_is_ready_it_is_tried_immediately(
    online: Online, fare: Payment, partner: Partner, clock: Clock
) -> None:
    online.work()
    open_again(online, partner)
    accounts.apply_account(online.account.find("account", partner.payout_account.reference), now=clock.now)
    online.work()
    assert Transfer.objects.get().status == TransferStatus.SUCCEEDED


def test_staff_have_it_paid_again_once(
    online: Online, fare: Payment, partner: Partner, staff: User, clock: Clock
) -> None:
    transfer = give_up(online, clock)
    open_again(online, partner)
    later(clock, days=1)
    online.work()
    assert Transfer.objects.count() == 1  # not by itself: staff may have paid by hand
    refund(fresh(fare), amount=500, reason="too quiet", actor=staff, now=clock.now)
    online.work()
    assert told(take(desk_of(staff), transfer, "again")) == [("success", "Pay again: done.")]
    online.work()
    assert [(row.amount, row.status) for row in Transfer.objects.order_by("pk")] == [
        (800, "failed"),
        (400, "succeeded"),
    ]
    assert ledger.owed_to(partner, "usd") == 0
    assert "payouts_need_nobody" not in odd(clock)
    with unchanged():
        assert refusals(take(desk_of(staff), transfer, "again")) != []
    assert Transfer.objects.count() == 2
