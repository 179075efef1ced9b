"""First cheers: who has had none yet, and which fare is the first that a referred newcomer has paid."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from core.errors import Conflict
from payments.models import Payment, Referral
from payments.states import PaymentKind, ReferralStatus


def is_on() -> bool:
    """Whether anything is given for inviting friends."""
    return bool(settings.REFERRAL_CREDITS)


def require_none(person: Collection[UUID]) -> None:
    """Raises `Conflict` (`not_first_cheer`) if one of these accounts has had a cheer."""
    if Payment.objects.filter(user__in=person, kind=PaymentKind.FARE).exists():
        raise Conflict("not_first_cheer", "This code is for a first cheer.")


def note_paid(payment: Payment, *, now: datetime) -> None:
    """Note that a locked payment has been paid: if it is the first fare of a newcomer, credit will be due for it.

    A fare that only credit has paid does not count.
    """
    if is_on() and _is_paid_cheer(payment):
        waiting = Referral.objects.filter(newcomer=payment.user_id, status=ReferralStatus.WAITING, payment=None)
        waiting.update(payment=payment, due_at=now + timedelta(hours=settings.REFERRAL_AFTER_H))


def _is_paid_cheer(payment: Payment) -> bool:
    return payment.kind == PaymentKind.FARE and payment.credit_amount < payment.amount
