"""Disputes: the books follow the money that the provider moves, whatever their status and whichever event is lost."""

import pytest
from pytest_django import Settings

from accounts.models import Partner, User
from backoffice.tests.desk import desk_of, url_of
from core.errors import Conflict
from payments.books import ledger, payout_holds
from payments.books.disputes import apply_dispute
from payments.books.refunds import refund, refundable
from payments.models import Dispute, Entry, Payment, PayoutHold, Reversal, Transfer
from payments.provider import gateway, parameters
from payments.tests.dispute_scenes import FEE, books, broken, hear, odd, open_dispute, paid, paid_out
from tests.cast import Clock, fresh, unchanged
from tests.online import Online, later

__all__ = ["paid", "paid_out"]


# ---------------------------------------------------------------- what moves money


def test_an_inquiry_moves_nothing(online: Online, paid: Payment, clock: Clock) -> None:
    inquiry = open_dispute(online, paid, inquiry=True)
    hear(online, twice=True)
    assert Dispute.objects.get().status == "warning_needs_response"
    assert books() == {"provider": 1000} == {"provider": online.account.before_fees()}
    assert refundable(paid) == 1000
    online.account.close_inquiry(inquiry)
    hear(online, twice=True)
    assert books() == {"provider": 1000}
    assert fresh(Dispute.objects.get()).closed_at == clock.now
    assert not Entry.objects.filter(source__startswith=inquiry).exists()


def test_an_inquiry_that_becomes_a_chargeback_withdraws_amount_and_fee(
    online: Online, paid: Payment, clock: Clock
) -> None:
    inquiry = open_dispute(online, paid, inquiry=True)
    hear(online)
    online.account.escalate_inquiry(inquiry)
    hear(online, twice=True)
    assert books() == {"provider": -FEE, "disputed": 1000, "fees": FEE}
    assert ledger.balance("provider") == online.account.before_fees()
    assert broken(clock) == []


@pytest.mark.parametrize(
    ("won", "left"),
    [
        (True, {"provider": 1000 - FEE, "fees": FEE}),
        (False, {"provider": -FEE, "written_off": 1000, "fees": FEE}),
    ],
)
def test_a_decision_returns_the_money_or_writes_it_off(
    online: Online, paid: Payment, clock: Clock, won: bool, left: dict[str, int]
) -> None:
    dispute = open_dispute(online, paid)
    hear(online, twice=True)
    assert books() == {"provider": -FEE, "disputed": 1000, "fees": FEE}
    online.account.close_dispute(dispute, won=won)
    hear(online, twice=True)
    assert books() == left
    assert ledger.balance("provider") == online.account.before_fees()
    assert broken(clock) == []


def test_a_part_of_a_payment_is_lost(online: Online, paid: Payment, settings: Settings, partner: Partner) -> None:
    settings.DISPUTES_BORNE_BY = "partner"
    dispute = open_dispute(online, paid, amount=333)
    hear(online)
    online.account.close_dispute(dispute, won=False)
    hear(online)
    assert books() == {"provider": 1000 - 333 - FEE, "written_off": 333, "fees": FEE}
    assert ledger.owed_to(partner, "usd") == 800 - 266


def test_a_prevented_dispute_is_closed_and_moves_nothing(online: Online, paid: Payment, clock: Clock) -> None:
    dispute = open_dispute(online, paid, inquiry=True)
    online.account.prevent_dispute(dispute)
    hear(online)
    assert (Dispute.objects.get().status, Dispute.objects.get().closed_at) == ("prevented", clock.now)
    assert books() == {"provider": 1000}
    assert broken(clock) == []


@pytest.mark.parametrize("borne_by", ["us", "partner"])
@pytest.mark.parametrize("shuffled", [False, True])
def test_a_loss_is_appealed_and_won(
    online: Online, paid: Payment, partner: Partner, settings: Settings, clock: Clock, borne_by: str, shuffled: bool
) -> None:
    settings.DISPUTES_BORNE_BY = borne_by
    dispute = open_dispute(online, paid)
    online.account.close_dispute(dispute, won=False)
    if not shuffled:
        hear(online)
        assert books() == {"provider": -FEE, "written_off": 1000, "fees": FEE}
        assert ledger.owed_to(partner, "usd") == (0 if borne_by == "partner" else 800)
    online.account.appeal_dispute(dispute)
    hear(online, twice=True)
    assert Dispute.objects.get().closed_at is None
    assert books() == {"provider": -FEE, "disputed": 1000, "fees": FEE}
    assert ledger.owed_to(partner, "usd") == 800
    online.account.close_dispute(dispute, won=True)
    hear(online, twice=True)
    assert books() == {"provider": 1000 - FEE, "fees": FEE}
    assert (ledger.owed_to(partner, "usd"), ledger.balance("provider")) == (800, online.account.before_fees())
    assert broken(clock) == []


def test_a_status_of_tomorrow_is_stored_and_shown(online: Online, paid: Payment, staff: User, clock: Clock) -> None:
    dispute = open_dispute(online, paid)
    online.account.find("dispute", dispute)["status"] = "pre_arbitration"
    hear(online)
    assert Dispute.objects.get().status == "pre_arbitration"
    assert books()["disputed"] == 1000
    assert "disputes_have_known_statuses" in odd(clock)
    assert "pre_arbitration" in desk_of(staff).get(url_of(Dispute, "changelist")).content.decode()
    with pytest.raises(Conflict):
        refund(paid, amount=1, reason="x", actor=staff, now=clock.now)


def test_an_answer_that_comes_late_changes_nothing_back(online: Online, paid: Payment, clock: Clock) -> None:
    dispute = open_dispute(online, paid)
    early, asked = gateway.gateway().dispute(dispute), clock.now
    online.account.close_dispute(dispute, won=True)
    later(clock, seconds=1)
    hear(online)
    with unchanged():
        assert not apply_dispute(early, now=asked)


# ---------------------------------------------------------------- who bears it


def test_a_partner_who_bears_it_gives_the_transfer_back(
    online: Online, paid_out: Transfer, paid: Payment, partner: Partner, settings: Settings, clock: Clock
) -> None:
    settings.DISPUTES_BORNE_BY = "partner"
    online.account.dispute_fee = 100  # our balance covers the transfer
    dispute = open_dispute(online, paid)
    hear(online)
    assert not Reversal.objects.exists()
    online.account.close_dispute(dispute, won=False)
    hear(online, twice=True)
    assert (Reversal.objects.get().amount, Reversal.objects.get().status) == (800, "succeeded")
    assert ledger.owed_to(partner, "usd") == 0
    online.account.appeal_dispute(dispute)
    hear(online)
    assert Transfer.objects.count() == 1  # nothing is paid again before the bank has decided
    later(clock, days=4)
    online.account.close_dispute(dispute, won=True)
    hear(online, twice=True)
    later(clock, days=3)  # what was given back is available by then
    online.work()
    assert sorted(Transfer.objects.values_list("amount", "reversed_amount", "status")) == [
        (200, 0, "succeeded"),  # as far as the charge has room: the provider counts the first transfer in full
        (600, 0, "succeeded"),  # from our balance
        (800, 800, "succeeded"),
    ]
    assert (ledger.owed_to(partner, "usd"), ledger.balance("provider")) == (0, online.account.before_fees())
    assert broken(clock) == []


def test_a_loss_that_we_bear_leaves_the_partner_their_share(
    online: Online, paid_out: Transfer, paid: Payment, partner: Partner, clock: Clock
) -> None:
    dispute = open_dispute(online, paid)
    online.account.close_dispute(dispute, won=False)
    hear(online)
    assert not Reversal.objects.exists()
    assert (ledger.owed_to(partner, "usd"), books()["written_off"]) == (0, 1000)
    assert broken(clock) == []


def test_a_payout_waits_until_the_bank_has_decided(
    online: Online, paid: Payment, partner: Partner, staff: User, settings: Settings, clock: Clock
) -> None:
    settings.STRIPE_CONNECT = True
    online.account.dispute_fee = 200
    dispute = open_dispute(online, paid)
    hear(online)
    online.connect(partner)
    hold = PayoutHold.objects.get()
    assert (hold.status, hold.reasons, Transfer.objects.count()) == ("held", ["payment_disputed"], 0)
    with unchanged(), pytest.raises(Conflict) as refused:
        payout_holds.release(hold, actor=staff, now=clock.now)
    assert refused.value.code == "payment_disputed"
    online.account.close_dispute(dispute, won=True)
    hear(online)
    payout_holds.sweep_payout_holds(clock.now)
    online.work()
    assert Transfer.objects.get().status == "succeeded"


# ---------------------------------------------------------------- refunds


@pytest.mark.parametrize("decided", ["open", "lost"])
def test_what_a_bank_has_charged_back_is_not_given_back_again(
    online: Online, paid: Payment, staff: User, clock: Clock, decided: str
) -> None:
    dispute = open_dispute(online, paid)
    if decided == "lost":
        online.account.close_dispute(dispute, won=False)
    hear(online)
    assert refundable(paid) == 0
    with unchanged(), pytest.raises(Conflict) as refused:
        refund(paid, amount=1000, reason="too quiet", actor=staff, now=clock.now)
    assert refused.value.code == "payment_disputed"
    what = parameters.of_refund(intent=paid.third_party_reference_id, amount=1, metadata={})
    with pytest.raises(gateway.Refused, match="charge_disputed"):  # and the provider would not
        gateway.gateway().refund("r", what)


def test_a_refund_under_way_fails_if_the_dispute_was_first(
    online: Online, paid: Payment, staff: User, partner: Partner, clock: Clock
) -> None:
    refund(paid, amount=1000, reason="too quiet", actor=staff, now=clock.now)
    dispute = open_dispute(online, paid)
    online.work()
    assert (fresh(paid).status, fresh(paid).refunded_amount) == ("paid", 0)
    online.account.close_dispute(dispute, won=True)
    hear(online)
    refund(paid, amount=1000, reason="too quiet", actor=staff, now=clock.now)
    online.work()
    assert (fresh(paid).status, ledger.owed_to(partner, "usd")) == ("refunded", 0)
    assert ledger.balance("provider") == online.account.before_fees() == -FEE
    assert broken(clock) == []
