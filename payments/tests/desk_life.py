"""A random life of money in which staff book by hand what moves outside of the provider."""

from contextlib import suppress

from hypothesis import strategies as st
from hypothesis.stateful import rule

from core.errors import ServiceError
from payments.manual_entries import Proposal, approve, propose, reject
from payments.models import Payment
from payments.states import MANUAL_OF_PARTNERS, MANUAL_OF_PAYMENTS, ManualKind, ManualStatus
from payments.tests.dispute_life import DisputeLife
from payments.tests.machinery import WHICH
from tests.cast import make_staff


class DeskLife(DisputeLife):
    """A life with manual entries of every kind, some of which a second person approves or rejects."""

    def __init__(self) -> None:
        super().__init__()
        self.second = make_staff("Simon")

    @rule(
        kind=st.sampled_from(ManualKind.values),
        which=WHICH,
        amount=st.sampled_from([1, 70, 333, 810]),
        approved=st.sampled_from([True, True, False]),
    )
    def staff_book_by_hand(self, kind: str, which: int, amount: int, approved: bool) -> None:
        payment = self.a_payment(which, unpaid=kind in (ManualKind.RECEIVED, ManualKind.WRITTEN_OFF))
        if payment is not None:
            with suppress(ServiceError):
                self.propose(ManualKind(kind), payment, amount, approved=approved)

    def propose(self, kind: ManualKind, payment: Payment, amount: int, *, approved: bool) -> None:
        """Propose an entry about a payment or its partner, and have it decided if it needs approval."""
        row = propose(
            Proposal(
                kind,
                amount,
                payment.currency,
                "as agreed",
                payment_id=payment.pk if kind in MANUAL_OF_PAYMENTS else None,
                partner_id=self.partner.pk if kind in MANUAL_OF_PARTNERS else None,
            ),
            author=self.staff,
            now=self.clock.now,
        )
        if row.status == ManualStatus.PROPOSED and approved:
            approve(row, actor=self.second, now=self.clock.now)
        elif row.status == ManualStatus.PROPOSED:
            reject(row, actor=self.second, now=self.clock.now, reason="not agreed")
