"""Nobody books by hand what concerns their own account, and nobody approves it."""

import pytest
from pytest_django import Settings

from accounts.models import User
from core.errors import Conflict
from payments.manual_entries import Proposal, approve, propose
from payments.models import Payment
from payments.states import ManualKind
from rides.models import Ride
from tests.cast import Clock, unchanged

KINDS = [ManualKind.RECEIVED, ManualKind.USER_CREDITED, ManualKind.PARTNER_CREDITED]


@pytest.fixture
def payment(completed: Ride) -> Payment:
    return Payment.objects.get(ride=completed)


@pytest.fixture
def people(payment: Payment) -> list[User]:
    """The accounts that a payment concerns."""
    assert payment.partner is not None
    return [payment.user, payment.partner.user]


def assert_refused(proposal: Proposal, author: User, clock: Clock) -> None:
    with unchanged(), pytest.raises(Conflict) as error:
        propose(proposal, author=author, now=clock.now)
    assert error.value.code == "own_account"


@pytest.mark.parametrize("kind", KINDS)
def test_a_payment_of_theirs(payment: Payment, people: list[User], clock: Clock, kind: ManualKind) -> None:
    for person in people:
        assert_refused(Proposal(kind, 100, "usd", "because", payment_id=payment.pk), person, clock)


def test_a_payment_to_themselves(payment: Payment, people: list[User], clock: Clock) -> None:
    assert_refused(
        Proposal(ManualKind.PAID_BY_HAND, 100, "usd", "because", partner_id=payment.partner_id), people[1], clock
    )


def test_what_somebody_else_has_proposed(
    payment: Payment, people: list[User], staff: User, settings: Settings, clock: Clock
) -> None:
    settings.MANUAL_ENTRY_LIMITS = {}
    row = propose(
        Proposal(ManualKind.RECEIVED, 100, "usd", "because", payment_id=payment.pk), author=staff, now=clock.now
    )
    for person in people:
        with unchanged(), pytest.raises(Conflict) as error:
            approve(row, actor=person, now=clock.now)
        assert error.value.code == "own_account"
