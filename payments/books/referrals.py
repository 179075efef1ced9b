"""Referrals in our books: what both sides are given once a newcomer's first cheer is paid.

Rows are locked in the order fare, referral, code. The lock on the referrer's code has the referrals of one user take
turns, so that they share the limit of a year.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from payments.books.credits import BATCH, Grant, give
from payments.books.disputed import undisputed
from payments.mails import tell_of_credit
from payments.models import Credit, Payment, Referral, ReferralCode
from payments.states import AttemptStatus, CreditKind, PaymentKind, PaymentStatus, ReferralEnd, ReferralStatus
from risk.traces import accounts_of_person

YEAR = timedelta(days=365)
SETTLED = (PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED)


def settle(referral_id: UUID, *, now: datetime) -> None:
    """Give both sides of a referral their credit, if that is due, or end it without. Safe to run twice."""
    due = Referral.objects.filter(pk=referral_id, due_at__lte=now).values_list("payment_id", flat=True)
    for payment_id in due:
        with transaction.atomic():
            payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
            referral = Referral.objects.select_for_update(no_key=True).get(pk=referral_id)
            if referral.status == ReferralStatus.WAITING:
                _settle(referral, payment, now=now)


def _settle(referral: Referral, payment: Payment, *, now: datetime) -> None:
    why = _why_not(referral, payment)
    if why is None:
        for user_id in (referral.newcomer_id, _referrer_within_limit(referral, now=now)):
            if user_id is not None:
                amount = settings.REFERRAL_CREDITS[payment.currency]
                grant = Grant(user_id, CreditKind.REFERRAL, amount, payment.currency, referral_id=referral.pk)
                tell_of_credit(give(grant, now=now), now=now)
    referral.status = ReferralStatus.VOID if why else ReferralStatus.GIVEN
    referral.why, referral.ended_at, referral.due_at = why or "", now, None
    referral.save(update_fields=["status", "why", "ended_at", "due_at"])


def _why_not(referral: Referral, payment: Payment) -> ReferralEnd | None:
    """Returns why nothing is given for a referral, if so."""
    collected = payment.attempts.filter(status=AttemptStatus.SUCCEEDED)
    if payment.status not in SETTLED or undisputed(collected).count() < collected.count():
        return ReferralEnd.REFUNDED
    if not referral.newcomer.is_active:
        return ReferralEnd.CLOSED
    if payment.currency not in settings.REFERRAL_CREDITS:
        return ReferralEnd.OFF
    # Cards and devices may have been added since the code was entered.
    person = accounts_of_person(referral.newcomer_id)
    earlier = Payment.objects.filter(user__in=person, kind=PaymentKind.FARE, created_at__lt=referral.created_at)
    given = Referral.objects.filter(newcomer__in=person, status=ReferralStatus.GIVEN)
    if referral.referrer_id in person or earlier.exists() or given.exists():
        return ReferralEnd.SAME_PERSON
    return None


def _referrer_within_limit(referral: Referral, *, now: datetime) -> UUID | None:
    """Locks the referrer's code; returns the referrer, or None if they have been given as much as a year allows."""
    code = ReferralCode.objects.select_for_update(no_key=True).filter(user=referral.referrer_id).first()
    if code is None:  # it goes with its account
        return None
    lately = given_to_referrer(code.user_id).filter(created_at__gt=now - YEAR)
    return code.user_id if lately.count() < settings.REFERRALS_PER_YEAR else None


def given_to_referrer(user_id: UUID) -> QuerySet[Credit]:
    """Returns the credits that a user was given for friends whom they have invited."""
    return Credit.objects.filter(user=user_id, kind=CreditKind.REFERRAL, referral__referrer=F("user"))


def sweep_referrals(now: datetime) -> None:
    """Settle the referrals whose credit is due."""
    due = Referral.objects.filter(due_at__lte=now).order_by("due_at")
    for referral_id in list(due.values_list("pk", flat=True)[:BATCH]):
        settle(referral_id, now=now)
