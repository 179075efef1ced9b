"""Credit that staff give as an apology, and take back."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum

from accounts.models import User
from core.currencies import currency_of
from core.errors import Conflict, Invalid
from payments.books.credits import Grant, end, give
from payments.mails import tell_of_credit
from payments.models import Credit, Payment
from payments.states import CreditKind

WITHIN = timedelta(days=30)  # the time in which one user's apologies are added up


def apologize(payment: Payment, *, amount: int, reason: str, actor: User, now: datetime) -> Credit:
    """Give the user of a payment credit in its currency, as staff, and tell them.

    The user's row is locked, so that simultaneous apologies share one limit.

    Raises: `Invalid` (`reason_required`, `invalid`), `Conflict` (`own_credit`, `account_closed`, `credit_too_large`).
    """
    if not reason.strip():
        raise Invalid("reason_required", "Say what the apology is for; the user reads it.", "reason")
    if amount <= 0 or amount % currency_of(payment.currency).step:
        raise Invalid("invalid", "No such amount of this currency can be given.", "amount")
    if actor.pk == payment.user_id:
        raise Conflict("own_credit", "Nobody gives credit to their own account.")
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).get(pk=payment.user_id)
        if not user.is_active:
            raise Conflict("account_closed", "This account is closed.")
        lately = Credit.objects.filter(
            user=user, kind=CreditKind.APOLOGY, currency=payment.currency, created_at__gt=now - WITHIN
        )
        given = lately.aggregate(sum=Sum(F("amount") - F("ended"), default=0))["sum"]
        if given + amount > settings.APOLOGY_CREDIT_MAX:
            raise Conflict("credit_too_large", "That is more than one user may be given as apologies in 30 days.")
        grant = Grant(
            user.pk,
            CreditKind.APOLOGY,
            amount,
            payment.currency,
            reason=reason,
            actor_id=actor.pk,
            ride_id=payment.ride_id,
        )
        credit = give(grant, now=now)
        tell_of_credit(credit, now=now)
    return credit


def take_back(credit: Credit, *, actor: User, now: datetime) -> int:
    """End what is left of a credit, as staff; returns its minor units. Raises `Conflict` (`nothing_left`)."""
    with transaction.atomic():
        locked = Credit.objects.select_for_update(no_key=True).get(pk=credit.pk)
        if not locked.left:
            raise Conflict("nothing_left", "Nothing is left of this credit.")
        return end(locked, now=now)
