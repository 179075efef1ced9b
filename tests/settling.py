"""Money that staff take outside of the provider."""

from datetime import datetime

from accounts.models import User
from payments.manual_entries import Proposal, propose
from payments.models import ManualEntry, Payment
from payments.states import ManualKind


def settle_in_cash(payment: Payment, *, actor: User, now: datetime) -> ManualEntry:
    """Staff take the rest of a payment in cash."""
    rest = payment.amount - payment.collecting_amount
    wanted = Proposal(ManualKind.RECEIVED, rest or payment.amount, payment.currency, "in cash", payment_id=payment.pk)
    return propose(wanted, author=actor, now=now)
