"""Disputes: inquiries, chargebacks, evidence, decisions, appeals, and what they withdraw from the balance."""

from html import escape

from fake_stripe.balance import FUNDS_S
from fake_stripe.errors import invalid
from fake_stripe.partners import Partners
from fake_stripe.things import Thing

DUE_S = 10 * 24 * 3600
BANK = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Stand-in for a card's bank</title><link rel="icon" href="data:,">
<style>body{{font:18px system-ui;max-width:32rem;margin:3rem auto;padding:0 1rem}}
button{{font:inherit;padding:.6rem 1rem;margin:.3rem 0;width:100%}}</style>
<h1>Dispute {dispute}</h1><p>This is the stand-in for the card's bank. The dispute's status is {status}.</p>
<form method="post"><button name="then" value="won">Decide for the platform: it has the money back</button>
<button name="then" value="lost">Decide for the card's holder: the money is gone</button></form></html>"""
# The statuses that wait for evidence, and those that follow it (docs.stripe.com/api/disputes/object).
REVIEWS = {
    "needs_response": "under_review",
    "warning_needs_response": "warning_under_review",
    "appeal_needs_response": "appeal_under_review",
}
# A charge of a dispute in one of these has not been charged back, so it can be refunded.
REFUNDABLE = ("warning_needs_response", "warning_under_review", "warning_closed", "won", "prevented")


class Disputes(Partners):
    """Disputes of charges, opened and decided as the card's bank would."""

    dispute_fee = 1500  # of a dispute that withdraws money (stripe.com/pricing); an inquiry has none

    def open_dispute(
        self, intent_id: str, reason: str = "fraudulent", *, inquiry: bool = False, amount: int | None = None
    ) -> Thing:
        """Open a dispute. An inquiry withdraws nothing (docs.stripe.com/disputes/how-disputes-work#inquiries)."""
        intent = self.find("payment_intent", intent_id)
        charge = self.things[intent["latest_charge"]]
        charge["disputed"] = True
        dispute = self.add(
            "dp", amount=charge["amount_captured"] if amount is None else amount, currency=charge["currency"],
            charge=charge["id"], payment_intent=intent["id"], reason=reason, balance_transactions=[],
            status="warning_needs_response" if inquiry else "needs_response", is_charge_refundable=inquiry,
            evidence={}, evidence_details={
                "due_by": int(self.clock()) + DUE_S, "has_evidence": False, "past_due": False, "submission_count": 0,
            },
        )  # fmt: skip
        self.tell("charge.dispute.created", dispute)
        if not inquiry:
            self._withdraw(dispute)
        return dispute

    def escalate_inquiry(self, id: str) -> Thing:
        """Turn an inquiry into a chargeback, which withdraws the money."""
        dispute = self.find("dispute", id)
        dispute.update(status="needs_response", is_charge_refundable=False)
        self._withdraw(dispute)
        self.tell("charge.dispute.updated", dispute)
        return dispute

    def close_inquiry(self, id: str) -> Thing:
        """Close an inquiry that the bank did not escalate within 120 days."""
        return self._close(id, "warning_closed")

    def prevent_dispute(self, id: str) -> Thing:
        """Resolve a dispute before it withdraws money (docs.stripe.com/disputes/prevention)."""
        return self._close(id, "prevented")

    def bank_page(self, id: str) -> str:
        """Return the form that stands for the card's bank, for deciding a dispute by hand."""
        dispute = self.find("dispute", id)
        return BANK.format(dispute=escape(str(dispute["id"])), status=escape(str(dispute["status"])))

    def leave_bank(self, id: str, then: str) -> None:
        """Decide a chargeback as chosen in the form. One that is decided, or is an inquiry, stays as it is."""
        if then in ("won", "lost") and self.find("dispute", id)["status"] in ("needs_response", "under_review"):
            self.close_dispute(id, won=then == "won")

    def close_dispute(self, id: str, *, won: bool) -> Thing:
        """Close a dispute with the bank's decision; a won one gives the amount back, and keeps the fee."""
        dispute = self.find("dispute", id)
        withheld = -sum(move["amount"] for move in dispute["balance_transactions"])
        if won and withheld:
            dispute["balance_transactions"].append(self._move(dispute, withheld, 0))
            self.tell("charge.dispute.funds_reinstated", dispute)
        return self._close(id, "won" if won else "lost")

    def appeal_dispute(self, id: str) -> Thing:
        """Let a lost dispute be appealed; nothing moves until the appeal is decided."""
        dispute = self.find("dispute", id)
        dispute["status"] = "appeal_needs_response"
        dispute["evidence_details"]["due_by"] = int(self.clock()) + DUE_S
        self.tell("charge.dispute.updated", dispute)
        return dispute

    def update_dispute(self, id: str, params: Thing) -> Thing:
        """Take evidence, and with `submit` hand it to the bank, which ends the time for it."""
        dispute = self.find("dispute", id)
        if dispute["status"] not in REVIEWS:
            raise invalid("This dispute doesn't take evidence any more.", code="resource_unexpected_state")
        dispute["evidence"].update(params.get("evidence", {}))
        details = dispute["evidence_details"]
        details["has_evidence"] = bool(dispute["evidence"])
        if params.get("submit", "true") == "true":
            dispute["status"] = REVIEWS[dispute["status"]]
            details["submission_count"] += 1
            self.tell("charge.dispute.updated", dispute)
        return dispute

    def is_charged_back(self, charge: Thing) -> bool:
        """Whether a charge is disputed so that it can't be refunded (docs.stripe.com/error-codes#charge-disputed)."""
        about = (each for each in self.every("dispute") if each["charge"] == charge["id"])
        return any(dispute["status"] not in REFUNDABLE for dispute in about)

    def _withdraw(self, dispute: Thing) -> None:
        dispute["balance_transactions"].append(self._move(dispute, -dispute["amount"], self.dispute_fee))
        self.tell("charge.dispute.funds_withdrawn", dispute)

    def _move(self, dispute: Thing, amount: int, fee: int) -> Thing:
        """Move the balance. What is withdrawn is gone immediately (docs.stripe.com/disputes/how-disputes-work)."""
        return self.move(
            "adjustment", amount, dispute["currency"], source=dispute["id"], fee=fee,
            category="dispute" if amount < 0 else "dispute_reversal",
            available_on=int(self.clock()) + (FUNDS_S if amount > 0 else 0),
        )  # fmt: skip

    def _close(self, id: str, status: str) -> Thing:
        dispute = self.find("dispute", id)
        dispute["status"] = status
        self.tell("charge.dispute.closed", dispute)
        return dispute
