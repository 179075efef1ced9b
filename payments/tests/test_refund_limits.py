"""Refunds by staff: alone up to a limit, above it with a second person, as everything that staff book."""

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from backoffice.audit import VIOLATION
from backoffice.tests.desk import desk_of, page_of, refusals, take, told
from core.errors import Conflict
from payments import manual_audit
from payments.manual_entries import Proposal, propose
from payments.models import ManualEntry, Payment, Refund
from payments.states import ManualKind, ManualStatus, PaymentStatus
from rides.models import Ride
from tests.cast import Clock, fresh, in_threads, make_clerk, make_staff, unchanged
from tests.settling import settle_in_cash


@pytest.fixture
def paid(completed: Ride, staff: User, settings: Settings, clock: Clock) -> Payment:
    """$10, taken in cash; from then on the limit is $5."""
    payment = Payment.objects.get(ride=completed)
    settle_in_cash(payment, actor=staff, now=clock.now)
    settings.MANUAL_ENTRY_LIMITS = {"usd": 500}
    clock.advance(25 * 3600)
    found: Payment = fresh(payment)
    return found


@pytest.fixture
def desk(staff: User, paid: Payment) -> Client:
    return desk_of(staff)


def is_sound(clock: Clock) -> bool:
    return not any(check.look(clock.now).wrong for check in manual_audit.CHECKS if check.kind == VIOLATION)


def test_up_to_the_limit_it_is_given_back_by_one_person(desk: Client, paid: Payment, staff: User, clock: Clock) -> None:
    assert told(take(desk, paid, "refund", amount="5", reason="too quiet")) == [("success", "$5.00 is given back.")]
    row = ManualEntry.objects.get(kind=ManualKind.REFUNDED)
    assert (row.status, row.amount, row.author, row.needs_approval) == (ManualStatus.BOOKED, 500, staff, False)
    refund = Refund.objects.get()
    assert (refund.manual_entry, refund.amount, refund.reason, refund.actor) == (row, 500, "too quiet", staff)
    assert is_sound(clock)


def test_above_the_limit_nothing_is_given_back_before_somebody_else_approves(
    desk: Client, paid: Payment, clock: Clock
) -> None:
    assert "somebody else has to approve it" in told(take(desk, paid, "refund", reason="too quiet"))[0][1]
    assert (fresh(paid).refunded_amount, Refund.objects.count()) == (0, 0)
    row = ManualEntry.objects.get(kind=ManualKind.REFUNDED)
    with unchanged():
        assert len(refusals(take(desk, row, "approve"))) == 1
    second = make_staff("Second")
    assert told(take(desk_of(second), row, "approve"))[0][0] == "success"
    assert (fresh(paid).status, Refund.objects.get().actor, Refund.objects.get().reason) == (
        *(PaymentStatus.REFUNDED, second),
        "too quiet",
    )
    with unchanged():
        take(desk_of(second), row, "approve")
    assert is_sound(clock)


def test_one_that_is_rejected_gives_nothing_back(desk: Client, paid: Payment, clock: Clock) -> None:
    take(desk, paid, "refund")
    row = ManualEntry.objects.get(kind=ManualKind.REFUNDED)
    take(desk_of(make_staff("Second")), row, "reject", reason="it was loud enough")
    assert (fresh(row).status, fresh(paid).refunded_amount) == (ManualStatus.REJECTED, 0)
    assert is_sound(clock)


def test_the_limit_is_not_passed_in_parts_nor_by_what_is_booked_beside(
    paid: Payment, staff: User, clock: Clock
) -> None:
    def book(kind: ManualKind, amount: int) -> str:
        wanted = Proposal(kind, amount, "usd", "because", payment_id=paid.pk)
        return propose(wanted, author=staff, now=clock.now).status

    assert book(ManualKind.REFUNDED, 200) == ManualStatus.BOOKED
    assert book(ManualKind.USER_CREDITED, 200) == ManualStatus.BOOKED
    assert book(ManualKind.REFUNDED, 101) == ManualStatus.PROPOSED
    assert book(ManualKind.REFUNDED, 100) == ManualStatus.BOOKED
    assert fresh(paid).refunded_amount == 300


def test_more_than_was_paid_is_not_even_proposed(desk: Client, paid: Payment) -> None:
    with unchanged():
        assert len(refusals(take(desk, paid, "refund", amount="10.01"))) == 1


def test_what_was_refunded_meanwhile_is_not_refunded_by_an_approval(
    desk: Client, paid: Payment, staff: User, clock: Clock
) -> None:
    take(desk, paid, "refund")
    take(desk, paid, "refund", amount="1")
    row, second = ManualEntry.objects.get(status=ManualStatus.PROPOSED), desk_of(make_staff("Second"))
    with unchanged():
        assert len(refusals(take(second, row, "approve"))) == 1


def test_nobody_refunds_their_own_payment(paid: Payment, clock: Clock) -> None:
    wanted = Proposal(ManualKind.REFUNDED, 100, "usd", "because", payment_id=paid.pk)
    with unchanged(), pytest.raises(Conflict) as error:
        propose(wanted, author=paid.user, now=clock.now)
    assert error.value.code == "own_account"


def test_the_right_to_change_payments_does_not_approve(paid: Payment) -> None:
    clerk = desk_of(make_clerk("Ann", "payments.change_payment", "payments.view_payment"))
    take(clerk, paid, "refund")
    row = ManualEntry.objects.get(status=ManualStatus.PROPOSED)
    with unchanged():
        assert clerk.get(page_of(row)).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_the_limit_counts_refunds_at_the_same_time(paid: Payment, staff: User, clock: Clock) -> None:
    wanted = Proposal(ManualKind.REFUNDED, 300, "usd", "because", payment_id=paid.pk)
    rows = in_threads(*([lambda: propose(wanted, author=staff, now=clock.now)] * 3))
    assert sorted(row.status for row in rows) == ["booked", "proposed", "proposed"]
    assert Refund.objects.count() == 1
