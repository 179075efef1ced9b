"""A random life of money in which card holders deny charges at their banks."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from core.errors import ServiceError
from fake_stripe.account import Account
from payments.books.disputes import submit_evidence
from payments.models import Dispute
from payments.tests.fee_life import FeeLife
from payments.tests.machinery import WHICH

Decide = Callable[[Account, str], Any]
INQUIRY: list[tuple[str, Decide]] = [
    ("escalated", lambda bank, id: bank.escalate_inquiry(id)),
    ("closed", lambda bank, id: bank.close_inquiry(id)),
    ("prevented", lambda bank, id: bank.prevent_dispute(id)),
]
CHARGEBACK: list[tuple[str, Decide]] = [
    ("won", lambda bank, id: bank.close_dispute(id, won=True)),
    ("lost", lambda bank, id: bank.close_dispute(id, won=False)),
]
APPEAL: list[tuple[str, Decide]] = [("appealed", lambda bank, id: bank.appeal_dispute(id))]
# What a bank may decide next of a dispute in a status.
DECISIONS = {
    "warning_needs_response": INQUIRY,
    "warning_under_review": INQUIRY,
    "needs_response": CHARGEBACK,
    "under_review": CHARGEBACK,
    "appeal_needs_response": CHARGEBACK,
    "appeal_under_review": CHARGEBACK,
    "lost": APPEAL,
}


class DisputeLife(FeeLife):
    """A life with disputes of every outcome."""

    @rule(which=WHICH, inquiry=st.booleans(), share=st.sampled_from([100, 100, 40]))
    def a_holder_denies_a_charge(self, which: int, inquiry: bool, share: int) -> None:
        account = self.provider.account
        charges = [charge for charge in account.every("charge") if charge["captured"] and not charge["disputed"]]
        left = [(each, each["amount_captured"] - each["amount_refunded"]) for each in charges]
        if found := [(charge, amount) for charge, amount in left if amount]:
            charge, amount = found[which % len(found)]
            part = max(1, amount * share // 100)
            account.open_dispute(charge["payment_intent"], inquiry=inquiry, amount=part)

    @rule(which=WHICH, decision=st.integers(0, 2))
    def a_bank_decides(self, which: int, decision: int) -> None:
        account = self.provider.account
        if found := [dispute for dispute in account.every("dispute") if dispute["status"] in DECISIONS]:
            dispute = found[which % len(found)]
            decisions = DECISIONS[dispute["status"]]
            decisions[decision % len(decisions)][1](account, dispute["id"])

    @rule(which=WHICH)
    def staff_answer_a_dispute(self, which: int) -> None:
        if rows := list(Dispute.objects.order_by("opened_at", "pk")):
            with suppress(ServiceError):
                submit_evidence(rows[which % len(rows)], "They were there.", actor=self.staff, now=self.clock.now)

    def every_bank_decides(self) -> None:
        """No dispute stays open: half of them are lost."""
        account = self.provider.account
        for number, dispute in enumerate(reversed(account.every("dispute"))):
            while dispute["status"] in DECISIONS and dispute["status"] != "lost":
                decisions = DECISIONS[dispute["status"]]
                decisions[number % len(decisions)][1](account, dispute["id"])
