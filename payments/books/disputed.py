"""The things that a dispute prevents: refunds of its attempt, and the payout of its payment."""

from django.db.models import Exists, OuterRef, QuerySet

from payments.models import Attempt, Dispute, Payment
from payments.states import DISPUTES_CLOSED, DISPUTES_REFUNDABLE


def undisputed(attempts: QuerySet[Attempt]) -> QuerySet[Attempt]:
    """Returns the attempts that the provider would refund: those that no bank has charged back."""
    charged_back = Dispute.objects.filter(attempt=OuterRef("pk")).exclude(status__in=DISPUTES_REFUNDABLE)
    return attempts.exclude(Exists(charged_back))


def is_disputed(payment: Payment) -> bool:
    """Whether a dispute of a payment is undecided."""
    return Dispute.objects.filter(attempt__payment=payment).exclude(status__in=DISPUTES_CLOSED).exists()
