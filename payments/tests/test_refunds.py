"""Money given back, disputes, and what partners are paid."""

import pytest
from pytest_django import Settings

from accounts.models import Partner, User
from backoffice.audit import VIOLATION
from backoffice.tests.desk import desk_of, url_of
from core.errors import Conflict, Invalid
from payments.audit import CHECKS
from payments.books import ledger
from payments.books.periods import period_of
from payments.books.refunds import refund, refundable
from payments.books.statement import entries_of, lines_of, statement_of, zone_of
from payments.models import Dispute, Entry, Payment, Refund, Reversal, Transfer
from payments.provider import accounts
from payments.provider.reconcile import reconcile, reconcile_today
from payments.states import PaymentStatus
from regions.models import Region
from rides.evidence import evidence_of
from rides.models import Ride
from tests.cast import Clock, fresh, unchanged
from tests.online import Online, later, set_region
from tests.online_scenes import charged, fare_of
from tests.settling import settle_in_cash


@pytest.fixture
def paid(online: Online, user: User, partner: Partner, nyc: Region, clock: Clock) -> Payment:
    """A fare of $10, captured from a hold."""
    set_region(hold_amount=1500, holds_max=1)
    online.save_card(user)
    ride = charged(online, user, nyc, clock)
    return fare_of(ride)


def give_back(payment: Payment, amount: int, staff: User, clock: Clock) -> None:
    refund(payment, amount=amount, reason="too quiet", actor=staff, now=clock.now)


def test_a_part_then_the_rest(online: Online, paid: Payment, staff: User, partner: Partner, clock: Clock) -> None:
    give_back(paid, 333, staff, clock)
    online.work()
    assert (fresh(paid).status, fresh(paid).refunded_amount) == (PaymentStatus.PARTIALLY_REFUNDED, 333)
    assert ledger.owed_to(partner, "usd") == 800 - 266
    give_back(paid, 667, staff, clock)
    online.work()
    assert (fresh(paid).status, online.taken()) == (PaymentStatus.REFUNDED, 0)
    assert (ledger.owed_to(partner, "usd"), ledger.balance("provider"), ledger.balance("sales")) == (0, 0, 0)


@pytest.mark.parametrize("fault", ["lost_reply", "lost_request", "poisoned", "rate_limited", "broken"])
def test_once_whatever_happens(online: Online, paid: Payment, staff: User, clock: Clock, fault: str) -> None:
    give_back(paid, 400, staff, clock)
    online.fail(fault)
    online.work()
    later(clock, minutes=5)
    online.work()
    online.deliver(twice=True)
    online.work()
    assert (fresh(paid).refunded_amount, online.taken()) == (400, 600)
    assert Entry.objects.filter(kind="refunded").count() == 1


def test_never_more_than_was_taken(online: Online, paid: Payment, staff: User, clock: Clock) -> None:
    give_back(paid, 600, staff, clock)
    with unchanged(), pytest.raises(Conflict) as refused:  # also while the first is under way
        give_back(paid, 401, staff, clock)
    assert refused.value.code == "refund_too_large"
    with pytest.raises(Invalid):
        give_back(paid, 0, staff, clock)


def test_what_was_not_paid(completed: Ride, staff: User, clock: Clock) -> None:
    with pytest.raises(Conflict) as refused:
        give_back(fare_of(completed), 1, staff, clock)
    assert refused.value.code == "not_paid"


def test_cash_goes_back_in_cash(completed: Ride, staff: User, clock: Clock) -> None:
    settle_in_cash(fare_of(completed), actor=staff, now=clock.now)
    give_back(fare_of(completed), 1000, staff, clock)
    assert fare_of(completed).status == PaymentStatus.REFUNDED
    assert ledger.balance("cash") == 0


def test_what_the_provider_refuses_can_be_tried_again(online: Online, paid: Payment, staff: User, clock: Clock) -> None:
    online.account.create_refund({"payment_intent": paid.third_party_reference_id})  # somebody at the dashboard
    give_back(paid, 1000, staff, clock)
    online.work()
    assert Refund.objects.get().status == "failed"
    assert (fresh(paid).status, refundable(paid)) == (PaymentStatus.PAID, 1000)


def test_another_amount_is_left_to_people(online: Online, paid: Payment, staff: User, clock: Clock) -> None:
    give_back(paid, 400, staff, clock)
    online.fail("lost_reply")
    online.run_operations()
    [theirs] = online.account.every("refund")
    theirs["amount"] = 300
    online.deliver()
    online.work()
    row = Refund.objects.get()
    assert (row.status, row.reference, row.next_step_at) == ("attention", theirs["id"], None)
    assert (fresh(paid).refunded_amount, refundable(paid)) == (0, 600)  # what may have left us is not given again
    assert [check.name for check in CHECKS if check.look(clock.now).wrong] == ["refunds_need_nobody"]
    run = reconcile(paid.created_at, now=clock.now)
    assert run.differences == [f"{theirs['id']}: it gave back 300, and we know of 400"]
    with unchanged():
        later(clock, days=2)
        online.work()


@pytest.mark.parametrize("news", ["event", "reconciler"])
@pytest.mark.parametrize("parts", [[1000], [333, 667]])
def test_what_a_bank_returns_is_ours_again(
    online: Online, paid: Payment, staff: User, partner: Partner, clock: Clock, news: str, parts: list[int]
) -> None:
    for part in parts:
        give_back(paid, part, staff, clock)
        online.work()
    online.deliver()
    assert (fresh(paid).status, ledger.owed_to(partner, "usd")) == (PaymentStatus.REFUNDED, 0)
    for refund_ in online.account.every("refund"):
        online.account.fail_refund(refund_["id"])
    later(clock, days=20)
    if news == "event":
        online.deliver(twice=True)
        online.work()
    else:
        assert len(reconcile_today(clock.now).repaired) == len(parts)  # type: ignore[union-attr]
    assert (fresh(paid).status, fresh(paid).refunded_amount, refundable(paid)) == (PaymentStatus.PAID, 0, 1000)
    assert {row.failure for row in Refund.objects.all()} == {"expired_or_canceled_card"}
    with_provider = 1000 - (ledger.balance("fees") if news == "reconciler" else 0)
    assert (ledger.owed_to(partner, "usd"), ledger.balance("provider"), online.taken()) == (800, with_provider, 1000)
    assert [c.name for c in CHECKS if c.kind == VIOLATION and c.look(clock.now).wrong] == []
    give_back(paid, 1000, staff, clock)
    online.work()
    assert (fresh(paid).status, online.taken()) == (PaymentStatus.REFUNDED, 0)


@pytest.mark.parametrize(("card", "status"), [("pm_card_pendingRefund", "refunded"), ("pm_card_refundFail", "paid")])
def test_a_refund_on_its_way_arrives_or_does_not(
    online: Online, user: User, partner: Partner, nyc: Region, staff: User, clock: Clock, card: str, status: str
) -> None:
    online.save_card(user, card)
    payment = fare_of(charged(online, user, nyc, clock))
    give_back(payment, payment.amount, staff, clock)
    online.work()
    assert fresh(payment).status == PaymentStatus.REFUNDED
    online.account.settle_refunds()
    online.deliver(twice=True)
    online.work()
    assert fresh(payment).status == status


def test_staff_see_what_failed(online: Online, paid: Payment, staff: User, clock: Clock) -> None:
    give_back(paid, 1000, staff, clock)
    online.work()
    online.account.fail_refund(online.account.every("refund")[0]["id"])
    online.deliver()
    online.work()
    shown = desk_of(staff).get(url_of(Refund, "changelist"), {"status__exact": "failed"}).content.decode()
    assert "expired_or_canceled_card" in shown


def test_a_dispute_and_what_we_know(online: Online, paid: Payment, clock: Clock) -> None:
    dispute = online.account.open_dispute(paid.third_party_reference_id)
    online.deliver(twice=True)
    online.work()
    row = Dispute.objects.get()
    assert (row.amount, row.reason, row.status) == (1000, "fraudulent", "needs_response")
    assert ledger.balance("disputed") == 1000
    facts = dict(evidence_of(row.attempt.payment))
    assert facts["The partner was then at"].startswith("40.748")
    assert {"Accepted", "Started", "Ended"} <= facts.keys()
    online.account.close_dispute(dispute["id"], won=True)
    online.deliver(twice=True)
    online.work()
    assert ledger.balance("disputed") == 0
    assert fresh(row).closed_at == clock.now


# ---------------------------------------------------------------- partners


@pytest.fixture
def connected(online: Online, settings: Settings, partner: Partner, clock: Clock) -> None:
    settings.STRIPE_CONNECT = True
    accounts.onboarding_url(partner, return_url="http://testserver/partner/statement", now=clock.now)


def test_a_partner_is_paid_what_is_theirs(
    connected: None, online: Online, paid: Payment, staff: User, partner: Partner, clock: Clock
) -> None:
    online.work()
    assert not Transfer.objects.exists()  # not before they can be paid
    online.account.finish_onboarding(partner.payout_account.reference)
    online.deliver()
    online.work()
    assert (Transfer.objects.get().amount, Transfer.objects.get().status) == (800, "succeeded")
    assert ledger.owed_to(partner, "usd") == 0
    give_back(paid, 500, staff, clock)
    online.work()
    assert (Reversal.objects.get().amount, Reversal.objects.get().status) == (400, "succeeded")
    [transfer] = online.account.every("transfer")
    assert (transfer["amount"], transfer["amount_reversed"]) == (800, 400)
    assert online.account.before_fees() == 1000 - 500 - 400 == ledger.balance("provider")
    year = period_of(f"{clock.now:%Y}", zone_of(partner))
    statement, lines = statement_of(partner, year, "usd", now=clock.now), lines_of(entries_of(partner, year, "usd"))
    assert (statement.closing, statement.parts.paid_out, statement.parts.payouts_returned) == (0, 800, 400)
    assert sorted(line.amount for line in lines) == [-800, -400, 400, 800]
    paid_out = {(line.payout.id, line.payout.reference) for line in lines if line.payout}
    assert paid_out == {(Transfer.objects.get().pk, transfer["id"])}


def test_payouts_are_off_unless_configured(online: Online, partner: Partner, clock: Clock) -> None:
    with pytest.raises(Conflict) as refused:
        accounts.onboarding_url(partner, return_url="http://testserver/", now=clock.now)
    assert refused.value.code == "payouts_off"
