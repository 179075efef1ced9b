"""Noting which fare is the first that a referred newcomer has paid."""

from datetime import datetime, timedelta

from django.conf import settings

from payments.models import Payment, Referral
from payments.states import PaymentKind, ReferralStatus


def is_on() -> bool:
    """Whether anything is given for inviting friends."""
    return bool(settings.REFERRAL_CREDITS)


def note_paid(payment: Payment, *, now: datetime) -> None:
    """Note that a locked payment has been paid: if it is the first fare of a newcomer, credit will be due for it.

    A fare that only credit has paid does not count.
    """
    if is_on() and _is_paid_cheer(payment):
        waiting = Referral.objects.filter(newcomer=payment.user_id, status=ReferralStatus.WAITING, payment=None)
        waiting.update(payment=payment, due_at=now + timedelta(hours=settings.REFERRAL_AFTER_H))


def _is_paid_cheer(payment: Payment) -> bool:
    return payment.kind == PaymentKind.FARE and payment.credit_amount < payment.amount
